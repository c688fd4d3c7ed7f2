"""Which command writes in a home right now, found without touching its lock."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from minicoil.files import parse_json

_KERNEL_LOCKS = Path("/proc/locks")


@dataclass(frozen=True)
class LockHolder:
    """The command that holds a home."""

    command: str
    pid: int
    since: float

    @property
    def message(self) -> str:
        """For people."""
        minutes = max(time.time() - self.since, 0) / 60
        return f"`minicoil {self.command}` works here (process {self.pid}, for {minutes:.0f} min)"


def lock_holder(home: Path) -> LockHolder | None:
    """Who holds the home for writing; None where nobody does.

    To try the lock would be to hold it for a moment, and a command that starts in that moment would be refused.
    """
    path = home / "writer.lock"
    try:
        said = parse_json(path.read_text(encoding="utf-8"))
        holder = LockHolder(str(said["command"]), int(said["pid"]), float(said["since"]))
        inode = path.stat().st_ino
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or one that is just being written
        return None
    return holder if _is_held(inode, holder.pid) else None


def _is_held(inode: int, pid: int) -> bool:
    """Whether some process holds a lock on the file; where the kernel lists no locks, whether the process lives."""
    try:
        rows = [line.split() for line in _KERNEL_LOCKS.read_text().splitlines()]
    except OSError:
        return is_alive(pid)
    # "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF"; one that waits has "->" in its second column
    return any("FLOCK" in row[1:2] and any(part.endswith(f":{inode}") for part in row[4:6]) for row in rows)


def is_alive(pid: int) -> bool:
    """Whether there is a process of that number on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return pid > 0
