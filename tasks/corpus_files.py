"""Text from files and folders, read line by line; a bad line, file or byte is counted and passed over."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from minicoil.docstrings import from_rst
from minicoil.errors import CorpusError
from minicoil.prose import from_html, from_markdown
from minicoil.sentences import chunk_text
from tasks.corpus import CorpusReport, Document, document

MAX_FILE_BYTES = 64 * 2**20  # of one prose file; larger ones are data under a text name
MAX_LINE_BYTES = 16 * 2**20  # of one JSON line, which is held in memory whole
_PROSE: dict[str, Callable[[str], str]] = {
    ".txt": lambda text: text,
    ".md": from_markdown,
    ".markdown": from_markdown,
    ".rst": from_rst,
    ".html": from_html,
    ".htm": from_html,
}
_TABLES = {".parquet", ".arrow"}
_KNOWN = {*_PROSE, ".jsonl", ".ndjson", *_TABLES}


def read_path(spec: str, report: CorpusReport) -> Iterator[Document]:
    """Documents of a file, or of every readable file below a folder, in name order.

    Raises:
        CorpusError: there is nothing under that name, or no file of a kind that is read.
    """
    path = Path(spec).expanduser()
    if path.is_file():
        if _kind(path) not in _KNOWN:
            raise CorpusError(f"{path}: {_kind(path) or 'a file without ending'} is not read; {_accepted()}")
        return _read_file(path, path.name, report)
    if not path.is_dir():
        raise CorpusError(f"corpus '{spec}' was not found; give a file, a folder, hf:..., qdrant:... or pydocs:...")
    return _read_folder(path, report)


def _read_folder(folder: Path, report: CorpusReport) -> Iterator[Document]:
    n_files = 0
    for path in _files(folder, report):
        if _kind(path) not in _KNOWN:
            report.refuse(f"files of a kind that is not read ({_kind(path) or 'no ending'})", str(path))
            continue
        n_files += 1
        yield from _read_file(path, path.relative_to(folder).as_posix(), report)
    if not n_files:
        raise CorpusError(f"{folder} holds no file that is read; {_accepted()}")


def _files(folder: Path, report: CorpusReport) -> Iterator[Path]:
    """Files below a folder in order of path, hidden ones left out; a folder that cannot be opened is reported."""

    def refuse(error: OSError) -> None:
        report.refuse("folders that cannot be opened", str(error.filename))

    for root, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(root, name)
            if path.is_file():  # not a pipe, a socket or a link to nowhere
                yield path


def _accepted() -> str:
    return f"expected one of {', '.join(sorted(_KNOWN))}, or one of these with .gz"


def _kind(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def _open_bytes(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def _read_file(path: Path, name: str, report: CorpusReport) -> Iterator[Document]:
    kind = _kind(path)
    try:
        if kind in _TABLES:
            from tasks.corpus_sets import read_table

            yield from read_table(path, name, report)
        elif kind in _PROSE:
            yield from _read_prose(path, name, report)
        else:
            yield from _read_lines(path, name, report)
    except (OSError, EOFError, zlib.error) as error:  # permissions, a file that vanished, a damaged or cut gzip
        report.refuse("files that cannot be read", f"{path}: {error}")


def _read_prose(path: Path, name: str, report: CorpusReport) -> Iterator[Document]:
    with _open_bytes(path) as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        report.refuse(f"files over {MAX_FILE_BYTES // 2**20} MiB read in part", str(path))
        data = data[:MAX_FILE_BYTES]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        report.refuse("files with bytes that are not UTF-8 (replaced)", f"{path}: byte {error.start}")
        text = data.decode("utf-8", "replace")
    title = path.name.removesuffix(".gz").rsplit(".", 1)[0].replace("_", " ").replace("-", " ")
    empty = True
    for chunk in chunk_text(_PROSE[_kind(path)](text.replace("\0", " "))):
        empty = False
        yield document(name, title, chunk)
    if empty:
        report.refuse("files without prose", str(path))


def _read_lines(path: Path, name: str, report: CorpusReport) -> Iterator[Document]:
    with _open_bytes(path) as file:
        for number, raw in enumerate(_lines(file), 1):
            where = f"{path}:{number}"
            if raw is None:
                report.refuse(f"lines over {MAX_LINE_BYTES // 2**20} MiB", where)
                continue
            if not raw.strip():
                continue
            try:
                row = json.loads(raw.decode("utf-8-sig"))
            except UnicodeDecodeError:
                report.refuse("lines that are not UTF-8", where)
            except (ValueError, RecursionError):
                report.refuse("lines that are not JSON", where)
            else:
                yield from row_document(row, name, where, report)


def _lines(file: IO[bytes]) -> Iterator[bytes | None]:
    """Lines of a file; None in place of one that is too long to hold."""
    while raw := file.readline(MAX_LINE_BYTES + 1):
        if len(raw) <= MAX_LINE_BYTES:
            yield raw
            continue
        while raw and not raw.endswith(b"\n"):
            raw = file.readline(MAX_LINE_BYTES)
        yield None


def row_document(row: Any, name: str, where: str, report: CorpusReport, column: str = "text") -> Iterator[Document]:
    """The document of one row, none where it has no usable text.

    Args:
        row: A mapping with `column`; `doc`, `_id` or `id`, and `title` are kept.
        name: Source name where the row has no `doc`.
        where: Place to name in the report.
        report: Told of rows that cannot be used.
        column: Where the text stands.
    """
    if not isinstance(row, dict):
        report.refuse("rows that are not an object", where)
        return
    text = row.get(column)
    if not isinstance(text, str):
        report.refuse(f"rows without '{column}'", where)
        return
    if not text.strip():
        report.refuse("rows with empty text", where)
        return
    title = row.get("title")
    own_id = next((str(row[key]) for key in ("_id", "id") if row.get(key) not in (None, "")), "")
    doc = str(row.get("doc") or own_id or name)
    # lone surrogates are valid JSON and invalid UTF-8; nothing downstream could store them
    parts = (doc, title if isinstance(title, str) else "", text, own_id)
    yield document(*(part.encode("utf-8", "replace").decode() for part in parts))
