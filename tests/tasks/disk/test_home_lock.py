"""One writing command a home, and whoever is refused is told which one writes there."""

import os
import time

import pytest

from minicoil.errors import BusyError, StoreError
from minicoil.files.strict_json import write_json
from tasks.disk.file_lock import lock_file, say_holder
from tasks.disk.home_lock import writer_lock


def test_a_second_command_is_told_who_writes_and_what_to_do(tmp_path):
    with writer_lock(tmp_path, "reencode"), pytest.raises(BusyError) as caught, writer_lock(tmp_path, "index"):
        pass
    who = f"`minicoil reencode` (process {os.getpid()}, for 0 min)"
    assert str(caught.value) == (f"{tmp_path} is in use by {who}; wait for it to end, stop it, or use another --home")


def test_a_command_that_ended_or_failed_holds_nothing(tmp_path):
    with pytest.raises(KeyError), writer_lock(tmp_path / "new" / "home", "reencode"):
        raise KeyError
    with writer_lock(tmp_path / "new" / "home", "index"):
        pass


def test_workers_share_it_and_keep_others_out(tmp_path):
    with (
        writer_lock(tmp_path, "reencode", shared=True),
        writer_lock(tmp_path, "reencode", shared=True),
        pytest.raises(BusyError, match="`minicoil reencode`"),
        writer_lock(tmp_path, "index"),
    ):
        pass
    with writer_lock(tmp_path, "index"), pytest.raises(BusyError), writer_lock(tmp_path, "reencode", shared=True):
        pass


@pytest.mark.parametrize("said", ["", "{", "[1]", '{"pid": 1}', '{"pid": 1, "command": "x", "since": "noon"}'])
def test_a_holder_that_did_not_say_who_it_is_is_another_command(tmp_path, said):
    with lock_file(tmp_path / "writer.lock") as file:
        say_holder(file, said)
        with pytest.raises(BusyError, match="is in use by another command; wait"), writer_lock(tmp_path, "index"):
            pass


def test_the_age_of_the_holder_is_told_in_minutes(tmp_path):
    with lock_file(tmp_path / "writer.lock") as file:
        say_holder(file, write_json({"pid": 7, "command": "extend", "since": time.time() - 600}))
        with pytest.raises(BusyError, match=r"`minicoil extend` \(process 7, for 10 min\)"):
            writer_lock(tmp_path, "index").__enter__()


def test_a_home_that_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught, writer_lock(tmp_path / "file" / "home", "index"):
        pass
    assert str(caught.value) == (
        f"{tmp_path}/file/home cannot be written: Not a directory; check the path and its permissions, or use another "
        "--home"
    )
