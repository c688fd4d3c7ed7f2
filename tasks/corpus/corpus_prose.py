"""Text from files of prose, in documents of some 120 words; one whose end is missing is read to where it is."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import IO

from minicoil.text import as_utf8, chunk_text, from_html, from_markdown, from_rst
from tasks.documents import HELD_BYTES, CorpusReport, Document, RowPlace, Stretch, document, is_long, long_parts

PROSE: dict[str, Callable[[str], str]] = {
    ".txt": lambda text: text,
    ".md": from_markdown,
    ".markdown": from_markdown,
    ".rst": from_rst,
    ".html": from_html,
    ".htm": from_html,
}
UNREADABLE = (OSError, EOFError, zlib.error)  # permissions, a file that vanished, a damaged or cut gzip


def said_by(error: BaseException) -> str:
    """What an error says, for messages that name the file themselves."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def read_prose(
    file: IO[bytes], kind: str, place: RowPlace, report: CorpusReport, stretch: Stretch | None = None
) -> Iterator[Document]:
    """Documents of a file of prose; what comes before a damaged part is read.

    Args:
        file: From its beginning.
        kind: Its ending.
        place: What it is called.
        report: Told of what could not be used.
        stretch: Only these bytes of a `.txt` file.
    """
    if stretch is not None and stretch.start:
        file.seek(stretch.start)
    else:
        file = as_utf8(file)
    n_bytes = HELD_BYTES + 1 if stretch is None or stretch.end is None else stretch.end - file.tell()
    data, failure = _read_most(file, n_bytes)
    if failure is None and kind == ".txt" and is_long(len(data)):
        yield from _read_long(file, data, place, report)
        return
    if failure is not None:  # what came before it is read
        report.refuse("files that cannot be read", f"{place.shown}: {said_by(failure)}")
    if is_cut := len(data) > HELD_BYTES:
        told = f"files over {HELD_BYTES // 2**20} MiB read in part (split them, or give their text as .jsonl)"
        report.refuse(told, place.shown)
        data = data[:HELD_BYTES]
    text = _decoded(data, is_cut or failure is not None, place, report)
    if text is not None:
        yield from chunk_documents(PROSE[kind](text), place, report)


def _read_long(file: IO[bytes], data: bytes, place: RowPlace, report: CorpusReport) -> Iterator[Document]:
    """Documents of a text that is too long to be held: of its parts, one after the other."""
    failed: list[Exception] = []

    def more(n: int) -> bytes:
        if failed:
            return b""
        try:
            block, failure = _read_most(file, n)
        except UNREADABLE as error:
            block, failure = b"", error
        if failure is not None:
            failed.append(failure)
            report.refuse("files that cannot be read", f"{place.shown}: {said_by(failure)}")
        return block

    start = 0
    for part in long_parts(more, data):
        text = _decoded(part, bool(failed), place, report, start)
        if text is not None:
            yield from chunk_documents(text, place, report)
        start += len(part)


def _decoded(data: bytes, is_cut: bool, place: RowPlace, report: CorpusReport, start: int = 0) -> str | None:
    """A text out of its bytes, what is no text in them replaced; None where they are none.

    Args:
        data: From a file's byte `start` on.
        is_cut: Whether it may end within a character.
        place: What the file is called.
        report: Told of what could not be used.
        start: For messages.
    """
    if 4 * data.count(0) > len(data):
        report.refuse("files full of zero bytes: no text, or UTF-16 without its mark", place.shown)
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        is_last = is_cut and error.reason == "unexpected end of data"
        if not is_last:  # half a character, where the text was cut
            report.refuse(
                "files with bytes that are not UTF-8 (replaced)", f"{place.shown}: byte {start + error.start}"
            )
        text = data[: error.start].decode("utf-8-sig") if is_last else data.decode("utf-8", "replace")
    return text.replace("\0", " ")


def _read_most(file: IO[bytes], size: int) -> tuple[bytes, Exception | None]:
    """What can be read of a file, at most so much, and what ended it before."""
    data = bytearray()
    read = file.read1  # type: ignore[attr-defined]  # what is there: `read` loses all that it gathered before it fails
    try:
        while len(data) < size and (piece := read(size - len(data))):
            data += piece
    except UNREADABLE as error:
        if not data:
            raise
        return bytes(data), error
    return bytes(data), None


def chunk_documents(text: str, place: RowPlace, report: CorpusReport) -> Iterator[Document]:
    """Pieces of prose, each a document under the file's name."""
    title = place.file.rpartition("/")[2].removesuffix(".gz").rsplit(".", 1)[0].replace("_", " ").replace("-", " ")
    empty = True
    for chunk in chunk_text(text):
        empty = False
        yield document(place.file, title, chunk)
    if empty:
        report.refuse("files without prose", place.shown)
