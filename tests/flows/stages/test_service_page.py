"""The page of a look at the service is a table that nothing in it can break."""

from flows.stages.service_page import status_page
from tasks.watch.moments import shown_time

NOW = "2026-01-02T03:04:05+00:00"
IDS = {"left": 39_000, "exhausted_on": None}
CHANNEL = {"name": "production", "current": 3, "since": NOW, "safe": True, "n_due": 7, "ids": IDS}
STATUS = {"healthy": True, "notices": [], "channels": [CHANNEL], "runs": [], "last_success": None}


def test_a_service_that_is_well(capsys):
    lines = status_page(STATUS).splitlines()
    assert lines[:3] == ["# Service status", "", "All is well."]
    assert f"| production | 3 | {shown_time(NOW)} | yes | 7 | 39000 |  |" in lines
    assert lines[-1] == "Last success: none on record."


def test_what_needs_a_person_comes_first_with_the_command():
    alert = {
        "is_alert": True,
        "kind": "unsafe",
        "about": "docs",
        "message": "points lack cells",
        "command": "minicoil reencode",
    }
    notices = [alert, {**alert, "is_alert": False, "kind": "waits", "command": None}]
    lines = status_page({**STATUS, "healthy": False, "notices": notices}).splitlines()
    assert lines[2] == "**Something needs a person.**"
    assert "| **unsafe** | docs | points lack cells | `minicoil reencode` |" in lines
    assert "| waits | docs | points lack cells |  |" in lines


def test_text_of_others_stays_in_its_cell():
    run = {"flow": "extend-vocabulary", "started": NOW, "state": "Failed", "message": "a | b\nc"}
    success = {"flow": "index-collection", "ended": NOW}
    unsafe = {
        **CHANNEL,
        "safe": False,
        "current": None,
        "since": None,
        "ids": {"left": None, "exhausted_on": "2026-02-01"},
    }
    page = status_page({**STATUS, "channels": [unsafe], "runs": [run], "last_success": success})
    assert f"| extend-vocabulary | {shown_time(NOW)} | Failed | a \\| b c |" in page.splitlines()
    assert "| production |  |  | **no** | 7 |  | 2026-02-01 |" in page.splitlines()
    assert page.endswith(f"Last success: index-collection, {shown_time(NOW)}.\n")
    for line in page.splitlines():
        assert line.replace("\\|", "").count("|") in (0, 5, 8), line
