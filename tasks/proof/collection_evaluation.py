"""A judged set put to a collection that is there: its own points, its own engine, its own settings."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from minicoil.errors import CollectionError
from minicoil.problems import Problem
from minicoil.retrieval import (
    BM25,
    PARENT,
    RELEASE,
    ExactIndex,
    Hit,
    RetrievalSet,
    encode_queries,
    first_of_each,
    judge,
    measure_words,
    rank,
    search_in_order,
    sort_hits,
)
from minicoil.sparse import SparseVector
from tasks.catalogue import CollectionRecord
from tasks.collections import EngineIdf, open_reader
from tasks.embeddings import remembering
from tasks.models import CollectionModels
from tasks.place import Place
from tasks.points import PointFilter, PointStore
from tasks.proof.evaluating import Evaluated

_NAMES = 1000  # document names of one filter


def evaluate_on_collection(place: Place, points: PointStore, data: RetrievalSet, collection: str) -> Evaluated:
    """Measures of BM25, the release that is served and the newest other readable one, by the collection's own search.

    Documents are found by the payload field `doc`, which indexing a BEIR corpus fills with its ids.

    Raises:
        CollectionError: the collection is not registered, has no plain BM25 vector, or none of the set's documents.
    """
    started = time.monotonic()
    record, reader, release = open_reader(place, collection)
    model = remembering(reader, place.cache)
    if record.bm25_vector is None:
        raise CollectionError(
            f"collection '{collection}' carries no plain BM25 vector to compare with, as one that was attached; leave "
            f"--collection out, or copy it with `minicoil rebuild {collection} TARGET` and evaluate on that"
        )
    data = _present(points, record, data)
    beside = {*record.readable} - {release}
    models = CollectionModels.of(place, record)
    parent = remembering(models.model(max(beside)), place.cache) if beside else None
    queries = encode_queries(data, model, parent)
    using = {BM25: record.bm25_vector, RELEASE: record.vector, PARENT: record.vector if parent else record.bm25_vector}
    found: dict[str, str | int] = {}

    def search(system: str, query: SparseVector, limit: int) -> list[Hit]:
        def ask(n: int) -> list[Hit]:
            hits = points.search(record.name, using[system], query, n)
            named = [(str(hit.payload.get("doc", "")), hit) for hit in hits]
            for doc, hit in named:
                found.setdefault(doc, hit.id)
            return [(doc, hit.score) for doc, hit in named]

        return first_of_each(sort_hits(search_in_order(ask, limit)))[:limit]

    runs = rank(data, queries, search)
    names = [doc for doc in found if doc]
    release_index, plain_index = _indexes(points, record, [found[doc] for doc in names])
    effects = measure_words(data, queries.terms, release_index, plain_index, names)
    return Evaluated(judge(data, queries, runs, effects), effects, round(time.monotonic() - started, 1), runs)


def _present(points: PointStore, record: CollectionRecord, data: RetrievalSet) -> RetrievalSet:
    """The set without judgements of documents that the collection does not have, these counted."""
    wanted = sorted({doc for docs in data.relevant.values() for doc in docs})
    there: set[str] = set()
    for start in range(0, len(wanted), _NAMES):
        where = PointFilter(any_of={"doc": wanted[start : start + _NAMES]})
        for page in points.scroll(record.name, where, ["doc"]):
            there.update(str(point.payload.get("doc")) for point in page)
    absent = [doc for doc in wanted if doc not in there]
    if not absent:
        return data
    relevant = {q: {doc: g for doc, g in docs.items() if doc in there} for q, docs in data.relevant.items()}
    relevant = {query: docs for query, docs in relevant.items() if docs}
    if not relevant:
        raise CollectionError(
            f"collection '{record.name}' has none of the {len(wanted):,} documents that '{data.name}' judges; "
            f"`minicoil index NAME --corpus {data.name}/corpus.jsonl` makes one that has"
        )
    problem = Problem.of("judged documents that the collection does not have", absent)
    queries = {query: text for query, text in data.queries.items() if query in relevant}
    return replace(data, queries=queries, relevant=relevant, problems=(*data.problems, problem))


def _indexes(points: PointStore, record: CollectionRecord, ids: Sequence[str | int]) -> tuple[ExactIndex, ExactIndex]:
    """The documents that any query found, in memory under the release and as BM25, with the engine's own IDF."""
    by_id = {point.id: point for point in points.get(record.name, ids, False, vectors=True)}
    plain_name = record.bm25_vector or ""
    vectors: Mapping[str, list[SparseVector]] = {
        name: [_sparse(by_id[i].vectors.get(name)) for i in ids] for name in (record.vector, plain_name)
    }
    made = [
        ExactIndex(vectors[name], EngineIdf(points, record.name, name, vectors[name], ids))
        for name in (record.vector, plain_name)
    ]
    return made[0], made[1]


def _sparse(vector: object) -> SparseVector:
    if isinstance(vector, SparseVector):
        return vector
    raise CollectionError("a point lost its sparse vector while it was looked at; run the same command again")
