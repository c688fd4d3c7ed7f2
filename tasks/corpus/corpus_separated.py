"""Text from .csv and .tsv files: rows below a header, as spreadsheets and databases write them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import IO

from tasks.corpus.corpus_rows import FIELDS, refuse_column, row_document
from tasks.documents import CorpusReport, Document, RowPlace

_MOST = 16 * 2**20  # bytes of one line and of one value, which are held in memory whole
csv.field_size_limit(max(_MOST, csv.field_size_limit()))


def read_separated(
    file: IO[bytes], is_tabbed: bool, place: RowPlace, report: CorpusReport, column: str = "text"
) -> Iterator[Document]:
    """Rows of a file of separated values.

    Values are separated by tabs in .tsv, else by commas, or by semicolons where the header has no comma; quotes hold a
    value of several lines together. A row that is none costs itself: one whose quotes never end costs what it took to
    be its value, and is named by the line it begins at.

    Args:
        file: As UTF-8, from its beginning.
        is_tabbed: Whether it is .tsv.
        place: Of its rows, but for their number, which is that of their first line.
        report: Told of what could not be used.
        column: Where the text stands.
    """
    lines = _decoded(file, place, report)
    first = next(lines, "")
    if not first.strip():
        report.refuse("files with nothing in them", place.shown)
        return
    mark = "\t" if is_tabbed else ";" if ";" in first and "," not in first else ","
    header = [name.strip() for name in next(csv.reader([first], delimiter=mark))]
    if column not in header:
        refuse_column(report, place, column, ", ".join(header))
        return
    wanted = [(header.index(name), name) for name in dict.fromkeys((column, *FIELDS)) if name in header]
    for name in sorted({name for _, name in wanted if header.count(name) > 1}):
        report.refuse("columns whose name occurs twice (the first counts)", f"{place.shown}: {name}")
    reader, empty = csv.reader(lines, delimiter=mark, strict=True), True
    while True:
        here = place.at(2 + reader.line_num)
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            report.refuse("rows whose quotes do not close where a value ends", f"{here.where}: {error}")
            empty = False
            continue
        if not row:
            continue
        empty = False
        if len(row) > len(header):
            report.refuse("rows with more values than the header has names", here.where)
            continue
        found = {name: row[number] for number, name in wanted if number < len(row)}
        yield from row_document(found, here, report, column)
    if empty:
        report.refuse("files with nothing in them", place.shown)


def _decoded(file: IO[bytes], place: RowPlace, report: CorpusReport) -> Iterator[str]:
    """Lines as text; bytes that are none are replaced, and their lines named."""
    number = 0
    while raw := file.readline(_MOST + 1):
        number += 1
        if len(raw) > _MOST:
            report.refuse(f"lines over {_MOST // 2**20} MiB", place.at(number).where)
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(_MOST)
            continue
        try:
            yield raw.decode()
        except UnicodeDecodeError:
            report.refuse("lines with bytes that are not UTF-8 (replaced)", place.at(number).where)
            yield raw.decode("utf-8", "replace")
