"""Ctrl-C says what is kept; what only looks changed nothing."""

import click
import pytest
from click.testing import CliRunner

from flows.cli import main
from flows.rendering.interruptions import LOOKING


def stop(*arguments):
    raise KeyboardInterrupt


def interrupt(*arguments):
    answer = CliRunner().invoke(main, list(map(str, arguments)))
    assert answer.exit_code == 1
    return answer.stderr


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "a.txt").write_text("The pod runs on a node of the pool. " * 5)
    return tmp_path / "a.txt"


def test_a_command_that_looks_changed_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.report.list_words", stop)
    told = interrupt("words", "--home", tmp_path)
    assert told.strip() == "interrupted; nothing was changed"


def test_a_command_that_goes_on_names_the_home_and_the_step_that_it_finished_last(tmp_path, corpus, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setattr("flows.index_collection.mend_step", stop)
    told = interrupt("index", "docs", "--corpus", corpus, "--home", home, "--prefect-url", "")
    assert f"what was done is kept in {home}; the same command run again goes on" in told
    monkeypatch.undo()
    monkeypatch.setattr("tasks.collections.indexing.make_points", stop)
    told = interrupt("index", "docs", "--corpus", corpus, "--home", home, "--prefect-url", "")
    assert f"kept in {home}, up to step 'mend-collection' of index-collection; the same command" in told


def test_a_dry_run_changed_nothing_and_an_earlier_run_is_not_this_ones(tmp_path, corpus, monkeypatch):
    extend = ("extend", "pods", "--corpus", corpus, "--home", tmp_path / "home", "--prefect-url", "")
    monkeypatch.setattr("flows.extend_vocabulary.settle_language", stop)
    assert "nothing was changed" in interrupt(*extend, "--dry-run")
    monkeypatch.setattr("tasks.forgetting.forget_documents", stop)
    told = interrupt("forget", "--doc", "a", "--home", tmp_path / "home")
    assert "goes on from there" in told and "step" not in told


def test_every_command_that_is_said_to_look_is_one():
    def names(group):
        for command in group.commands.values():
            yield from names(command) if isinstance(command, click.Group) else [command.callback.__name__]

    assert set(names(main)) >= LOOKING
