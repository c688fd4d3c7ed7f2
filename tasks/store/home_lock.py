"""One writing command per home at a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from minicoil.errors import BusyError, StoreError
from minicoil.files import parse_json, write_json
from tasks.store.disk import way_out


@contextmanager
def writer_lock(home: Path, command: str, shared: bool = False) -> Iterator[None]:
    """Hold the home for one writing command; the kernel lets go when the process dies, however it dies.

    Args:
        home: What to hold.
        command: For the message that others get.
        shared: Beside others that hold it shared too, as workers on disjoint parts of the same points do.

    Raises:
        BusyError: another process writes here; the message names its command, process and age.
        StoreError: nobody can write here.
    """
    # never unlinked: removing a locked file would let a third process lock a new file of the same name
    with _open(home / "writer.lock") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(_describe_holder(home, _content(file))) from error
        file.seek(0)
        file.truncate()
        file.write(write_json({"pid": os.getpid(), "command": command, "since": time.time()}))
        file.flush()
        yield


def _open(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+")
    except OSError as error:
        raise StoreError(
            f"{path.parent} cannot be written: {error.strerror}; {way_out(error)}, or use another --home"
        ) from error


def _content(file: TextIO) -> str:
    file.seek(0)
    return file.read()


def _describe_holder(home: Path, text: str) -> str:
    try:
        holder = parse_json(text)
        minutes = (time.time() - holder["since"]) / 60
        who = f"`minicoil {holder['command']}` (process {holder['pid']}, for {minutes:.0f} min)"
    except (ValueError, KeyError, TypeError):
        who = "another command"
    return f"{home} is in use by {who}; wait for it to end, stop it, or use another --home"
