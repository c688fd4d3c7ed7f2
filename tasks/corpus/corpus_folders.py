"""The files below a folder, each once, wherever links lead; what is no file is counted and named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tasks.disk import shown_name
from tasks.documents import CorpusReport


def find_files(folder: Path, report: CorpusReport) -> Iterator[Path]:
    """Files below a folder: those in it by name, then those of its folders by name; hidden ones are left out.

    A link to a file counts as that file. A link to a folder outside is followed once; one to a folder inside is not,
    since that is read where it is.

    Args:
        folder: Where to begin; itself it may be a link.
        report: Told of links that lead nowhere, back or to what is read elsewhere, and of folders that cannot be read.
    """
    links = _Links(folder, report)
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            names = sorted(name for name in os.listdir(current) if not name.startswith("."))
        except OSError as error:
            report.refuse("folders that cannot be opened", f"{shown_name(current)}: {error.strerror}")
            continue
        below = []
        for path in (current / name for name in names):
            if os.path.isfile(path):
                yield path
            elif os.path.isdir(path):
                if links.is_to_enter(path):
                    below.append(path)
            elif path.is_symlink():
                report.refuse("links to nothing", f"{shown_name(path)} -> {shown_name(os.readlink(path))}")
            else:
                report.refuse("things that are neither file nor folder", shown_name(path))
        waiting += reversed(below)


class _Links:
    """Which folders to enter, so that each is read once."""

    def __init__(self, root: Path, report: CorpusReport) -> None:
        self._root = Path(os.path.realpath(root))
        self._report = report
        self._followed: list[Path] = []

    def is_to_enter(self, folder: Path) -> bool:
        """Whether a folder, or what a link to one leads to, is read here."""
        is_link = folder.is_symlink()
        if not is_link and not self._followed:
            return True
        target = Path(os.path.realpath(folder))
        told = f"{shown_name(folder)} -> {shown_name(target)}"
        if not is_link:
            if target in self._followed:
                self._report.refuse("folders that were read through a link", told)
            return target not in self._followed
        if Path(os.path.realpath(folder.parent)).is_relative_to(target) or self._root.is_relative_to(target):
            self._report.refuse("links that lead back to a folder they are in", told)
            return False
        if self._is_read(target):
            self._report.refuse("links to folders that are read at another place", told)
            return False
        self._followed.append(target)
        return True

    def _is_read(self, target: Path) -> bool:
        """Whether a folder is below one that is read, and not hidden there."""
        above = (top for top in (self._root, *self._followed) if target.is_relative_to(top))
        return any(not any(part.startswith(".") for part in target.relative_to(top).parts) for top in above)
