"""Text from files and folders, read line by line; a bad line, file or byte is counted and passed over."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from minicoil.errors import CorpusError, UsageError
from minicoil.text import as_utf8
from tasks.corpus.corpus_documents import EXTRA, READERS, is_missing, read_document_file
from tasks.corpus.corpus_folders import find_files
from tasks.corpus.corpus_prose import PROSE, UNREADABLE, chunk_documents, read_prose, said_by
from tasks.corpus.corpus_rows import parse_row, row_document
from tasks.disk import find_path, shown_name
from tasks.documents import CorpusReport, Document, RowPlace, Stretch, storable

MAX_LINE_BYTES = 16 * 2**20  # of one JSON line, which is held in memory whole
_TABLES, _LINES, _SEPARATED = {".parquet", ".arrow"}, {".jsonl", ".ndjson"}, {".csv", ".tsv"}
_ROWS = {*_TABLES, *_LINES, *_SEPARATED}
_KNOWN = {*PROSE, *_ROWS, *READERS}
CHANGED = "files that changed while they were read"


def read_path(spec: str, report: CorpusReport) -> Iterator[Document]:
    """Documents of a file, or of every readable file below a folder, in name order.

    A file of rows, or a folder with such files, may be followed by the column of the text, `rows.csv#body`; what exists
    as a path is that path.

    Raises:
        CorpusError: there is nothing under that name, or no file of a kind that is read.
    """
    for path, name, shown, column in find_corpus_files(spec, report):
        yield from read_file(path, name, shown, report, column)


def find_corpus_files(spec: str, report: CorpusReport) -> Iterator[tuple[Path, str, str, str]]:
    """The files that a SPEC stands for: path, name below the folder, name in messages, column of the text.

    Raises:
        CorpusError: as `read_path`.
        UsageError: it is one file, and what reads its kind is not installed.
    """
    path, column = _with_column(spec)
    if not spec:
        raise CorpusError("corpus '' was not found: an empty name stands for no folder; give '.' for this one")
    if os.path.isfile(path):
        if not is_known(path):
            kind = file_kind(path) or "a file without ending"
            raise CorpusError(f"{shown_name(path)}: {kind} is not read; {accepted_kinds()}")
        if is_missing(file_kind(path)):
            raise UsageError(f"{shown_name(path)}: {file_kind(path)} is read by an extra: {EXTRA}")
        yield path, shown_name(path.name), shown_name(path), column
    elif os.path.isdir(path):
        yield from _find_in_folder(path, report, column)
    elif os.path.islink(path):
        raise CorpusError(
            f"corpus '{shown_name(path)}' is a link to nothing ({shown_name(os.readlink(path))}); give "
            "what it should lead to"
        )
    elif os.path.lexists(path):
        raise CorpusError(f"corpus '{shown_name(path)}' is neither a file nor a folder; give one of these")
    else:
        raise CorpusError(
            f"corpus '{shown_name(spec)}' was not found; give a file, a folder, s3://..., hf:..., qdrant:... or "
            "pydocs:..."
        )


def _with_column(spec: str) -> tuple[Path, str]:
    """The path that a SPEC stands for, and the column of its rows."""
    path = find_path(spec)
    name, separator, column = spec.rpartition("#")
    if separator and column and not os.path.lexists(path):
        file = find_path(name)
        if os.path.isdir(file) or (os.path.isfile(file) and is_rows(file)):
            return file, column
    return path, "text"


def _find_in_folder(folder: Path, report: CorpusReport, column: str) -> Iterator[tuple[Path, str, str, str]]:
    n_files = 0
    for path in find_files(folder, report):
        if not is_known(path):
            kind = shown_name(file_kind(path)) or "no ending"
            report.refuse(f"files of a kind that is not read ({kind})", shown_name(path))
            continue
        n_files += 1
        yield path, shown_name(path.relative_to(folder).as_posix()), shown_name(path), column
    if not n_files:
        raise CorpusError(f"{shown_name(folder)} holds no file that is read; {accepted_kinds()}")


def accepted_kinds() -> str:
    """Of files, for messages."""
    return f"expected one of {', '.join(sorted(_KNOWN))}, or one of these with .gz"


def file_kind(path: Path) -> str:
    """The ending of a file's name that says how it is read, without that of what packed it."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def is_known(path: Path) -> bool:
    """Whether a file is of a kind that is read."""
    return file_kind(path) in _KNOWN


def is_rows(path: Path) -> bool:
    """Whether a file is one of JSON lines, of separated values, or a table."""
    return file_kind(path) in _ROWS


def _open_bytes(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def file_stamp(path: Path) -> tuple[int, int] | None:
    """Size and time of the last change; None where nobody can say."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def read_file(
    path: Path, name: str, shown: str, report: CorpusReport, column: str = "text", stretch: Stretch | None = None
) -> Iterator[Document]:
    """Documents of one file.

    Args:
        path: The file.
        name: Its path below the folder that was named.
        shown: Its path as messages name it.
        report: Told of what could not be used.
        column: Where the text of its rows stands.
        stretch: Only these rows.
    """
    before = file_stamp(path)
    yield from read_placed(path, RowPlace(shown_name(os.path.abspath(path)), name, shown), report, column, stretch)
    if stretch is None and file_stamp(path) != before:
        report.refuse(CHANGED, shown)


def read_placed(
    path: Path, place: RowPlace, report: CorpusReport, column: str = "text", stretch: Stretch | None = None
) -> Iterator[Document]:
    """Documents of a file that is called otherwise than it lies, such as one that was downloaded.

    Args:
        path: The file; its ending says how it is read.
        place: What it is called.
        report: Told of what could not be used.
        column: Where the text of its rows stands.
        stretch: Only these rows.
    """
    if file_kind(path) in _ROWS:
        yield from read_rows(path, place, report, column, stretch)
    elif is_missing(file_kind(path)):
        report.refuse(f"files that need {EXTRA}", place.shown)
    else:
        try:
            if file_kind(path) in READERS:
                yield from _read_document_file(path, place, report)
            else:
                with _open_bytes(path) as file:
                    yield from read_prose(file, file_kind(path), place, report, stretch)
        except UNREADABLE as error:
            report.refuse("files that cannot be read", f"{place.shown}: {said_by(error)}")


def _read_document_file(path: Path, place: RowPlace, report: CorpusReport) -> Iterator[Document]:
    from tasks.corpus.corpus_tables import open_seekable

    with open_seekable(path) as file:
        text = read_document_file(file, file_kind(path), place, report)
    if text is not None:
        yield from chunk_documents(storable(text.replace("\0", " ")), place, report)


def read_rows(
    path: Path, place: RowPlace, report: CorpusReport, column: str = "text", stretch: Stretch | None = None
) -> Iterator[Document]:
    """Rows of a file of JSON lines, separated values or a table; a file that cannot be read is one row of the report.

    Args:
        path: The file.
        place: Of its rows, but for their number.
        report: Told of what could not be used.
        column: Where the text stands.
        stretch: Only these rows.
    """
    try:
        if not path.stat().st_size:
            report.refuse("files with nothing in them", place.shown)
        elif file_kind(path) in _TABLES:
            from tasks.corpus.corpus_tables import read_table

            yield from read_table(path, place, report, column, stretch)
        elif file_kind(path) in _LINES:
            yield from _read_lines(path, place, report, column, stretch)
        elif file_kind(path) in _SEPARATED:
            from tasks.corpus.corpus_separated import read_separated

            with _open_bytes(path) as file:
                yield from read_separated(as_utf8(file), file_kind(path) == ".tsv", place, report, column)
    except UNREADABLE as error:
        report.refuse("files that cannot be read", f"{place.shown}: {said_by(error)}")


def _read_lines(
    path: Path, place: RowPlace, report: CorpusReport, column: str, stretch: Stretch | None
) -> Iterator[Document]:
    empty, end, first = stretch is None, None, 1
    with _open_bytes(path) as file:
        if stretch is not None:
            end, first = stretch.end, stretch.first
            file.seek(stretch.start)
        recoded = file if stretch is not None and stretch.start else as_utf8(file)
        for number, raw in enumerate(_lines(recoded, end), first):
            here = place.at(number)
            if raw is None:
                report.refuse(f"lines over {MAX_LINE_BYTES // 2**20} MiB", here.where)
                continue
            if not raw.strip():
                continue
            empty = False
            try:
                row = parse_row(raw)
            except UnicodeDecodeError:
                report.refuse("lines that are not UTF-8", here.where)
            except (ValueError, RecursionError):
                report.refuse("lines that are not JSON", here.where)
            else:
                yield from row_document(row, here, report, column)
    if empty:
        report.refuse("files with nothing in them", place.shown)


def _lines(file: IO[bytes], end: int | None = None) -> Iterator[bytes | None]:
    """Lines of a file, those that begin before a byte of it; None in place of one that is too long to hold."""
    while (end is None or file.tell() < end) and (raw := file.readline(MAX_LINE_BYTES + 1)):
        if len(raw) <= MAX_LINE_BYTES:
            yield raw
            continue
        while raw and not raw.endswith(b"\n"):
            raw = file.readline(MAX_LINE_BYTES)
        yield None
