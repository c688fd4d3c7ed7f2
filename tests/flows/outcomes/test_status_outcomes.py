"""The state of the service on one page: what is served, whether searches are safe, what is wrong, what to do next."""

import pytest

from flows.outcomes.status_outcomes import StatusOutcome
from tasks.watch.moments import shown_time

NOW = "2026-01-02T03:04:05+00:00"
IDS = {"left": 39_000, "exhausted_on": None, "per_day": 0.0}
CHANNEL = {
    "name": "production",
    "current": 3,
    "since": NOW,
    "pending": None,
    "safe": True,
    "collections": [],
    "ids": IDS,
}
DUE = {"n_points": 1200, "n_due": 7, "is_exact": True, "note": ""}
COLLECTION = {"name": "docs", "served": 3, "beside": [], "waiting": None, "due": DUE}
EMPTY = {"store": "file:///s", "healthy": True, "channels": [], "notices": [], "runs": [], "schedules": [],
         "last_success": None, "next": None}  # fmt: skip


def lines_of(capsys, **changed):
    StatusOutcome.of({**EMPTY, **changed}).show()
    return capsys.readouterr().out.splitlines()


def test_a_home_with_nothing_says_so(capsys):
    assert lines_of(capsys) == [
        "no channel and no collection in file:///s yet",
        "no success on record",
        "next: nothing to do",
    ]


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, f"production: release 3 since {shown_time(NOW)}; searches are safe; 39,000 ids left"),
        ({"current": None}, "production: nothing yet (plain BM25); searches are safe; 39,000 ids left"),
        (
            {"pending": 4, "safe": False},
            f"production: release 3 since {shown_time(NOW)}, release 4 being promoted; searches are NOT safe; 39,000 ids left",
        ),
        (
            {"ids": {"left": 90, "exhausted_on": "2026-02-01", "per_day": 3.0}},
            f"production: release 3 since {shown_time(NOW)}; searches are safe; 90 ids left, none on 2026-02-01 at 3 a day",
        ),
        (
            {"ids": {"left": None, "exhausted_on": None, "per_day": 0.0}},
            f"production: release 3 since {shown_time(NOW)}; searches are safe; ids left unknown",
        ),
    ],
)  # fmt: skip
def test_a_channel_is_one_line(capsys, changed, line):
    assert lines_of(capsys, channels=[{**CHANNEL, **changed}])[0] == line


@pytest.mark.parametrize(
    ("changed", "cells"),
    [
        ({}, ["docs", "1,200", "3", "7", "-", "-"]),
        ({"due": {**DUE, "is_exact": False}}, ["docs", "1,200", "3", "at", "least", "7", "-", "-"]),
        ({"due": {**DUE, "note": "the engine is away"}}, ["docs", "1,200", "3", "?", "-", "-"]),
        ({"due": None}, ["docs", "-", "3", "-", "-", "-"]),
        ({"beside": [1, 2], "waiting": {"readers": ["a", "b"]}}, ["docs", "1,200", "3", "7", "1,", "2", "a,", "b"]),
        (
            {"beside": [2], "waiting": {"readers": []}},
            ["docs", "1,200", "3", "7", "2", "readers", "that", "say", "nothing"],
        ),
    ],
)
def test_a_collection_is_a_row_and_what_is_not_known_is_not_guessed(capsys, changed, cells):
    lines = lines_of(capsys, channels=[{**CHANNEL, "collections": [{**COLLECTION, **changed}]}])
    assert lines[2].split() == cells


def test_what_is_wrong_comes_with_the_command_that_helps_and_runs_with_how_they_ended(capsys):
    notices = [
        {
            "is_alert": True,
            "kind": "unsafe",
            "about": "docs",
            "message": "points lack cells",
            "command": "minicoil reencode",
        },
        {"is_alert": False, "kind": "waits", "about": "release 4", "message": "for a person", "command": None},
    ]
    run = {"flow": "extend-vocabulary", "started": NOW, "state": "Failed", "message": "no store"}
    lines = lines_of(
        capsys,
        healthy=False,
        channels=[CHANNEL],
        notices=notices,
        runs=[run],
        schedules=[{"name": "nightly", "is_on": False, "next_run": None}],
        last_success={"flow": "index-collection", "ended": NOW},
        next="minicoil reencode",
        delivered=[
            {"way": "webhook", "to": "http://h", "error": None},
            {"way": "mail", "to": "a@b", "error": "refused"},
        ],
        message="told",
    )
    assert lines[1:4] == ["unsafe docs: points lack cells", "    minicoil reencode", "waits release 4: for a person"]
    assert lines[5].split()[0] == "extend-vocabulary" and lines[5].split()[-3:] == ["Failed", "no", "store"]
    assert lines[7].split() == ["nightly", "off", "-"]
    assert lines[8:] == [
        f"last success: index-collection, {shown_time(NOW)}",
        "webhook to http://h: delivered",
        "mail to a@b: not delivered: refused",
        "told",
        "next: minicoil reencode",
    ]
