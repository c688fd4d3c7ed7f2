"""A program that runs this project's commands has their exit status and answer, and none where there was none."""

from types import SimpleNamespace

from deployments.own_commands import run_command, say


def test_a_commands_answer_and_status_come_back(tmp_path):
    assert run_command(["release", "list"], str(tmp_path)) == (0, {"releases": []})
    status, answer = run_command(["release", "show", "7"], str(tmp_path))
    assert status == 1 and answer["error"] == "ReleaseError" and "7" in answer["message"]


def test_what_is_no_command_has_no_answer(tmp_path):
    assert run_command(["no-such-command"], str(tmp_path)) == (2, {})


def test_an_answer_that_is_no_json_is_none(tmp_path, monkeypatch):
    ran = SimpleNamespace(returncode=0, stdout=b"ready\n")
    monkeypatch.setattr("deployments.own_commands.subprocess.run", lambda *_, **__: ran)
    assert run_command(["serve"], str(tmp_path)) == (0, {})


def test_lines_are_said_at_once(capsys):
    say("one")
    say("two")
    assert capsys.readouterr().out == "one\ntwo\n"
