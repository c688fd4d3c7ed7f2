"""Query logs: one query a line, whole, or JSON lines; in whatever encoding their mark says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minicoil.errors import UsageError
from minicoil.files import parse_json
from minicoil.text import read_lines
from tasks.disk import find_path, shown_name
from tasks.documents import CorpusReport, id_text, storable


@dataclass(frozen=True)
class Query:
    """One query, and the dense vector and the id that a JSON line may bring along as `vector` and `_id`."""

    text: str
    vector: Any = None
    name: str = ""


def read_queries(path: str, report: CorpusReport) -> list[Query]:
    """Queries of a file. There are no comments: "C#", "issue #42" and "#hashtag" are what people search for.

    Args:
        path: The file.
        report: Told of lines that are no query.

    Raises:
        UsageError: it cannot be read.
    """
    queries = []
    for number, line in enumerate(read_text_lines(path, "one query a line, or JSON lines"), 1):
        line = line.strip()
        if not line:
            continue
        row: Any = {"text": line}
        if line.startswith("{"):
            try:
                row = parse_json(line)
            except ValueError:
                report.refuse("lines that are not JSON", f"{shown_name(path)}:{number}")
                continue
        text = row.get("text") or row.get("query")
        if isinstance(text, str) and text.strip():
            queries.append(Query(storable(text), row.get("vector"), id_text(row.get("_id"))))
        else:
            report.refuse("rows without text", f"{shown_name(path)}:{number}")
    return queries


def read_text_lines(path: str, expected: str) -> list[str]:
    """Lines of a text file.

    Raises:
        UsageError: it cannot be read, or is no text.
    """
    try:
        with find_path(path).open("rb") as file:
            lines = list(read_lines(file))
    except (OSError, ValueError) as error:
        raise UsageError(f"{shown_name(path)} cannot be read ({error}); expected {expected}") from error
    if any("\0" in line for line in lines):
        raise UsageError(
            f"{shown_name(path)} holds zero bytes: it is no text, or UTF-16 without its mark; expected {expected}"
        )
    return lines
