"""Child processes that never outlive the service: started in groups, stopped in groups, found again after a kill."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

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
    left = [process for process in _marked(home) if process.pid != os.getpid()]
    for process in left:
        with contextlib.suppress(psutil.Error):  # it has ended by itself
            process.terminate()
    _, alive = psutil.wait_procs(left, timeout=5)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    return [process.pid for process in left]


def _marked(home: Path) -> list[psutil.Process]:
    """Processes of ours whose environment says that a service of this home started them.

    Each is known by its start as well as by its number: no signal hits whoever got the number of one that ended.
    """
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # gone meanwhile, or not ours to look at
            if process.environ().get(_MARK) == str(home):
                found.append(process)
    return found


def _signal_group(number: int, what: signal.Signals) -> None:
    with contextlib.suppress(OSError):  # nobody is left in it
        os.killpg(number, what)


def _end_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies, however that dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
