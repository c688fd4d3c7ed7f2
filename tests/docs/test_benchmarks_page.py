"""docs/benchmarks.md says what the files in docs/benchmarks say, and its plots are drawn from them."""

import json
import re

import pytest
from results_page import COMMANDS, FIGURES, IMAGES, PAGE, ROOT, SECTIONS, digest, fill, read_results, tables

REMEDY = "run `python tests/benchmarks/plot_results.py`"


def test_the_page_is_what_the_files_give():
    page = PAGE.read_text("utf-8")
    assert fill(page, read_results()) == page, REMEDY


def test_every_file_has_a_command_and_a_section_and_a_date():
    results = read_results()
    assert set(results) <= set(COMMANDS) == set(SECTIONS)
    for name, document in results.items():
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", document["date"]), f"{name}.json has no date; {REMEDY}"


@pytest.mark.parametrize("name", sorted(set(FIGURES) & set(read_results())))
def test_a_plot_is_drawn_from_the_figures_that_are_there(name):
    plot = (IMAGES / f"benchmark-{name}.svg").read_text("utf-8")
    assert f"figures {digest(read_results()[name])}" in plot, REMEDY


def test_no_figure_is_typed_by_hand():
    outside = re.sub(
        r"<!-- made from the files: (\S+) -->.*?<!-- end: \1 -->", "", PAGE.read_text("utf-8"), flags=re.DOTALL
    )
    assert not re.findall(r"\d+\.\d+|\d+ ?%(?! interval)", outside)


def test_commands_name_files_that_are_there():
    for name in read_results():
        (path,) = re.findall(r"tests/benchmarks/\w+\.py", COMMANDS[name])
        assert (ROOT / path).is_file()


def test_missing_files_and_parts_of_runs_are_said_to_be_missing():
    assert "Not measured" in tables({})["load"]
    stopped = read_results()["trainer"]
    rows = {name: stopped[name] for name in stopped if name not in ("means", "batched_cpu_seconds_per_word")}
    made = tables({"trainer": rows})
    assert "is not in this run" in made["ratios"] and stopped["rows"][0]["word"] in made["trainer"]


def test_a_changed_figure_changes_the_page():
    results = read_results()
    page = fill(PAGE.read_text("utf-8"), results)
    changed = json.loads(json.dumps(results))
    changed["encoder"]["chunks"]["cpu_ms_a_text"]["ours"] *= 2
    assert fill(page, changed) != page and digest(changed["encoder"]) != digest(results["encoder"])
    grown = {"size": 1_000_000, "seconds": 600.0, "peak_mib": 900.0}
    assert "| points | 1,000,000 | 600 | 0.6 | 900 |" in tables({"load": {"points": [grown]}})["load"]
