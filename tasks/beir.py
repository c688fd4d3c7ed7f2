"""A BEIR folder read whole, and everything in it that contradicts itself counted and named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minicoil.decoding import as_utf8
from minicoil.errors import CorpusError
from minicoil.retrieval_set import Problem, RetrievalSet
from tasks.documents import id_text, storable

MAX_EXAMPLES = 5


class _Problems:
    """Reasons, how often, and the first few places of each."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, list[str]] = {}

    def note(self, reason: str, where: str) -> None:
        self._counts[reason] = self._counts.get(reason, 0) + 1
        examples = self._examples.setdefault(reason, [])
        if len(examples) < MAX_EXAMPLES:
            examples.append(where)

    def rows(self) -> tuple[Problem, ...]:
        return tuple(Problem(reason, n, tuple(self._examples[reason])) for reason, n in self._counts.items())


def read_beir(folder: Path) -> RetrievalSet:
    """The set of a BEIR folder: `corpus.jsonl`, `queries.jsonl`, `qrels/test.tsv`.

    A document's text is its title, a newline and its text. Queries without judgement in test.tsv are left out, as BEIR
    does; everything else that cannot be used is in the set's `problems`.

    Raises:
        CorpusError: a file is missing, or no query is left that could be judged.
    """
    folder = folder.expanduser()
    paths = {name: folder / name for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv")}
    missing = [name for name, path in paths.items() if not path.is_file()]
    if missing:
        raise CorpusError(
            f"{folder}: {', '.join(missing)} not found; expected a BEIR folder: corpus.jsonl, queries.jsonl, "
            "qrels/test.tsv"
        )
    problems = _Problems()
    documents = _read_texts(paths["corpus.jsonl"], "documents", problems)
    queries = _read_texts(paths["queries.jsonl"], "queries", problems)
    relevant = _read_judgements(paths["qrels/test.tsv"], problems)
    kept: dict[str, dict[str, int]] = {}
    for query, grades in relevant.items():
        if query not in queries:
            problems.note("judged queries that queries.jsonl does not have", query)
            continue
        found = {}
        for doc, grade in grades.items():
            if doc not in documents:
                problems.note("judgements of documents that corpus.jsonl does not have", f"{query} {doc}")
            elif grade > 0:
                found[doc] = grade
        if found:
            kept[query] = found
        else:
            problems.note("judged queries without a relevant document here", query)
    if not kept:
        reasons = "; ".join(f"{row.n} {row.reason}" for row in problems.rows()) or "its files are empty"
        raise CorpusError(
            f"{folder}: no query is left to judge ({reasons}); check that the three files belong together"
        )
    return RetrievalSet(
        name=folder.absolute().name,
        kind="judged",
        documents=documents,
        queries={query: queries[query] for query in kept},
        relevant=kept,
        problems=problems.rows(),
    )


def _read_texts(path: Path, what: str, problems: _Problems) -> dict[str, str]:
    """Id -> text of a JSONL file; the first of a repeated id counts."""
    texts: dict[str, str] = {}
    for where, row in _rows(path, problems):
        name, text, title = id_text(row.get("_id")), row.get("text"), row.get("title")
        if not name or not isinstance(text, str):
            problems.note(f"{what} without _id or text", where)
            continue
        whole = f"{title}\n{text}" if isinstance(title, str) and title else text
        if not whole.strip():
            problems.note(f"empty {what}", where)
        elif name in texts:
            problems.note(f"{what} whose id occurred before (the first counts)", f"{where}: {name}")
        else:
            texts[name] = storable(whole)
    return texts


def _rows(path: Path, problems: _Problems) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open("rb") as file:
        for number, raw in enumerate(as_utf8(file), 1):
            where = f"{path.name}:{number}"
            if not raw.strip():
                continue
            try:
                row = json.loads(raw.decode("utf-8-sig"))
            except (ValueError, RecursionError):  # not UTF-8 is a ValueError too
                problems.note("lines that are not JSON", where)
                continue
            if isinstance(row, dict):
                yield where, row
            else:
                problems.note("lines that are no object", where)


def _read_judgements(path: Path, problems: _Problems) -> dict[str, dict[str, int]]:
    """Query id -> document id -> grade; the first line may be a heading."""
    relevant: dict[str, dict[str, int]] = {}
    text = path.read_bytes().decode("utf-8-sig", "replace")
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split("\t")
        where = f"{path.name}:{number}"
        if not line.strip() or (number == 1 and fields[-1].strip() == "score"):
            continue
        try:
            query, doc, grade = fields[0].strip(), fields[1].strip(), int(fields[2])
        except (IndexError, ValueError):
            problems.note("judgements that are not query, document, grade", where)
            continue
        grades = relevant.setdefault(query, {})
        if doc in grades:
            problems.note("judgements given twice (the first counts)", where)
        grades.setdefault(doc, grade)
    return relevant
