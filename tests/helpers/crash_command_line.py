"""The real command line, killed with everything it started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any


class CommandLine:
    """Asked as `crash_homes.CrashServer` is; starts a new Python for every command.

    Attributes:
        longest: Seconds of the slowest command that nobody killed.
    """

    def __init__(self) -> None:
        self.longest = 12.0

    def ask(
        self,
        home: str,
        log: str,
        arguments: Sequence[str],
        after_seconds: float | None = None,
        with_owner: bool = False,
    ) -> dict[str, Any]:
        started = time.monotonic()
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        with open(log, "ab") as out:
            command = [sys.executable, "-m", "flows.cli", *arguments]
            running = subprocess.Popen(command, stdout=out, stderr=out, env=environment, start_new_session=True)
        try:
            status = running.wait(after_seconds)
        except subprocess.TimeoutExpired:
            for pid in process_tree(running.pid, without=None if with_owner else owner_of(home)):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            status = running.wait()
        seconds = time.monotonic() - started
        if status == 0:
            self.longest = max(self.longest, seconds)
        return {"status": status, "seconds": seconds, "steps": 0}


def owner_of(home: str) -> int | None:
    """The engine's owner process, if one ever was."""
    lock = Path(home) / "engine" / "owner.lock"
    text = lock.read_text() if lock.exists() else ""
    return int(text) if text else None


def process_tree(root: int, without: int | None) -> list[int]:
    """A process and all that came of it, parents first."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    tree = [root]
    for pid in tree:
        tree += [child for child, parent in parents.items() if parent == pid and child != without]
    return tree
