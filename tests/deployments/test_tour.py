"""`make run`: each step is run once, says what it found, and the last screen is always there."""

import json
import subprocess
import sys

import pytest

from deployments import tour
from tasks.catalogue import ChannelState
from tasks.trial import FirstLook

INDEXED = {"n_points": 1500, "n_written": 1500}
EXTENDED = {
    "release": 1,
    "promoted": True,
    "words": [
        {"word": "axi", "forms": ["axis", "axes"], "verdict": "accepted"},
        {"word": "node", "verdict": "kept_bm25"},
    ],
    "collections": [{"n_rewritten": 700}],
}


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """Arguments of the commands that were run; each answers as `answers` says, else as it should."""
    ran, answers = [], {}

    def run(command, check, stdout):
        ran.append(command[3:])
        (tmp_path / "home").mkdir(exist_ok=True)
        usual = (0, INDEXED if command[3] == "index" else EXTENDED)
        code, answer = answers.get(len(ran), usual)
        return subprocess.CompletedProcess(command, code, json.dumps(answer).encode())

    monkeypatch.setattr("deployments.own_commands.subprocess.run", run)
    monkeypatch.setattr(tour, "look_at_senses", lambda place, release: FirstLook())
    monkeypatch.setattr(tour, "read_channel", lambda store, name: ChannelState(name=name, current=1))
    monkeypatch.setattr(sys, "argv", ["tour", "--home", str(tmp_path / "home")])
    return ran, answers


def test_a_second_run_goes_on_behind_what_is_done(commands, capsys):
    ran, _ = commands
    tour.main()
    told = capsys.readouterr().out
    assert len(ran) == len(tour.STEPS) == 4
    assert "found: release 1: 1 words taught (axis, ...); 700 pieces rewritten" in told
    assert told.count("why it matters:") == 4 and "No taught word has several meanings" in told
    tour.main()
    assert len(ran) == 4 and capsys.readouterr().out.count("done before") == 4


def test_a_step_that_fails_stops_the_tour_and_is_run_again(commands, capsys):
    ran, answers = commands
    answers[2] = (1, {"error": "no"})
    with pytest.raises(SystemExit):
        tour.main()
    assert "run `make run` again" in capsys.readouterr().out
    tour.main()
    assert [arguments[0] for arguments in ran] == ["index", "extend", "extend", "index", "extend"]


def test_a_release_that_a_gate_holds_back_is_something_found(commands, capsys, tmp_path, monkeypatch):
    _, answers = commands
    answers[2] = (1, {**EXTENDED, "promoted": False, "refused": True, "collections": []})
    monkeypatch.setattr(tour, "read_channel", lambda store, name: ChannelState(name=name))
    made = tmp_path / "home" / "store" / "releases" / "1"
    made.mkdir(parents=True)
    (made / "manifest.json").write_text("{}")
    tour.main()
    told = capsys.readouterr().out
    assert "a gate holds it back" in told and "A gate holds release 1 back, so nothing is served yet" in told
    assert "minicoil release promote 1 --home" in told and "No taught word" not in told


def test_a_home_that_starts_from_a_base_takes_the_same_steps_with_it(commands, monkeypatch):
    ran, _ = commands
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--base", "dist/base"])
    tour.main()
    steps = tour.based_steps("dist/base")
    assert [tuple(arguments[: len(step.arguments)]) for arguments, step in zip(ran, steps, strict=True)] == [
        step.arguments for step in steps
    ]
    assert all(step.arguments[-2:] == ("--base", "dist/base") for step in steps)


def test_every_step_is_a_command_that_parses():
    from command_lines import check_commands

    for step in (*tour.STEPS, *tour.based_steps("dist/base")):
        assert check_commands(f"minicoil {tour.shlex.join(step.arguments)}") == 1
