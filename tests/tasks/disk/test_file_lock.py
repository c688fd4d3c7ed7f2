"""Locks on files: one holder or several that share, let go by the kernel however the holder dies."""

import signal
import subprocess
import sys
import threading

import pytest

from tasks.disk.file_lock import HeldError, lock_file, read_holder, say_holder

HOLD = """
import sys, time
from pathlib import Path
from tasks.disk.file_lock import lock_file, say_holder
with lock_file(Path(sys.argv[1])) as file:
    say_holder(file, "another process")
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "home" / "a.lock"  # its folder is made


def test_one_holds_it_and_others_are_told_who(path):
    assert read_holder(path) is None
    with lock_file(path) as file:
        with pytest.raises(HeldError) as error, lock_file(path):
            pass
        assert error.value.said == ""  # he has not said it yet
        say_holder(file, "a first word that is longer")
        say_holder(file, "me")
        with pytest.raises(HeldError, match="^me$"), lock_file(path):
            pass
        with pytest.raises(HeldError), lock_file(path, shared=True):
            pass
        assert read_holder(path) == "me"
    assert read_holder(path) is None and path.exists()  # free, and never removed
    with lock_file(path):
        pass


def test_several_share_it_and_nobody_has_it_alone_meanwhile(path):
    with lock_file(path, shared=True), lock_file(path, shared=True), pytest.raises(HeldError), lock_file(path):
        pass
    with lock_file(path):
        pass


def test_a_killed_holder_holds_nothing(path):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(HeldError, match="another process"), lock_file(path):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with lock_file(path):
        assert path.read_text() == "another process"  # what he said stays until somebody else says something


@pytest.mark.parametrize("patience", [None, 60.0])
def test_whoever_waits_gets_it_when_it_is_let_go(path, patience):
    order, waiting = [], threading.Event()

    def wait():
        waiting.set()
        with lock_file(path, patience_seconds=patience):
            order.append("second")

    with lock_file(path):
        thread = threading.Thread(target=wait)
        thread.start()
        waiting.wait()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_patience_ends(path, monkeypatch):
    waits = []
    monkeypatch.setattr("time.sleep", lambda seconds: waits.append(seconds))
    monkeypatch.setattr("time.monotonic", lambda: 100.0 + sum(waits))
    with lock_file(path), pytest.raises(HeldError), lock_file(path, patience_seconds=0.1):
        pass
    assert 0.1 <= sum(waits) < 0.2


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError), lock_file(tmp_path / "file" / "a.lock"):
        pass
    assert read_holder(tmp_path / "file" / "a.lock") is None
