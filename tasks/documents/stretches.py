"""Where a file may be cut, so that its parts, read in order, are the file: at lines, row groups, paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from minicoil.text import find_cuts, find_encoding

_COUNTED = 2**22  # bytes that are looked at together
HELD_BYTES = 64 * 2**20  # of a text that is read as one
LONG_PART = 2**24  # bytes of a part of a longer one
_ENDS = (b"\n\n", b"\n", b" ")  # where a part may end, the best first


@dataclass(frozen=True)
class Stretch:
    """Some rows of a file that follow each other, or some paragraphs.

    Attributes:
        start, end: Of its bytes in a file of lines or text, of its row groups in a table; `end` None: to the last.
        first: Number of its first row.
    """

    start: int
    end: int | None
    first: int


@dataclass(frozen=True)
class IdRange:
    """Some points of a collection that follow each other.

    Attributes:
        from_id: The first one's id; None: from the collection's first.
        to_id: The id that the next range begins with; None: to the last.
    """

    from_id: int | str | None
    to_id: int | str | None


def cut_lines(file: IO[bytes], n_bytes: int, size: int) -> Iterator[tuple[Stretch, int]]:
    """Stretches of whole lines; files of another encoding than UTF-8 are not cut.

    The file is read once from its beginning, because a stretch knows the number of its first line.

    Args:
        file: At its beginning.
        n_bytes: Its size.
        size: Of a stretch, about.
    """
    if find_encoding(file.read(4))[0] != "utf-8":
        return
    file.seek(0)
    start, line = 0, 1
    while start + size + size // 4 < n_bytes:
        left, n_lines = size, 0
        while left and (block := file.read(min(left, _COUNTED))):
            n_lines += block.count(b"\n")
            left -= len(block)
        while (piece := file.readline(_COUNTED)) and not piece.endswith(b"\n"):
            pass
        end = file.tell()
        if end >= n_bytes or left:  # or the file is shorter by now: who reads it finds that it changed
            break
        yield Stretch(start, end, line), end - start
        start, line = end, line + n_lines + 1
    yield Stretch(start, None, line), n_bytes - start


def long_parts(more: Callable[[int], bytes], data: bytes = b"") -> Iterator[bytes]:
    """A text that is too long to be held, in parts that are read one by one, each as a text of its own.

    Parts end with a paragraph, else with a line, else with a word, in the last quarter of `LONG_PART` bytes. Where they
    end follows from the bytes alone, so that whoever cuts a file and whoever reads all of it in one go have the same.

    Args:
        more: Reads on, at most so many bytes; fewer at the end.
        data: What has been read already.
    """
    while True:
        while len(data) <= LONG_PART and (block := more(LONG_PART + 1 - len(data))):
            data += block
        if len(data) <= LONG_PART:
            if data:
                yield data
            return
        end = _part_end(data)
        yield data[:end]
        data = data[end:]


def _part_end(data: bytes) -> int:
    """Where the first part of more than `LONG_PART` bytes ends."""
    for mark in _ENDS:
        at = data.rfind(mark, 3 * LONG_PART // 4, LONG_PART)
        if at >= 0:
            return at + len(mark)
    end = LONG_PART
    while end > LONG_PART - 4 and data[end] & 0xC0 == 0x80:  # within a character
        end -= 1
    return end


def is_long(n_bytes: int) -> bool:
    """Whether a text of so many bytes, its mark left out, is read in parts."""
    return n_bytes > HELD_BYTES


def _cut_long(file: IO[bytes], mark: int, n_bytes: int) -> Iterator[tuple[Stretch, int]]:
    start, end = 0, mark
    for part in long_parts(file.read):
        end += len(part)
        if end >= n_bytes:  # a file that grows meanwhile is known to have changed by whoever reads it
            yield Stretch(start, None, 1), end - start
            return
        yield Stretch(start, end, 1), end - start
        start = end


def cut_groups(groups: Iterator[tuple[int, int]], size: int) -> Iterator[tuple[Stretch, int]]:
    """Stretches of row groups with about so much text.

    Args:
        groups: Rows and bytes of each.
        size: Of a stretch.
    """
    first = n_rows = n_rows_before = n_bytes = number = 0
    for number, (rows, n) in enumerate(groups):
        if n_bytes and n_bytes + n > size:
            yield Stretch(first, number, n_rows_before), n_bytes
            first, n_rows_before, n_bytes = number, n_rows, 0
        n_rows += rows
        n_bytes += n
    yield Stretch(first, None, n_rows_before), n_bytes


def cut_text(path: Path, n_bytes: int, size: int) -> Iterator[tuple[Stretch, int]]:
    """Stretches of a `.txt` file that end where one of its documents does; none of another encoding than UTF-8.

    What its documents are follows from all that stands before: so it is read once to be cut, at some 50 MB/s. A long
    one has its parts for stretches; one that is not long is not cut where it is not clean.

    Args:
        path: The file.
        n_bytes: Its size.
        size: Of a stretch of a text that is not long, about.
    """
    with path.open("rb") as file:
        encoding, mark = find_encoding(file.read(4))
        file.seek(mark)
        if encoding != "utf-8":
            return
        if is_long(n_bytes - mark):
            yield from _cut_long(file, mark, n_bytes)
            return
    data = path.read_bytes()
    if b"\0" in data:
        return
    try:
        text = data[mark:].decode()
    except UnicodeDecodeError:  # who reads it counts and names what is damaged, of all of it
        return
    del data
    if "\ufeff" in text:  # a reader takes one that a stretch begins with for a mark
        return
    start, passed, end = 0, 0, mark
    for place in find_cuts(text):
        end += len(text[passed:place].encode())
        passed = place
        if end - start >= size and n_bytes - end > size // 4:
            yield Stretch(start, end, 1), end - start
            start = end
    yield Stretch(start, None, 1), n_bytes - start
