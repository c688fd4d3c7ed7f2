"""A row of any file or set as a document, or why it is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson

from tasks.documents import CorpusReport, Document, RowPlace, row_texts

FIELDS = ("title", "doc", "_id", "id")  # kept of a row, beside its text

_ALIKE = {str, int, bool, type(None)}  # what both readers of JSON make the same of


def parse_row(raw: bytes) -> Any:
    """A line of JSON as Python's own reader has it; rows of text and whole numbers alone are read by a faster one.

    They differ in fractions, numbers of more than 64 bits, nesting, and in what one of them does not take for JSON.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
        ValueError: it is no JSON.
        RecursionError: it is nested deeper than the interpreter goes.
    """
    try:
        row = orjson.loads(raw)
    except orjson.JSONDecodeError:
        row = None
    if type(row) is dict and _ALIKE.issuperset(map(type, row.values())):
        return row
    return json.loads(raw.decode("utf-8-sig"))


def refuse_column(report: CorpusReport, place: RowPlace, column: str, known: str) -> None:
    """Count a file that has no such column, and say which it has."""
    told = f"{place.shown}: its columns are {known}; name the one of the text, as PATH#COLUMN"
    report.refuse(f"files without a column '{column}'", told)


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
