"""Judgements of queries and documents, as BEIR and as TREC write them, and as spreadsheets leave them."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from minicoil.text import read_lines

Note = Callable[[str, str], None]  # reason, place
MALFORMED = "judgements that are not query, document, grade"
TWICE = "judgements given twice (the first counts)"
_QUERY_NAMES = {"query-id", "query_id", "query id", "queryid", "query", "qid", "topic", "topic-id", "topic_id"}
_DOC_NAMES = {"corpus-id", "corpus_id", "corpusid", "doc-id", "doc_id", "docid", "docno", "document-id", "document_id"}
_GRADE_NAMES = {"score", "grade", "rel", "relevance", "label", "relevant", "rating"}


@dataclass(frozen=True)
class _Columns:
    """Where query, document and grade stand."""

    query: int
    doc: int
    grade: int


_BEIR = _Columns(0, 1, 2)
_LONGEST = 131_072  # characters of a field: longer is no id, but a quote that nobody closed
_TREC = _Columns(0, 2, 3)  # between them an iteration that nobody uses


def read_judgements(path: Path, note: Note) -> dict[str, dict[str, float]]:
    """Query id -> document id -> grade, a finite number that may be 0 or below; the first of two counts.

    Read are three columns with tabs between them (query, document, grade), with a heading or without, quoted or not;
    and TREC's four (query, iteration, document, grade) with tabs or spaces. A heading may name other columns too. Any
    line end, and any encoding that the file begins with a mark of.

    Args:
        path: The file.
        note: Told of every line that cannot be used: why, and where.

    Source: BEIR, `GenericDataLoader`; trec_eval, `get_qrels.c`.
    """
    relevant: dict[str, dict[str, float]] = {}
    named: _Columns | None = None
    is_first = True
    with path.open("rb") as file:
        for number, line in enumerate(read_lines(file), 1):
            if not line.strip():
                continue
            fields, where = _split(line), f"{path.name}:{number}"
            if is_first:
                is_first = False
                named = _read_heading(fields)
                if named is not None or fields[-1:] and fields[-1].lower() in _GRADE_NAMES:
                    continue
            columns = named or (_TREC if len(fields) == 4 else _BEIR if len(fields) == 3 else None)
            found = None if columns is None else _read_row(fields, columns)
            if found is None:
                note(MALFORMED, where)
                continue
            query, doc, grade = found
            grades = relevant.setdefault(query, {})
            if doc in grades:
                note(TWICE, where)
            grades.setdefault(doc, grade)
    return relevant


def _split(line: str) -> list[str]:
    """Fields of a line: at tabs, between which ids may hold spaces; else TREC's four at any space, else one."""
    line = line.rstrip()
    fields = line.split("\t")
    if '"' in line:
        try:
            fields = next(csv.reader([line], delimiter="\t"), [])
        except csv.Error:
            return []
        if max(map(len, fields), default=0) > _LONGEST:
            return []
    if len(fields) < 3 and len(line.split()) == 4:
        fields = line.split()
    return [field.strip() for field in fields]


def _read_heading(fields: Sequence[str]) -> _Columns | None:
    """The columns that a heading names; None where it is none."""
    names = [field.lower() for field in fields]
    places = [
        next((place for place, name in enumerate(names) if name in known), None)
        for known in (_QUERY_NAMES, _DOC_NAMES, _GRADE_NAMES)
    ]
    query, doc, grade = places
    return None if query is None or doc is None or grade is None else _Columns(query, doc, grade)


def _read_row(fields: Sequence[str], columns: _Columns) -> tuple[str, str, float] | None:
    if len(fields) <= max(columns.query, columns.doc, columns.grade):
        return None
    query, doc, grade = fields[columns.query], fields[columns.doc], _read_grade(fields[columns.grade])
    return None if not query or not doc or grade is None else (query, doc, grade)


def _read_grade(field: str) -> float | None:
    """A finite number, whole where it is one; None where it is none."""
    try:
        grade = float(field)
    except ValueError:
        return None
    if not math.isfinite(grade):
        return None
    return int(grade) if grade.is_integer() else grade
