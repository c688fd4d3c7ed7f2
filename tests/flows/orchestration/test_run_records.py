"""A run leaves a record of how it ended, whatever ends it, and a home that cannot hold one costs the run nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import BaseModel

from flows.orchestration.run_records import (
    CANCELLED,
    COMPLETED,
    FAILED,
    MOST_RECORDS,
    RUNNING,
    current_run,
    home_of,
    newest_run,
    record_run,
)
from minicoil.errors import UsageError

ROOT = Path(__file__).parents[3]


pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def records(home):
    return [json.loads(path.read_text()) for path in sorted((home / "runs").glob("*.json"))]


def test_records_are_bounded_and_the_newest_stay(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    for i in range(MOST_RECORDS + 3):
        (folder / f"20200101T000000-ask-{i:06}.json").write_text("{}")
    left = folder / "20200101T000000-ask-killed.json.part"  # while it wrote
    left.write_text("{")
    os.utime(left, (0, 0))
    with record_run("ask", tmp_path, None):
        pass
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == MOST_RECORDS and names[0].endswith("000004.json") and not names[-1].startswith("2020")


def test_a_home_that_cannot_be_written_costs_the_record_and_not_the_run(tmp_path):
    (tmp_path / "runs").write_text("a file where the folder belongs")
    with record_run("ask", tmp_path, None) as record:
        pass
    assert record.state == COMPLETED and (tmp_path / "runs").is_file()


WAITING = """
import sys, time
from pydantic import BaseModel
from flows.orchestration.running import flow
class Asked(BaseModel):
    home: str
@flow(name="wait", description="")
def wait(parameters: Asked) -> None:
    try:
        print("waiting", flush=True)
        time.sleep(60)
    finally:
        time.sleep(0.5)
        print("tidied up", flush=True)
try:
    wait(Asked(home=sys.argv[1]))
except KeyboardInterrupt:
    sys.exit(1)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_end_cancels_and_lets_the_run_tidy_up(tmp_path, number):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WAITING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running_one:
        assert running_one.stdout.readline() == "waiting\n"
        (record,) = records(tmp_path)
        assert record["state"] == "Running" and record["process"] == running_one.pid
        running_one.send_signal(number)
        if number == signal.SIGTERM:  # whoever waits for it may well ask twice
            time.sleep(0.2)
            running_one.send_signal(number)
        assert running_one.stdout.read() == "tidied up\n"
    assert running_one.returncode == 1
    (record,) = records(tmp_path)
    assert record["state"] == "Cancelled"


class Asked(BaseModel):
    """A flow's parameters."""

    home: str = ""
    word: str = "kernel"


def test_a_record_says_what_was_asked_done_and_shown(tmp_path):
    with record_run("ask", tmp_path, Asked(word="pool")) as record:
        (begun,) = records(tmp_path)
        assert begun["state"] == RUNNING and current_run() is newest_run() is record
        record.add_step("read", 1.234, 1)
        record.add_step("write", 0.5, 3, is_done=False)
        record.add_artifact("page", "markdown", "What \x1b[31mwas")
    (kept,) = records(tmp_path)
    assert (kept["flow"], kept["parameters"], kept["state"], kept["message"]) == (
        "ask",
        {"word": "pool"},
        COMPLETED,
        "",
    )
    assert kept["steps"] == [
        {"name": "read", "seconds": 1.23, "tries": 1},
        {"name": "write", "seconds": 0.5, "tries": 3},
    ]
    assert kept["artifacts"] == [{"key": "page", "kind": "markdown", "description": "What \\x1b[31mwas"}]
    assert kept["process"] == os.getpid() and datetime.fromisoformat(kept["started"]).tzinfo
    assert record.finished == "read" and "finished" not in kept and current_run() is None and newest_run() is record


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (UsageError("no such word"), FAILED, "no such word"),
        (ValueError("odd"), FAILED, "ValueError: odd"),
        (KeyboardInterrupt(), CANCELLED, ""),
        (SystemExit(3), CANCELLED, ""),
    ],
)
def test_what_ends_a_run_is_on_record_and_goes_on(tmp_path, error, state, message):
    with pytest.raises(type(error)), record_run("ask", tmp_path, None):
        raise error
    (kept,) = records(tmp_path)
    assert (kept["state"], kept["message"], kept["parameters"]) == (state, message, {})


def test_a_run_inside_a_run_has_a_record_of_its_own_and_signals_are_as_before(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with record_run("outer", tmp_path, None) as outer:
        with record_run("inner", tmp_path, None) as inner:
            assert current_run() is inner
        assert current_run() is outer and newest_run() is inner
    assert signal.getsignal(signal.SIGTERM) is before
    assert sorted(record["flow"] for record in records(tmp_path)) == ["inner", "outer"]


def test_the_home_is_that_of_the_parameters_however_they_are_given(tmp_path, monkeypatch):
    monkeypatch.setenv("MINICOIL_HOME", str(tmp_path / "workers"))
    named = str(tmp_path / "named")
    assert home_of([Asked(home=named)], {}) == home_of([{"home": named}], {}) == tmp_path / "named"
    assert home_of([], {"parameters": {"home": named}}) == tmp_path / "named"
    for nothing in ([Asked()], [{}], [None], [3]):
        assert home_of(nothing, {}) == tmp_path / "workers"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home_of([{"home": "~/x"}], {}) == tmp_path / "x"
    with pytest.raises(UsageError) as caught:
        home_of([{"home": "~nobody-of-that-name/x"}], {})
    assert str(caught.value) == (
        "home '~nobody-of-that-name/x': there is no such user on this machine; give the folder"
    )
