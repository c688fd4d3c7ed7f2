"""The owner of a home is started once ahead of time, only where there are shards, and taken by whoever connects first."""

import os
import sys
from types import SimpleNamespace

import pytest

from tasks.points import owner_process
from tasks.points.owner_address import engine_folder, socket_path
from tasks.points.owner_process import start_owner, wake_engine, woken_owner


@pytest.fixture
def started(monkeypatch):
    """The homes whose owner was started; none is."""
    homes = []
    monkeypatch.setattr(owner_process, "start_owner", lambda home: homes.append(home) or SimpleNamespace(home=home))
    monkeypatch.setattr(owner_process, "_woken", {})
    return homes


def test_a_home_without_shards_stays_as_it_is(tmp_path, started):
    wake_engine(tmp_path)
    assert started == [] and woken_owner(tmp_path) is None and list(tmp_path.iterdir()) == []


def test_an_owner_is_woken_once_and_taken_once(tmp_path, started, monkeypatch):
    engine_folder(tmp_path).mkdir()
    monkeypatch.chdir(tmp_path)
    for home in (tmp_path, tmp_path.relative_to(tmp_path), tmp_path):
        wake_engine(home)
    assert started == [tmp_path]
    assert woken_owner(tmp_path).home == tmp_path and woken_owner(tmp_path) is None
    wake_engine(tmp_path)  # it was taken, and may have gone since
    assert started == [tmp_path] * 2


def test_an_owner_that_is_awake_is_not_started_again(tmp_path, started):
    engine_folder(tmp_path).mkdir()
    socket_path(tmp_path).touch()
    wake_engine(tmp_path)
    assert started == []


PROGRAM = """#!{python}
import os, sys
print(*sys.argv[1:])
print(os.environ["PYTHONPATH"])
print("reads", repr(sys.stdin.read()), "in a session of its own:", os.getsid(0) == os.getpid())
"""


def test_an_owner_runs_apart_from_its_starters_terminal_and_finds_the_same_packages(tmp_path, monkeypatch):
    """What it writes is in its log; a program stands in for Python, which says how it was started."""
    program = tmp_path / "python"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(sys, "path", ["", str(tmp_path / "one"), str(tmp_path / "two")])
    home = tmp_path / "home"
    assert start_owner(home).wait() == 0
    said = (engine_folder(home) / "owner.log").read_text().splitlines()
    assert said == [
        f"-m tasks.points.owner {home}",
        os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")]),
        "reads '' in a session of its own: True",
    ]
    n_before = len(owner_process._started)
    assert start_owner(home).wait() == 0  # its log goes on; and those that have ended are not kept
    assert len((engine_folder(home) / "owner.log").read_text().splitlines()) == 6
    assert len(owner_process._started) <= n_before
