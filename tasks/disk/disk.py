"""Disks that are full or may not be written: what to do about them, in the words of every message."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

# What the engine takes at a time without asking: a segment of its log. It maps files, and a process whose mapped file
# finds no space is ended by the kernel without a word.
ENGINE_BYTES = 64 * 2**20
FREE_SOME = (
    "free some space (`minicoil release prune`, old caches), then run the same command again: what is finished is kept"
)


def is_full(error: OSError) -> bool:
    """Whether an error says that a disk, or a person's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def way_out(error: OSError) -> str:
    """What to do when a file cannot be written."""
    return FREE_SOME if is_full(error) else "check the path and its permissions"


def free_bytes(folder: Path) -> int:
    """Space left where `folder` is; more than anybody needs where nobody can say."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 2**63
