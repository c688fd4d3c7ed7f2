"""Child processes that never outlive the service: started in groups, stopped in groups, found again after a kill."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 20.0  # for a worker to end its runs, and for them to say so
_PR_SET_PDEATHSIG = 1
_BACK_OFF_SECONDS = (1.0, 5.0, 30.0)
_MARK = "MINICOIL_SERVED_HOME"  # in the environment of everything that a service starts, its runs included


@dataclass
class Child:
    """One process with its descendants.

    Attributes:
        log: Where it writes; appended to.
        folder: Where it runs; None is where we do.
    """

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    log: Path
    folder: Path | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _starts: int = 0

    def start(self) -> None:
        """Start it in a group of its own, so that Ctrl-C reaches it through us and in order."""
        self._starts += 1
        environment = {**self.environment, _MARK: self.environment["MINICOIL_HOME"]}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                list(self.command),
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )

    def restart(self, stop: threading.Event) -> None:
        """Start it again, later each time."""
        self.stop()
        if not stop.wait(_BACK_OFF_SECONDS[min(self._starts, len(_BACK_OFF_SECONDS)) - 1]):
            self.start()

    def has_ended(self) -> bool:
        """Whether it was started and is gone."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """Ask it to end, wait, then end whatever is left of its group."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):  # then its group is killed below
                process.wait(STOP_SECONDS)
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()

    def last_words(self, n_characters: int = 1500) -> str:
        """The end of its log."""
        try:
            return self.log.read_text("utf-8", errors="replace")[-n_characters:].strip()
        except OSError as error:
            return f"({error})"


def end_leftovers(home: Path) -> list[int]:
    """End processes that a service of this home started and left: runs have groups of their own, and a kill skips all.

    Returns:
        Their process numbers.
    """
    left = [number for number in _marked(home) if number != os.getpid()]
    for number in left:
        _signal(number, signal.SIGTERM)
    until = time.monotonic() + 5
    while time.monotonic() < until and any(_is_alive(number) for number in left):
        time.sleep(0.1)
    for number in left:
        _signal(number, signal.SIGKILL)
    return left


def _marked(home: Path) -> list[int]:
    """Processes of ours whose environment says that a service of this home started them (Linux; elsewhere none)."""
    wanted = f"{_MARK}={home}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:  # gone meanwhile, or not ours to look at
            continue
    return found


def _is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except OSError:
        return False
    return True


def _signal(number: int, what: signal.Signals) -> None:
    with contextlib.suppress(OSError):  # it has ended by itself
        os.kill(number, what)


def _signal_group(number: int, what: signal.Signals) -> None:
    with contextlib.suppress(OSError):  # nobody is left in it
        os.killpg(number, what)


def _end_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies, however that dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
