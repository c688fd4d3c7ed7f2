"""A promotion within a budget, from the command line: it pauses, an extension waits for it, and the next run ends it."""

import json
import shutil

import pytest
from click.testing import CliRunner

from flows.cli import main
from tasks.catalogue.channels import read_channel, set_pending
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # FastEmbed's own


@pytest.fixture(scope="module")
def home(life, tmp_path_factory):
    """The life's home, in the middle of a promotion back to its first release."""
    home = tmp_path_factory.mktemp("budget") / "home"
    shutil.copytree(life.home, home, ignore=shutil.ignore_patterns("*.sock", "prefect", "runs"))
    ask(home, "reencode", "--contract")
    current = read_channel(Place.at(home).objects(), "production").current
    set_pending(Place.at(home).objects(), "production", 1, current)
    return home


def ask(home, *arguments):
    answer = CliRunner().invoke(main, [*arguments, "--home", str(home), "--json"])
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_it_pauses_night_after_night_and_ends(home, tmp_path):
    planned = ask(home, "reencode", "--dry-run", "--points-budget", "5")
    (row,) = planned["collections"]
    assert row["costs"]["nights"] == -(-row["n_affected"] // 5) > 2 and row["costs"]["computed_from"]["n_timed"]
    first = ask(home, "reencode", "--points-budget", "5")
    assert first["paused"] == "its budget of 5 points is spent" and "the next run goes on" in first["message"]
    assert first["collections"][0]["n_rewritten"] == 5 and not first["promoted"] and "swept" not in first
    (tmp_path / "docs.jsonl").write_text(json.dumps({"doc": "x", "text": "A kernel runs kernels."}) + "\n")
    waits = ask(home, "extend", "kernels", "--corpus", f"{tmp_path}/docs.jsonl", "--points-budget", "4")
    assert waits["release"] is None and waits["collections"][0]["n_rewritten"] == 4
    assert "this one's words wait until it has ended" in waits["message"]
    stays = ask(home, "remove", "kernel", "--points-budget", "2")
    assert stays["release"] is None and stays["collections"][0]["n_rewritten"] == 2 and not stays["promoted"]
    shown = CliRunner().invoke(main, ["reencode", "--points-budget", "3", "--home", str(home)])
    assert shown.exit_code == 0 and "paused: its budget of 3 points is spent" in shown.stdout
    last = ask(home, "reencode")
    assert last["promoted"] and last["paused"] == "" and last["release"] == 1
    assert last["collections"][0]["n_rewritten"] == row["n_affected"] - 14
    page = CliRunner().invoke(main, ["reencode", "--dry-run", "--home", str(home)]).stdout
    assert "docs" in page


def test_a_removal_pauses_and_the_next_run_goes_on(home):
    ask(home, "reencode")
    first = ask(home, "remove", "nodes", "--points-budget", "2")
    assert first["release"] and not first["promoted"] and first["collections"][0]["n_rewritten"] == 2
    last = ask(home, "reencode")
    assert last["promoted"] and last["release"] == first["release"]


@pytest.mark.parametrize(
    "option", [("--points-budget", "0"), ("--points-budget", "-3"), ("--window", "22-6"), ("--window", "10:00-10:00")]
)
def test_what_is_no_budget_and_no_window_is_bad_usage(home, option):
    answer = CliRunner().invoke(main, ["reencode", *option, "--home", str(home)])
    assert answer.exit_code == 2, answer.output
