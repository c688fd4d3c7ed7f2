"""Where a home's shards lie, and where the process that owns them listens."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from minicoil.errors import CollectionError


def engine_folder(home: Path) -> Path:
    """Where a home's shards lie."""
    return home / "engine"


def socket_path(home: Path) -> Path:
    """The owner's socket: in the home, or, where its path is too long for a Unix socket, in a private folder.

    Every command of a home must arrive at the same path, from whatever folder it runs and whatever TMPDIR it has.

    Raises:
        CollectionError: the private folder is open to others.
    """
    home = home.resolve()
    path = engine_folder(home) / "owner.sock"
    if len(os.fsencode(path)) <= 100:  # the kernel takes 108 with the ending zero
        return path
    name = hashlib.blake2b(os.fsencode(home), digest_size=8).hexdigest()
    folder = Path("/tmp") / f"minicoil-{os.getuid()}"
    with suppress(FileExistsError):  # perhaps as something else than a folder
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise CollectionError(
            f"{folder} is not a folder that only you can enter; remove it, or choose a --home with a shorter path"
        )
    return folder / f"{name}.sock"
