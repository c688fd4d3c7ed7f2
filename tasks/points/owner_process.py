"""How the process that owns a home's shards is started, before or when it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tasks.points.owner_address import engine_folder, socket_path

_started: list[subprocess.Popen[bytes]] = []  # kept, to be reaped by a process that outlives them
_woken: dict[Path, subprocess.Popen[bytes]] = {}  # by home, until somebody connects


class _Owner(subprocess.Popen[bytes]):
    """A process that is meant to outlive the one that started it."""

    def __del__(self) -> None:
        """Without the warning that it still runs."""


def start_owner(home: Path) -> subprocess.Popen[bytes]:
    """Start a process for the shards of `home`, an absolute folder; it ends at once where another one has them."""
    engine_folder(home).mkdir(parents=True, exist_ok=True)
    with (engine_folder(home) / "owner.log").open("ab") as log:
        owner = _Owner(
            [sys.executable, "-m", "tasks.points.owner", str(home)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # the terminal's Ctrl-C is for the command alone
            env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        )
    _started[:] = [*(earlier for earlier in _started if earlier.poll() is None), owner]
    return owner


def wake_engine(home: Path) -> None:
    """Start the owner of `home` ahead of the first question, so that it boots beside whatever comes before that.

    A home without shards stays as it is: only what is written makes them.
    """
    home = home.resolve()
    if engine_folder(home).is_dir() and home not in _woken and not socket_path(home).exists():  # else one is awake
        _woken[home] = start_owner(home)


def woken_owner(home: Path) -> subprocess.Popen[bytes] | None:
    """The process that `wake_engine` started and nobody has taken yet."""
    return _woken.pop(home, None)
