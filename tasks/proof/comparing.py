"""Two releases searched on the same points, in the shadow: what would change, and by which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.errors import CollectionError, UsageError
from minicoil.retrieval import Run, Shift, first_of_each, fuse, shift, sort_hits, summarise
from minicoil.sparse import MiniCoil, SparseVector, Term, split_query
from tasks.catalogue import CollectionRecord, open_named
from tasks.collections import explain_points
from tasks.corpus import Query, read_queries
from tasks.documents import CorpusReport
from tasks.embeddings import remembering
from tasks.models import CollectionModels
from tasks.place import Place
from tasks.points import Hit, PointId, PointStore
from tasks.progress import track
from tasks.proof.run_files import check_run, write_pair

FUSED_DEPTH = 50  # results of each side that are fused, as the model card's hybrid query takes them
_SAME_ENCODER = 0.98  # cosine of a point's dense vector to our own of its text; float16 and rounding stay above
_EXPLAINED = 50  # queries whose words are named, those that changed most
_WORDS = 3


@dataclass(frozen=True)
class _Side:
    """One release on the collection."""

    release: int
    model: MiniCoil
    vectors: list[SparseVector]
    terms: list[list[Term]]


def compare_releases(
    place: Place, one: int, other: int, collection: str, queries_file: str, limit: int = 10, run: str | None = None
) -> dict[str, Any]:
    """Search a collection with two releases that are both readable on its points.

    Args:
        place: Where.
        one, other: The releases.
        collection: That is searched.
        queries_file: See `tasks.corpus.read_queries`.
        limit: Results compared per query.
        run: Beside it both rankings are written in TREC's form; a document is called by its payload's `doc`, else by
            its point's id, a query by the `_id` of its line, else by its number from 1.

    Raises:
        CollectionError: a release's cells are not in the collection.
        UsageError: the file holds no query, or a run file could not be written.
    """
    check_run(run)
    record = open_named(place, collection)
    for release in (one, other):
        if release not in record.readable:
            names = " and ".join(map(str, sorted(record.readable)))
            raise CollectionError(
                f"release {release} cannot be read from collection '{collection}', which holds the cells of {names}; "
                "both are there between an extension and its contraction; `minicoil release promote` brings one back"
            )
    report = CorpusReport()
    queries = read_queries(queries_file, report)
    if not queries:
        raise UsageError(f"{queries_file} holds no query; expected one a line, or JSON lines with text")
    texts, given = [query.text for query in queries], [query.vector for query in queries]
    models = [_open_model(place, record, release) for release in (one, other)]
    with place.points() as points:
        # first, because a forward pass for sentence vectors gives the words too
        dense_name, dense, why_not = _dense_queries(points, record, models[0], texts, given)
        sides = [_open_side(release, model, texts) for release, model in zip((one, other), models, strict=True)]
        rows = []
        for number, text in enumerate(track(texts, "comparing", len(texts), "queries")):
            using = None if dense is None else dense[number]
            rows.append(_compare_one(points, record, sides, number, text, limit, dense_name, using))
        rows.sort(key=lambda row: (row["shift"].overlap, -int(row["shift"].top_changed), row["number"]))
        for row in rows[:_EXPLAINED]:
            changed = row["shift"].overlap < 1 or row["shift"].top_changed
            row["words"] = _responsible(points, record, sides, row) if changed else []
    answer = {
        "runs": _write_runs(run, (one, other), queries, rows),
        "one": one,
        "other": other,
        "collection": collection,
        "limit": limit,
        "n_queries": len(texts),
        "sparse": {**summarise([row["shift"] for row in rows]), **_scale(rows)},
        "fused": None if dense is None else summarise([row["fused"] for row in rows]),
        "fused_with": dense_name,
        "why_not_fused": why_not,
        "problems": report.rows(),
    }
    return {**answer, "queries": [_row(row) for row in rows]}


def _write_runs(
    file: str | None, releases: tuple[int, int], queries: Sequence[Query], rows: Sequence[dict[str, Any]]
) -> list[str]:
    if file is None:
        return []
    runs: dict[str, Run] = {}
    for side, release in enumerate(releases):
        found: dict[str, list[tuple[str, float]]] = {}
        for row in sorted(rows, key=lambda entry: int(entry["number"])):
            named = ((str(hit.payload.get("doc") or hit.id), hit.score) for hit in row["hits"][side])
            found[queries[row["number"]].name or str(row["number"] + 1)] = first_of_each(sort_hits(named))
        runs[f"release-{release}"] = found
    return write_pair(file, runs)


def _open_model(place: Place, record: CollectionRecord, release: int) -> MiniCoil:
    return remembering(CollectionModels.of(place, record).model(release), place.cache)


def _open_side(release: int, model: MiniCoil, texts: list[str]) -> _Side:
    vectors = list(model.query_embed(texts))
    tokens = [text.tokens for text in model.tokenizer.tokenize(texts)]
    terms = [split_query(words, vector, model.vocabulary) for words, vector in zip(tokens, vectors, strict=True)]
    return _Side(release, model, vectors, terms)


def _dense_queries(
    points: PointStore, record: CollectionRecord, model: MiniCoil, texts: list[str], given: list[Any]
) -> tuple[str | None, NDArray[np.float32] | None, str]:
    """Name of the collection's dense vector and the queries' own, or why there is none to fuse with."""
    page = next(points.scroll(record.name, None, ["text"], vectors=True, page=1), [])
    found = {name: v for name, v in page[0].vectors.items() if not isinstance(v, SparseVector)} if page else {}
    if not found:
        return None, None, "the collection has no dense vector"
    name, stored = next(iter(found.items()))
    if all(vector is not None for vector in given):
        return name, np.asarray(given, dtype=np.float32), ""
    own = _pooled(model, [str(page[0].payload.get("text", ""))])[0]
    cosine = float(own @ stored / max(float(np.linalg.norm(stored)), 1e-12)) if own.shape == stored.shape else 0.0
    if cosine < _SAME_ENCODER:
        return None, None, f"dense vector '{name}' is not of this release's encoder; give the queries a `vector` each"
    return name, _pooled(model, texts), ""


def _pooled(model: MiniCoil, texts: list[str]) -> NDArray[np.float32]:
    """(n, D) float32 unit sentence vectors of the release's encoder."""
    return np.stack([entry.dense for _, entry in model.pool(texts, dense=True)])


def _compare_one(
    points: PointStore,
    record: CollectionRecord,
    sides: Sequence[_Side],
    number: int,
    text: str,
    limit: int,
    dense_name: str | None,
    dense: NDArray[np.float32] | None,
) -> dict[str, Any]:
    depth = limit if dense is None else max(limit, FUSED_DEPTH)
    hits: list[list[Hit]] = []
    for side in sides:
        vector = side.vectors[number]
        hits.append(points.search(record.name, record.vector, vector, depth) if len(vector.indices) else [])
    ranked: list[list[PointId]] = [[hit.id for hit in found] for found in hits]
    row: dict[str, Any] = {"number": number, "text": text, "hits": [found[:limit] for found in hits]}
    row["shift"] = shift(ranked[0], ranked[1], limit)
    if dense is not None and dense_name is not None:
        nearest = [hit.id for hit in points.search(record.name, dense_name, dense, FUSED_DEPTH)]
        one, other = (fuse([sparse[:FUSED_DEPTH], nearest], limit) for sparse in ranked)
        row["fused"] = shift(one, other, limit)
    return row


def _responsible(
    points: PointStore, record: CollectionRecord, sides: Sequence[_Side], row: dict[str, Any]
) -> list[dict[str, Any]]:
    """The words whose part of the scores differs most between the two releases, over all results of either."""
    ids = list(dict.fromkeys(hit.id for found in row["hits"] for hit in found))
    moved: dict[str, list[float]] = {}
    parts = []
    for side in sides:
        explained = explain_points(points, record, side.terms[row["number"]], ids)
        parts.append({(name, entry.word): entry.score for name, rows in explained.items() for entry in rows})
    for key in parts[0].keys() | parts[1].keys():
        moved.setdefault(key[1], []).append(parts[1].get(key, 0.0) - parts[0].get(key, 0.0))
    # a word that lowers every result alike changes no order: its spread does
    spread = {word: float(np.std(values)) for word, values in moved.items()}
    ordered = sorted(spread, key=lambda word: (-spread[word], word))[:_WORDS]
    return [
        {"word": word, "spread": round(spread[word], 4), "mean": round(float(np.mean(moved[word])), 4)}
        for word in ordered
        if spread[word] > 1e-6
    ]


def _scale(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How large scores are under either release: a threshold that somebody set on scores would have to move along."""
    best = [[found[0].score for row in rows if (found := row["hits"][side])] for side in (0, 1)]
    means = [round(float(np.mean(scores)), 4) if scores else None for scores in best]
    ratio = round(means[1] / means[0], 4) if means[0] and means[1] else None
    return {"top_score_one": means[0], "top_score_other": means[1], "score_ratio": ratio}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    moved: Shift = row["shift"]
    one, other = ([{"id": hit.id, "score": round(hit.score, 4)} for hit in found] for found in row["hits"])
    answer = {
        "text": row["text"],
        "overlap": round(moved.overlap, 4),
        "top_changed": moved.top_changed,
        "words": row.get("words", []),
        "one": one,
        "other": other,
    }
    if "fused" in row:
        answer["fused_overlap"] = round(row["fused"].overlap, 4)
    return answer
