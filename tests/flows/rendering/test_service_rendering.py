"""Releases that wait for a person, and what stands on a server, are listed with what a person needs to decide."""

from flows.rendering.service_rendering import show_deployed, show_waiting


def test_releases_that_wait_say_until_when_and_why_or_that_it_is_too_late(capsys):
    row = {
        "release": 3,
        "channel": "production",
        "expired": False,
        "until": "2026-01-02T03:04:05",
        "reasons": ["a", "b"],
    }
    show_waiting({"waiting": [row, {**row, "release": 4, "expired": True}]})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [
        ["3", "production", "2026-01-02T03:04", "a;", "b"],
        ["4", "production", "expired", "a;", "b"],
    ]


def test_none_is_said_in_words(capsys):
    show_waiting({"waiting": []})
    assert capsys.readouterr().out == "no release waits for approval\n"


def test_what_stands_on_the_server_is_a_line_a_kind(capsys):
    show_deployed({"work_pools": ["minicoil"], "deployments": ["a/[x]", "b"]})
    assert capsys.readouterr().out.splitlines() == ["work pools: minicoil", "deployments: a/[x], b"]
