"""One writing command per home at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from minicoil.errors import BusyError, StoreError
from minicoil.files import parse_json, write_json
from tasks.disk.disk import way_out
from tasks.disk.file_lock import HeldError, lock_file, say_holder


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
    with ExitStack() as stack:
        try:
            file = stack.enter_context(lock_file(home / "writer.lock", shared))
        except HeldError as error:
            raise BusyError(_describe_holder(home, error.said)) from error
        except OSError as error:
            raise StoreError(
                f"{home} cannot be written: {error.strerror}; {way_out(error)}, or use another --home"
            ) from error
        say_holder(file, write_json({"pid": os.getpid(), "command": command, "since": time.time()}))
        yield


def _describe_holder(home: Path, text: str) -> str:
    try:
        holder = parse_json(text)
        minutes = (time.time() - holder["since"]) / 60
        who = f"`minicoil {holder['command']}` (process {holder['pid']}, for {minutes:.0f} min)"
    except (ValueError, KeyError, TypeError):
        who = "another command"
    return f"{home} is in use by {who}; wait for it to end, stop it, or use another --home"
