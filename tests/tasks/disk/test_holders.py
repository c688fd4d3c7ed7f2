"""Who writes in a home is found without touching its lock, and a command that is gone is nobody."""

import os
import subprocess
import time

import pytest

from tasks.disk import holders
from tasks.disk.file_lock import lock_file, say_holder
from tasks.disk.holders import LockHolder, is_alive, lock_holder
from tasks.disk.home_lock import writer_lock


def test_the_command_that_writes_is_found_and_gone_with_its_lock(tmp_path):
    assert lock_holder(tmp_path) is None
    with writer_lock(tmp_path, "reencode"):
        found = lock_holder(tmp_path)
        assert (found.command, found.pid) == ("reencode", os.getpid()) and time.time() - found.since < 60
        assert found.message == f"`minicoil reencode` works here (process {os.getpid()}, for 0 min)"
    assert (tmp_path / "writer.lock").read_text()  # still names it
    assert lock_holder(tmp_path) is None


def test_looking_never_holds_the_lock(tmp_path):
    (tmp_path / "writer.lock").write_text('{"pid": 1, "command": "index", "since": 0}')
    before = (tmp_path / "writer.lock").stat()
    lock_holder(tmp_path)
    after = (tmp_path / "writer.lock").stat()
    assert (after.st_mtime_ns, after.st_ino, after.st_size) == (before.st_mtime_ns, before.st_ino, before.st_size)


@pytest.mark.parametrize(
    "said", ["", "{", "[]", "null", '{"pid": 1, "command": "x"}', '{"pid":"x","command":"","since":0}']
)
def test_a_file_that_is_just_being_written_names_nobody(tmp_path, said):
    with lock_file(tmp_path / "writer.lock") as file:
        say_holder(file, said)
        assert lock_holder(tmp_path) is None


def test_where_the_kernel_lists_no_locks_a_process_that_lives_is_taken_for_the_holder(tmp_path, monkeypatch):
    monkeypatch.setattr(holders, "_KERNEL_LOCKS", tmp_path / "none")
    with writer_lock(tmp_path, "index"):
        pass
    assert lock_holder(tmp_path).pid == os.getpid()
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    (tmp_path / "writer.lock").write_text(f'{{"pid": {gone.pid}, "command": "index", "since": 0}}')
    assert lock_holder(tmp_path) is None


def test_one_that_waits_for_a_lock_or_holds_another_file_is_no_holder(tmp_path, monkeypatch):
    with writer_lock(tmp_path, "index"):
        inode = (tmp_path / "writer.lock").stat().st_ino
    monkeypatch.setattr(holders, "_KERNEL_LOCKS", tmp_path / "locks")
    for line, is_held in (
        (f"1: FLOCK  ADVISORY  WRITE 7 08:01:{inode} 0 EOF", True),
        (f"1: -> FLOCK  ADVISORY  WRITE 7 08:01:{inode} 0 EOF", False),
        (f"1: POSIX  ADVISORY  WRITE 7 08:01:{inode} 0 EOF", False),
        (f"1: FLOCK  ADVISORY  WRITE 7 08:01:{inode}1 0 EOF", False),
        ("", False),
    ):
        (tmp_path / "locks").write_text(f"{line}\n")
        assert (lock_holder(tmp_path) is not None) is is_held, line


def test_a_clock_that_was_set_back_shows_no_negative_age():
    assert LockHolder("index", 7, time.time() + 900).message == "`minicoil index` works here (process 7, for 0 min)"


def test_a_process_is_alive_where_it_has_a_number_of_its_own():
    for pid, alive in ((os.getpid(), True), (1, True), (10**9, False), (0, False), (-1, False)):
        assert is_alive(pid) is alive, pid
