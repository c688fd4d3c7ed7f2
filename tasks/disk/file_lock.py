"""Locks on files of this machine, which the kernel lets go of when their holder dies, however it dies.

Not filelock, which has the same flock inside: it polls where the kernel wakes, knows no lock that readers share, falls
back to files that outlive a killed holder, and its file says nothing of who holds it; people who must wait are told.
On NFS Linux makes a flock a lock of the server's, so that homes on it have one writer among all machines.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

_LOOK_AGAIN_SECONDS = 0.02


class HeldError(Exception):
    """Somebody else holds the lock.

    Attributes:
        said: What its file says of him; empty where he has not said it yet.
    """

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


@contextmanager
def lock_file(path: Path, shared: bool = False, patience_seconds: float | None = 0.0) -> Iterator[TextIO]:
    """Hold a lock while the body runs; its open file, for `say_holder`.

    The file is made where it is missing, and never removed: whoever removed one that is held would let a third process
    lock a new file of the same name.

    Args:
        path: The file.
        shared: Beside others that hold it shared too.
        patience_seconds: How long to wait for somebody else; None: for ever, woken by the kernel.

    Raises:
        HeldError: somebody else held it all the time.
        OSError: the file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        _take(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, patience_seconds)
        yield file


def say_holder(file: TextIO, text: str) -> None:
    """Let the file of a lock that one holds say who does, to those who find it held."""
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()


def read_holder(path: Path) -> str | None:
    """What the file of a lock says of who holds it now; None where nobody does, or there is no such file."""
    try:
        with path.open() as file:
            _take(file, fcntl.LOCK_SH, 0.0)
    except HeldError as error:
        return error.said
    except OSError:
        return None
    return None


def _take(file: TextIO, kind: int, patience_seconds: float | None) -> None:
    if patience_seconds is None:
        fcntl.flock(file, kind)
        return
    until = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= until:
                file.seek(0)
                raise HeldError(file.read()) from error
        time.sleep(_LOOK_AGAIN_SECONDS)
