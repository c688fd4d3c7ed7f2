"""Past runs are read from a home's records, whatever became of their processes and of the records."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from past_runs import write_run

from flows.upkeep.past_runs import KILLED, PastRun, hours_since, last_success, newest_by_flow, read_runs
from tasks.store.damage import forget_damage, named_damage


def test_runs_are_read_oldest_first(tmp_path):
    write_run(tmp_path, "index-collection", 5)
    write_run(tmp_path, "extend-vocabulary", 9)
    assert [run.flow for run in read_runs(tmp_path)] == ["extend-vocabulary", "index-collection"]


def test_how_a_run_ended_is_told_from_whether_its_process_lives(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    write_run(tmp_path, "retrain-words", 3, "Running", process=dead.pid)
    write_run(tmp_path, "extend-vocabulary", 2, "Running", process=os.getpid())
    write_run(tmp_path, "index-collection", 1, "Failed", "no \x1b[31mstore" + "x" * 900, seconds=60.0)
    killed, running, failed = read_runs(tmp_path)
    assert [run.state for run in (killed, running, failed)] == [KILLED, "Running", "Failed"]
    assert [run.is_bad for run in (killed, running, failed)] == [True, False, True]
    assert killed.ended is running.ended is None
    begun, ended = (datetime.fromisoformat(moment) for moment in (failed.started, failed.ended))
    assert ended - begun == timedelta(seconds=60)
    assert failed.message.startswith("no \\x1b[31mstore") and len(failed.message) == 500
    assert failed.kept_by.startswith("home on ") and failed.row()["flow"] == "index-collection"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"flow": "x"}', '{"flow": 3, "started": "yesterday", "state": "x"}'])
def test_a_damaged_record_is_named_and_the_rest_is_read(tmp_path, text):
    path = write_run(tmp_path, "extend-vocabulary", 1)
    path.write_text(text)
    write_run(tmp_path, "index-collection", 2)
    forget_damage()
    assert [run.flow for run in read_runs(tmp_path)] == ["index-collection"]
    (damage,) = named_damage()
    assert damage.what == f"runs/{path.name}"
    assert damage.row()["message"].startswith(f"the record of a run, {path}, cannot be read (")
    forget_damage()


def test_a_home_without_runs_has_none(tmp_path):
    assert read_runs(tmp_path) == [] == newest_by_flow([]) and last_success([]) is None


def run(flow, started, state="Completed", ended="2026-01-09T00:00:00+00:00"):
    return PastRun(flow, state, started, ended)


def test_the_newest_run_of_each_flow_that_keeps_a_promise_is_shown_wherever_it_was_kept():
    early, late = "2026-01-02T12:00:00+00:00", "2026-01-02T12:30:00+01:00"  # the second is half an hour earlier
    runs = [run("extend-vocabulary", early), run("extend-vocabulary", late, "Failed"), run("show-status", early)]
    assert newest_by_flow(runs) == newest_by_flow(runs[::-1]) == [runs[0]]
    both = newest_by_flow([*runs, run("compare-releases", early), run("index-collection", late)])
    assert [entry.flow for entry in both] == ["extend-vocabulary", "index-collection"]


def test_the_last_success_is_the_one_that_ended_last_of_a_flow_that_keeps_a_promise():
    started = "2026-01-01T00:00:00+00:00"
    runs = [
        run("index-collection", started, ended="2026-01-02T00:00:00+00:00"),
        run("extend-vocabulary", started, ended="2026-01-02T02:00:00+03:00"),  # an hour before it
        run("retrain-words", started, "Failed", "2026-01-05T00:00:00+00:00"),
        run("show-status", started, ended="2026-01-05T00:00:00+00:00"),
        run("remove-words", started, ended=None),
    ]
    assert last_success(runs) is runs[0]


def test_hours_are_counted_in_any_zone():
    two_hours_ago = datetime.now(UTC) - timedelta(hours=2)
    for zone in (UTC, timezone(timedelta(hours=9))):
        assert hours_since(two_hours_ago.astimezone(zone).isoformat()) == pytest.approx(2.0, abs=0.01)
