"""A BEIR folder read whole, and everything in it that contradicts itself counted and named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from minicoil.errors import CorpusError
from minicoil.problems import Problems
from minicoil.retrieval import RetrievalSet
from minicoil.text import as_utf8
from tasks.documents import id_text, storable
from tasks.proof.judgements import read_judgements

BEIR_FILES = ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv")
OWN_DOCUMENT = "queries that are documents of the corpus themselves: their own document is left out of their ranking"


def read_beir(folder: Path) -> RetrievalSet:
    """The set of a BEIR folder: `corpus.jsonl`, `queries.jsonl`, `qrels/test.tsv`.

    A document's text is its title, a newline and its text. Queries without judgement in test.tsv are left out, as BEIR
    does; everything else that cannot be used is in the set's `problems`. A query that is a document itself does not
    find itself: see `_own_documents`.

    Raises:
        CorpusError: a file is missing, or no query is left that could be judged.
    """
    folder = folder.expanduser()
    paths = {name: folder / name for name in BEIR_FILES}
    missing = [name for name, path in paths.items() if not path.is_file()]
    if missing:
        raise CorpusError(f"{folder}: {', '.join(missing)} not found; expected a BEIR folder: {', '.join(BEIR_FILES)}")
    problems = Problems[str]()
    documents, titles = _read_texts(paths["corpus.jsonl"], "documents", problems)
    queries, _ = _read_texts(paths["queries.jsonl"], "queries", problems)
    relevant = read_judgements(paths["qrels/test.tsv"], problems.note)
    own = _own_documents(documents, titles, queries, relevant)
    kept: dict[str, dict[str, float]] = {}
    for query, grades in relevant.items():
        if query not in queries:
            problems.note("judged queries that queries.jsonl does not have", query)
            continue
        found = {}
        for doc, grade in grades.items():
            if doc not in documents:
                problems.note("judgements of documents that corpus.jsonl does not have", f"{query} {doc}")
            elif grade > 0 and doc not in own.get(query, ()):
                found[doc] = grade
        if found:
            kept[query] = found
        else:
            problems.note("judged queries without a relevant document here", query)
    left_out = {query: own[query] for query in kept if query in own}
    for query in left_out:
        problems.note(OWN_DOCUMENT, query)
    if not kept:
        reasons = "; ".join(f"{row.n} {row.reason}" for row in problems) or "its files are empty"
        raise CorpusError(
            f"{folder}: no query is left to judge ({reasons}); check that the three files belong together"
        )
    return RetrievalSet(
        name=folder.absolute().name,
        kind="judged",
        documents=documents,
        queries={query: queries[query] for query in kept},
        relevant=kept,
        left_out=left_out,
        problems=tuple(problems),
    )


def _own_documents(
    documents: Mapping[str, str],
    titles: Mapping[str, int],
    queries: Mapping[str, str],
    relevant: Mapping[str, Mapping[str, float]],
) -> dict[str, frozenset[str]]:
    """Judged query -> documents that are the query itself, which any ranking finds first and nobody asked for.

    A document with the id of the query is the query, as in ArguAna; so is one with its text, as in Quora, where it may
    have a title besides. One of these that was judged to answer the query is an answer, a copy under another id for
    instance, unless id and text are both the query's.

    Source: BEIR, `EvaluateRetrieval.evaluate`, `ignore_identical_ids`.
    """
    wanted: dict[str, list[str]] = {}
    for query in relevant:
        if query in queries:
            wanted.setdefault(_plain(queries[query]), []).append(query)
    same: dict[str, set[str]] = {}
    for doc, text in documents.items():
        for form in {_plain(text), _plain(text[titles.get(doc, 0) :])}:
            for query in wanted.get(form, ()):
                same.setdefault(query, set()).add(doc)
    own: dict[str, frozenset[str]] = {}
    for query in chain.from_iterable(wanted.values()):
        alike = same.get(query, set())
        found = alike | ({query} & documents.keys())
        answers = {doc for doc in found if relevant[query].get(doc, 0) > 0} - ({query} & alike)
        if found - answers:
            own[query] = frozenset(found - answers)
    return own


def _plain(text: str) -> str:
    return " ".join(text.split())


def _read_texts(path: Path, what: str, problems: Problems[str]) -> tuple[dict[str, str], dict[str, int]]:
    """Id -> text of a JSONL file, and id -> letters of the title before it; the first of a repeated id counts."""
    texts: dict[str, str] = {}
    titles: dict[str, int] = {}
    for where, row in _rows(path, problems):
        name, text, title = id_text(row.get("_id")), row.get("text"), row.get("title")
        if not name or not isinstance(text, str):
            problems.note(f"{what} without _id or text", where)
            continue
        title = title if isinstance(title, str) else ""
        whole = f"{title}\n{text}" if title else text
        if not whole.strip():
            problems.note(f"empty {what}", where)
        elif name in texts:
            problems.note(f"{what} whose id occurred before (the first counts)", f"{where}: {name}")
        else:
            texts[name] = storable(whole)
            if title:
                titles[name] = len(title)
    return texts, titles


def _rows(path: Path, problems: Problems[str]) -> Iterator[tuple[str, dict[str, Any]]]:
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
