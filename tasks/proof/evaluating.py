"""A retrieval set put to a release: on a collection made for it, on one that is there, or in memory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from minicoil.config import Bm25Config, RetrievalGateConfig
from minicoil.retrieval import (
    BM25,
    NEW_WORDS,
    PARENT,
    RELEASE,
    Effects,
    ExactIndex,
    Hit,
    RetrievalSet,
    Run,
    Search,
    SetEvidence,
    SetResult,
    count_documents,
    document_vectors,
    encode_queries,
    judge,
    measure_words,
    memory_search,
    rank,
    search_in_order,
    sort_hits,
    split_extension,
)
from minicoil.sparse import SparseVector
from minicoil.text import open_language, sentence_key, split_sentences
from tasks.documents import summarise_lengths
from tasks.place import Place
from tasks.points import CollectionSchema, Point, PointStore
from tasks.progress import progress
from tasks.proof.contenders import Contenders
from tasks.sentences import KeptSentences

TEMPORARY = "_evaluation-"  # prefix of collections that live for one evaluation
_ABANDONED_SECONDS = 24 * 3600  # after which one is the remains of a killed run
_BATCH = 256
_LOOKED_AT = 400  # sentences of a set that are looked up in the sentence store
_TRAINED_SHARE = 0.05  # of them with training vectors, from which a set counts as trained on


@dataclass(frozen=True)
class Evaluated:
    """A set's result, the effect of every word on every query, what it cost, and the ranking of every system."""

    result: SetResult
    effects: Effects
    seconds: float
    runs: Mapping[str, Run] = field(default_factory=dict)


def evaluate_set(
    data: RetrievalSet,
    contenders: Contenders,
    k: float,
    b: float,
    avg_len: float | None,
    points: PointStore | None = None,
    seed: int = RetrievalGateConfig.seed,
) -> Evaluated:
    """Measures of BM25, release and parent on a set.

    Args:
        data: The set.
        contenders: What is compared.
        k, b: BM25's, the same for all three.
        avg_len: In words; None measures the set's documents.
        points: Engine to search in, by a collection that is removed afterwards; None scores in memory, with the same
            formula and the same result.
        seed: Of the bootstrap.
    """
    started = time.monotonic()
    texts = list(data.documents.values())
    (model, parent), weighing = contenders.open(), contenders.open_weighing()
    steps = None
    if parent is not None and contenders.is_ancestor:
        parent = model.under(parent.vocabulary)  # the same layers, without another encoder
        steps = split_extension(parent.vocabulary, model.vocabulary, model.stack)
    with progress(f"encoding {data.name}", len(texts), "documents") as advance:
        counted = count_documents(texts, model, parent, contenders.is_ancestor, steps, advance, weighing)
    if avg_len is None:
        avg_len = summarise_lengths([text.n_words for text in counted[RELEASE]], len(texts)).mean
    documents = document_vectors(counted, Bm25Config(k, b, avg_len))
    queries = encode_queries(data, model, parent, steps, weighing is not None)
    if points is None:
        runs = rank(data, queries, memory_search(data, documents))
    else:
        with _temporary_collection(points, data, documents) as search:
            runs = rank(data, queries, search)
    effects = measure_words(
        data, queries.terms, ExactIndex(documents[RELEASE]), ExactIndex(documents[BM25]), list(data.documents)
    )
    result = judge(data, queries, runs, effects, seed, steps)
    return Evaluated(result, effects, round(time.monotonic() - started, 1), runs)


def evidence_of(evaluated: Evaluated) -> SetEvidence:
    """What the gate looks at."""
    result = evaluated.result
    against = {other: row["ndcg@10"] for other, row in result.against.items()}
    names = {NEW_WORDS: "the parent, by new words alone", RELEASE: "its new words alone, by retrained ones"}
    steps = tuple((names[step.system], step.gain) for step in result.steps if step.system in names)
    return SetEvidence(result.data.name, result.data.kind, against[BM25], against[PARENT], steps)


@contextmanager
def _temporary_collection(
    points: PointStore, data: RetrievalSet, documents: Mapping[str, Sequence[SparseVector]]
) -> Iterator[Search]:
    """A search over a collection with one sparse vector a system; the collection is gone when the body is left."""
    _drop_abandoned(points)
    name = f"{TEMPORARY}{os.getpid()}-{int(time.time())}"
    names = list(data.documents)
    points.ensure(name, CollectionSchema(sparse=tuple(documents), is_whole=True))
    try:
        with progress(f"indexing {data.name}", len(names), "documents") as advance:
            for start in range(0, len(names), _BATCH):
                places = range(start, min(start + _BATCH, len(names)))
                rows = [Point(i, {}, {system: vectors[i] for system, vectors in documents.items()}) for i in places]
                points.upsert(name, rows)
                advance(len(rows))
        points.optimize(name, is_ours=True)

        def search(system: str, query: SparseVector, limit: int) -> list[Hit]:
            def ask(n: int) -> list[Hit]:
                return [(names[int(hit.id)], hit.score) for hit in points.search(name, system, query, n)]

            return sort_hits(search_in_order(ask, limit))[:limit]

        yield search
    finally:
        points.drop(name)


def _drop_abandoned(points: PointStore) -> None:
    for name in points.names():
        if name.startswith(TEMPORARY) and time.time() - int(name.rsplit("-", 1)[1]) > _ABANDONED_SECONDS:
            points.drop(name)


def find_training_text(
    place: Place, points: PointStore, data: RetrievalSet, role_model: str, language: str = "en"
) -> dict[str, Any]:
    """How much of a set's text the home's sentence store holds, and how much of it was trained on.

    Sentences get their role-model vector when they are encoded for training; one without was only read.
    """
    keys: list[int] = []
    for text in _evenly(list(data.documents.values()), _LOOKED_AT):
        found = [sentence_key(sentence) for sentence in split_sentences(text, open_language(language))]
        keys += found[len(found) // 2 : len(found) // 2 + 1]  # one a document, from its middle
    answer = {"n_sentences": len(keys), "n_read": 0, "n_trained": 0, "is_trained_on": False, "is_known": True}
    if data.kind == "sense":  # made of sentences that every layer holds out
        return answer
    store = KeptSentences.found(place, points, role_model, language)
    if store is None or not keys:
        return {**answer, "is_known": False}
    n_read, n_trained = sum(len(page) for page in store.texts(keys)), len(store.vectors(keys))
    return {
        **answer,
        "n_read": n_read,
        "n_trained": n_trained,
        "is_trained_on": n_trained >= _TRAINED_SHARE * len(keys),
    }


def _evenly(texts: Sequence[str], n: int) -> list[str]:
    step = max(len(texts) // n, 1)
    return list(texts[::step])[:n]
