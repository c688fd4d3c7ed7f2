"""After TAB the shell offers what is there, looks at no network for it, and never complains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from flows.cli import main

ROOT = Path(__file__).parents[3]


def complete(home, *words, begun=""):
    arguments = [*words[:1], "--home", str(home), *words[1:]]
    found = ShellComplete(main, {}, "minicoil", "_MINICOIL_COMPLETE").get_completions(arguments, begun)
    return [item.value for item in found]


def test_the_shell_completes_commands_options_and_names(home):
    asked = {"COMP_WORDS": "minicoil re", "COMP_CWORD": "1", "_MINICOIL_COMPLETE": "bash_complete"}
    done = subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main(prog_name='minicoil')"],
        env={**os.environ, **asked},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        f"plain,{name}" for name in ("rebuild", "reencode", "release", "remove", "retrain")
    ]
    assert complete(home, "search", begun="d") == ["docs", "drafts"]
    assert complete(home, "reencode", "docs", begun="dr") == ["drafts"]
    assert complete(home, "words", "--channel", begun="st") == ["staging"]
    assert "--common" in complete(home, "extend", begun="--co")


def test_completion_looks_at_no_network_and_never_complains(home, monkeypatch):
    monkeypatch.setenv("MINICOIL_STORE", "s3://nowhere/x")
    assert complete(home, "search", begun="d") == []
    monkeypatch.setenv("MINICOIL_STORE", (home / "absent").as_uri())
    assert complete(home, "search", begun="d") == [] and not (home / "absent").exists()
    monkeypatch.delenv("MINICOIL_STORE")
    (home / "store" / "collections" / "docs.json").write_text("{")
    assert complete(home, "search", begun="d") == ["drafts"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_library_writes_the_completion_script_of_each_shell(shell):
    answer = CliRunner(env={"_MINICOIL_COMPLETE": f"{shell}_source"}).invoke(main, [], prog_name="minicoil")
    assert "minicoil" in answer.output and f"{shell}_complete" in answer.output


def test_releases_and_whatever_takes_a_channel_too_are_offered(home, monkeypatch):
    monkeypatch.setattr("tasks.catalogue.release_numbers", lambda store: [1, 2, 12])
    assert complete(home, "words", "--release", begun="1") == ["1", "12"]
    found = ShellComplete(main, {}, "minicoil", "_MINICOIL_COMPLETE")
    for words, begun, offered in (
        (("show",), "", ["staging", "1", "2", "12"]),
        (("readers", "--ack"), "2", ["2"]),
    ):
        arguments = ["release", words[0], "--home", str(home), *words[1:]]
        assert [item.value for item in found.get_completions(arguments, begun)] == offered


def test_a_home_that_is_not_there_is_not_made_by_asking(tmp_path):
    assert complete(tmp_path / "absent", "search", begun="") == [] and not (tmp_path / "absent").exists()


def test_the_home_is_that_of_the_command_else_of_the_environment(home, tmp_path, monkeypatch):
    found = ShellComplete(main, {}, "minicoil", "_MINICOIL_COMPLETE")
    monkeypatch.chdir(tmp_path / "..")
    monkeypatch.setenv("MINICOIL_HOME", str(home))
    assert [item.value for item in found.get_completions(["search"], "")] == ["docs", "drafts"]
    assert complete(tmp_path / "other", "search", begun="") == []
