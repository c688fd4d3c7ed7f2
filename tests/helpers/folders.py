"""What lies in a folder while an engine's owner may still write and rename files in it."""

import gzip
import os
import time
from collections.abc import Iterator
from pathlib import Path

from tasks.disk import lock_file
from tasks.points.owner_address import engine_folder, socket_path


def files_of(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file's path and content; one that vanishes on the way is no file any more."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            try:
                if path.is_file():  # neither a socket nor a link to nothing
                    yield path, path.read_bytes()
            except FileNotFoundError:
                continue


def files_with(folder: Path, word: str) -> list[str]:
    """Names below `folder` of files that hold a word in any case, packed or not."""
    found = []
    for path, data in files_of(folder):
        plain = gzip.decompress(data) if path.suffix == ".gz" else data
        if word.encode() in plain.lower():
            found.append(path.relative_to(folder).as_posix())
    return found


def wait_closed(home: Path) -> None:
    """Until the engine's owner has gone, which flushes what it holds; it goes a moment after its last client.

    A folder that is copied before has holes: files are written beside and renamed.
    """
    while socket_path(home).exists():
        time.sleep(0.1)
    with lock_file(engine_folder(home) / "owner.lock", patience_seconds=280):  # the socket goes first, then the owner
        pass
