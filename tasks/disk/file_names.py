"""File names are bytes: one that is no UTF-8 is written with escapes, and found again by them."""

from __future__ import annotations

import os
import re
from pathlib import Path

_ESCAPED = re.compile(rb"\\x([89a-f][0-9a-f])")


def shown_name(path: str | Path) -> str:
    r"""A file's name, or what a shell handed over, as text that can be stored and printed, in whatever locale.

    >>> shown_name("caf\udce9.txt"), shown_name("caf\udcc3\udca9.txt") == "caf\u00e9.txt"
    ('caf\\xe9.txt', True)
    """
    return _name_bytes(os.fspath(path)).decode("utf-8", "backslashreplace")


def find_path(name: str) -> Path:
    """The path that a name stands for: itself where there is such a file, then with ~ or escapes read.

    Nothing in a name is a pattern: [, ], ?, *, # and :: are characters.
    """
    if os.path.lexists(name):
        return Path(name)
    expanded = os.path.expanduser(name)
    if os.path.lexists(expanded) or "\0" in name:
        return Path(expanded)
    data = _name_bytes(expanded)
    for candidate in (data, _ESCAPED.sub(lambda match: bytes([int(match.group(1), 16)]), data)):
        if os.path.lexists(candidate):
            return Path(os.fsdecode(candidate))
    return Path(expanded)


def _name_bytes(name: str) -> bytes:
    """As the disk has it, which the locale's encoding may not be able to say."""
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # other surrogates, which no file system gives
        return name.encode("utf-8", "backslashreplace")
