"""File names are bytes: one that is no UTF-8 is written with escapes, and found again by them."""

from __future__ import annotations

import os
import re
from pathlib import Path

_ESCAPED = re.compile(rb"\\x([89a-f][0-9a-f])")


def shown_name(path: str | Path) -> str:
    r"""A file's name as text that can be stored and printed, in whatever locale.

    >>> shown_name("caf\udce9.txt"), shown_name("docs/a b.txt")
    ('caf\\xe9.txt', 'docs/a b.txt')
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def find_path(name: str) -> Path:
    """The path that a name stands for: itself where there is such a file, then with ~ or escapes read.

    Nothing in a name is a pattern: [, ], ?, *, # and :: are characters.
    """
    if os.path.lexists(name):
        return Path(name)
    expanded = os.path.expanduser(name)
    if not os.path.lexists(expanded) and "\0" not in name:
        data = _ESCAPED.sub(lambda match: bytes([int(match.group(1), 16)]), os.fsencode(expanded))
        if os.path.lexists(data):
            return Path(os.fsdecode(data))
    return Path(expanded)
