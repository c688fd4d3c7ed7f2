"""Text of PDF and Word files, by readers that come with the extra [documents]."""

from __future__ import annotations

import importlib.util
import logging
import re
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from minicoil.extras import install_line
from tasks.documents import CorpusReport, RowPlace

READERS = {".pdf": "pypdf", ".docx": "docx"}
EXTRA = install_line("documents")
_UNPACKED_BYTES = 2**29  # of a Word file, which is an archive that may hold a thousand times its size
_MOST_CHARACTERS = 2**26
_HYPHEN = re.compile(r"(?<=[a-z])[-\u2010\u00ad]\n(?=[a-z])")  # of a word that goes on in the next line
_ENDS = (".", "!", "?", ":", "\u201d", '"')


def is_missing(kind: str) -> bool:
    """Whether files of a kind need the extra, and it is not installed."""
    reader = READERS.get(kind)
    return reader is not None and importlib.util.find_spec(reader) is None


def read_document_file(file: IO[bytes], kind: str, place: RowPlace, report: CorpusReport) -> str | None:
    """The text of a PDF or Word file, paragraphs with empty lines between them; None where it cannot be read at all.

    Args:
        file: Its bytes; it can seek.
        kind: `.pdf` or `.docx`.
        place: What messages name.
        report: Told of what could not be read.
    """
    parts, size = [], 0
    try:
        for part in _pages(file, place, report) if kind == ".pdf" else _paragraphs(file):
            size += len(part)
            if size > _MOST_CHARACTERS:
                report.refuse(f"files over {_MOST_CHARACTERS >> 20} million characters read in part", place.shown)
                break
            parts.append(part)
    except Exception as error:  # these readers raise what they stumble over
        said = " ".join(str(error).split()) or type(error).__name__
        report.refuse("files that cannot be read", f"{place.shown}: {said}")
        return "".join(parts) or None
    return "".join(parts)


def _pages(file: IO[bytes], place: RowPlace, report: CorpusReport) -> Iterator[str]:
    """Text of each page; a sentence may go on on the next one."""
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of every oddity that it mends
    reader = PdfReader(file, strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise ValueError("it needs a password")
    n_empty = 0
    for number in range(len(reader.pages)):
        try:
            text = reader.pages[number].extract_text()
        except Exception as error:  # see above
            report.refuse("pages that cannot be read", f"{place.shown}: page {number + 1}: {type(error).__name__}")
            continue
        text = _HYPHEN.sub("", text).strip()
        if not text:
            n_empty += 1
            continue
        yield text + ("\n\n" if text.endswith(_ENDS) else "\n")
    if n_empty:
        report.refuse("files with pages that have no text, such as scans", f"{place.shown}: {n_empty:,} pages")


def _paragraphs(file: IO[bytes]) -> Iterator[str]:
    """Paragraphs of the body in order, those of tables cell by cell."""
    from docx import Document

    with zipfile.ZipFile(file) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > _UNPACKED_BYTES:
        raise ValueError(f"it unpacks to more than {_UNPACKED_BYTES >> 20} MiB")
    file.seek(0)
    for block in Document(file).iter_inner_content():
        yield from _texts(block)


def _texts(block: Any) -> Iterator[str]:
    if not hasattr(block, "rows"):
        if block.text.strip():
            yield f"{block.text.strip()}\n\n"
        return
    seen = set()
    for row in block.rows:
        for cell in row.cells:
            if cell._tc not in seen:  # a cell that spans several is met in each of them
                seen.add(cell._tc)
                for inner in cell.iter_inner_content():
                    yield from _texts(inner)
