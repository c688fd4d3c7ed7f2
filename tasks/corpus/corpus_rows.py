"""A row of any file or set as a document, or why it is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tasks.corpus.documents import Document, RowPlace, row_texts
from tasks.corpus.specs import CorpusReport

FIELDS = ("title", "doc", "_id", "id")  # kept of a row, beside its text


def row_document(row: Any, place: RowPlace, report: CorpusReport, column: str = "text") -> Iterator[Document]:
    """The document of one row, none where it has no usable text.

    Args:
        row: A mapping with `column`; `doc`, `_id` or `id`, and `title` are kept.
        place: Where it stands; its file is the document's name where the row gives none.
        report: Told of rows that cannot be used.
        column: Where the text stands.
    """
    if not isinstance(row, dict):
        report.refuse("rows that are not an object", place.where)
        return
    text = row.get(column)
    if isinstance(text, bytes):  # what tables hold whose writer did not say that it is text
        try:
            text = text.decode()
        except UnicodeDecodeError:
            report.refuse(f"rows whose '{column}' is not UTF-8", place.where)
            return
    if not isinstance(text, str):
        report.refuse(f"rows without '{column}'", place.where)
    elif not text.strip():
        report.refuse("rows with empty text", place.where)
    else:
        yield row_texts(row, row.get("title"), text, place)
