"""Retrieval sets without labels, made from what a home holds: a collection's texts, and the sentence store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from minicoil.config import RetrievalGateConfig, SamplingConfig
from minicoil.errors import CollectionError
from minicoil.files import BundleLayout
from minicoil.importance import find_importance, teaches
from minicoil.retrieval import RetrievalSet, Source, WordSentences, make_known_items, make_sense_queries
from minicoil.text import ENGLISH, Language, read_language
from minicoil.training import split_rows
from minicoil.words import Ledger, WordRecord
from tasks.catalogue import CollectionRecord
from tasks.collections import PointTextError, TextSource
from tasks.points import Point, PointStore
from tasks.progress import progress
from tasks.sentences import SentenceStore

_SCANNED = 8  # ids looked through for each document taken: enough to draw from, bounded in a collection of millions


def make_proxies(
    points: PointStore,
    record: CollectionRecord,
    texts: TextSource,
    folder: Path,
    role_model: str,
    config: RetrievalGateConfig,
) -> list[RetrievalSet]:
    """Known items of a collection, and the senses of a release's words where the home has sentences of them."""
    may_ask = None if find_importance(folder) is None else _judges
    language = read_language(BundleLayout(folder).facts)
    sets = [known_items_of(points, record.name, texts, config, may_ask, language)]
    store = SentenceStore.find(points, role_model, language.code)
    if store is not None:
        records = [entry for entry in Ledger.read(folder).words.values() if entry.release is not None]
        senses = sense_queries_of(store, records, config, language)
        sets += [senses] if senses is not None else []
    return sets


def _judges(query: str) -> bool:
    """Whether a title or first sentence is of the half that taught no importance."""
    return not teaches(query)


def known_items_of(
    points: PointStore,
    collection: str,
    texts: TextSource,
    config: RetrievalGateConfig,
    may_ask: Callable[[str], bool] | None = None,
    language: Language = ENGLISH,
) -> RetrievalSet:
    """A known-item set of a sample of a collection's points, whose texts are where its record says.

    Queries for which `may_ask` is false are not drawn.

    Raises:
        CollectionError: the collection is not there, or holds no text that could ask for itself.
    """
    ids = draw_points(points, collection, config)
    return known_items_among(points, collection, f"{collection} known items", ids, texts, config, may_ask, language)


def known_items_among(
    points: PointStore,
    collection: str,
    name: str,
    ids: Sequence[int | str],
    texts: TextSource,
    config: RetrievalGateConfig,
    may_ask: Callable[[str], bool] | None = None,
    language: Language = ENGLISH,
) -> RetrievalSet:
    """A set `name` of the points that were drawn, as far as they are still there; else as `known_items_of`."""
    rows = points.get(collection, list(ids), [*texts.fields, "title"])
    sources = [source for row in rows if (source := _source(row, texts)) is not None]
    data = make_known_items(name, sources, config.max_queries, config.seed, may_ask, language)
    if not data.queries:
        reasons = "; ".join(f"{row.n} {row.reason}" for row in data.problems) or "it is empty"
        raise CollectionError(
            f"collection '{collection}': none of {len(rows):,} sampled texts can ask for itself ({reasons}); "
            "give --evaluate DIR or `minicoil evaluate DIR` with queries of your own"
        )
    return data.bounded(config.max_documents, config.max_queries, config.seed)


def draw_points(points: PointStore, collection: str, config: RetrievalGateConfig) -> list[str | int]:
    """Ids of points for a set: by seeded hash from the first of the collection; the same on every run."""
    n, seed = 2 * config.max_documents, config.seed
    pages = points.scroll(collection, payload=False, page=1000)
    seen = list(islice((point.id for page in pages for point in page), _SCANNED * n))
    return sorted(seen, key=lambda name: hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest())[:n]


def _source(row: Point, texts: TextSource) -> Source | None:
    try:
        text, title = texts.read(row), row.payload.get("title")
    except PointTextError:
        return None
    if not text.strip():
        return None
    title = title if isinstance(title, str) else ""
    return Source(str(row.id), title, text.removeprefix(title).lstrip("\n") if title else text)


def sense_queries_of(
    store: SentenceStore, records: Sequence[WordRecord], config: RetrievalGateConfig, language: Language = ENGLISH
) -> RetrievalSet | None:
    """A sense set of words' held-out sentences; None where no word has two meanings here.

    Args:
        store: Has the sentences with their role-model vectors.
        records: Words to ask about, of which those with most sentences are taken.
        config: How many words, sentences, queries.
        language: Of the sentences.
    """
    chosen = sorted(records, key=lambda record: (-record.n_sentences, record.word))[: config.max_sense_words]
    words = []
    with progress("looking for senses", len(chosen), "words") as advance:
        for record in chosen:
            entry = _word_sentences(store, record, config)
            if entry is not None:
                words.append(entry)
            advance(1)
        return make_sense_queries("senses", words, config.sense_queries, config.seed, language=language)


def _word_sentences(store: SentenceStore, record: WordRecord, config: RetrievalGateConfig) -> WordSentences | None:
    """A sample of a word's sentences with role-model vectors, held-out ones marked as training splits them."""
    keys = sorted(store.sample(record.forms, config.sense_sentences))
    role = store.vectors(keys)
    sentences = [s for page in store.texts(keys) for s in page if s.key in role]
    if len(sentences) < SamplingConfig.min_sentences:
        return None
    # by the share alone: the extra sentences that a rare word holds out depend on how many it has
    sampling = SamplingConfig(min_test=0)
    held_out = np.zeros(len(sentences), dtype=np.bool_)
    held_out[split_rows(np.asarray([s.key for s in sentences], dtype=np.uint64), sampling).test] = True
    return WordSentences(
        record.word,
        record.forms,
        [s.key for s in sentences],
        [s.text for s in sentences],
        np.stack([role[s.key] for s in sentences]),
        held_out,
    )
