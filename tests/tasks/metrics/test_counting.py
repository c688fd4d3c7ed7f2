"""Counting is off unless asked for, and what cannot be counted stops nobody."""

import subprocess
import sys

import pytest
from metrics_server import ROOT, clean_environment, read_samples, value

from deployments.scraping import scrape
from tasks.metrics import FOLDER_VARIABLE

COUNT = """
import sys
from tasks.metrics import count_words, counting_run, is_counting, timing_step
with counting_run("extend-vocabulary"), timing_step("train-words"):
    count_words(["accepted", "kept_bm25", "accepted"])
print(is_counting(), "prometheus_client" in sys.modules)
"""
ENDINGS = """
from contextlib import suppress
from tasks.metrics import counting_run, timing_step
for error in (None, ValueError(), KeyboardInterrupt(), SystemExit(1)):
    with suppress(BaseException), counting_run("index-collection"), timing_step("index-documents"):
        if error is not None:
            raise error
"""
BLOCKED = "import sys; from light_path import Blocker; sys.meta_path.insert(0, Blocker(['prometheus_client']))\n"


def run_python(code, **variables):
    environment = clean_environment(**variables)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


def test_without_a_folder_nothing_is_counted_imported_or_written(tmp_path):
    assert run_python(COUNT) == ("False False", "")
    assert list(tmp_path.iterdir()) == []


def test_words_runs_and_steps_are_counted_into_the_folder_which_is_made(tmp_path):
    folder = tmp_path / "new" / "metrics"
    assert run_python(COUNT, **{FOLDER_VARIABLE: str(folder)}) == ("True True", "")
    samples = read_samples(scrape(folder).decode())
    assert value(samples, "minicoil_words_total", verdict="accepted") == 2
    assert value(samples, "minicoil_words_total", verdict="kept_bm25") == 1
    assert value(samples, "minicoil_flow_runs_total", flow="extend-vocabulary", state="Completed") == 1


def test_a_run_and_a_try_of_a_step_are_counted_by_how_they_ended(tmp_path):
    run_python(ENDINGS, **{FOLDER_VARIABLE: str(tmp_path)})
    samples = read_samples(scrape(tmp_path).decode())
    assert value(samples, "minicoil_flow_runs_started_total", flow="index-collection") == 4
    for state, n in (("Completed", 1), ("Failed", 1), ("Cancelled", 2), ("Crashed", None)):
        assert value(samples, "minicoil_flow_runs_total", flow="index-collection", state=state) == n
    for state, n in (("Completed", 1), ("Failed", 3)):
        assert value(samples, "minicoil_step_seconds_count", step="index-documents", state=state) == n


def test_asked_for_without_the_library_one_line_says_what_to_install(tmp_path):
    printed, said = run_python(BLOCKED + COUNT, **{FOLDER_VARIABLE: str(tmp_path)})
    assert printed == "False False" and len(said.splitlines()) == 1
    assert "prometheus_client" in said and said.endswith("pip install 'minicoil-service[serve]'")


@pytest.mark.parametrize("place", ["file/metrics", "/proc/metrics"])
def test_a_folder_that_cannot_be_written_is_said_in_one_line_and_stops_nobody(tmp_path, place):
    (tmp_path / "file").write_text("")
    printed, said = run_python(COUNT, **{FOLDER_VARIABLE: str(tmp_path / place)})
    assert printed.startswith("False") and len(said.splitlines()) == 1
    assert "cannot be written" in said and FOLDER_VARIABLE in said
