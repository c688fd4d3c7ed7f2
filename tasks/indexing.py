"""Documents into a collection: vectors, text, and what later re-encoding needs to find them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np

from minicoil.bundle import read_facts
from minicoil.errors import CollectionError
from minicoil.impact import joined_tokens, text_keys
from minicoil.model import MiniCoil
from minicoil.sparse import SparseVector, bm25_vector, count_words
from minicoil.stemming import part_stems
from minicoil.vocabulary import Vocabulary
from tasks.bundles import open_model
from tasks.channels import read_channel
from tasks.corpus import CorpusReport, Document
from tasks.documents import text_hash
from tasks.payload_fields import (
    HASH_FIELD,
    JOINED_FIELD,
    KEYS_FIELD,
    SOURCE_FIELD,
    STAMP_FIELD,
    SYMBOLS_FIELD,
    UNION_FIELD,
)
from tasks.place import Place
from tasks.points import CollectionSchema, Point, PointStore
from tasks.progress import progress
from tasks.registry import CollectionRecord, read_collection_record, register_collection
from tasks.writing import current_stamp, make_vectors, open_writer

VECTOR, BM25_VECTOR = "minicoil", "bm25"
SCHEMA = CollectionSchema(
    sparse=(VECTOR, BM25_VECTOR),
    keyword=(KEYS_FIELD, JOINED_FIELD, HASH_FIELD, "doc"),
    integer=(STAMP_FIELD, UNION_FIELD),
)
_BATCH = 256
_MOST_DELETED = 0.5  # of a collection, in one run
_MEASURED = 2000  # documents whose mean length becomes avg_len


@dataclass(frozen=True)
class IndexRequest:
    """What a new collection is created with; an existing one keeps its own."""

    collection: str
    channel: str
    encoder: str
    dims: int
    k: float
    b: float
    avg_len: float | None


def index_documents(
    place: Place,
    points: PointStore,
    request: IndexRequest,
    documents: Iterator[Document],
    report: CorpusReport,
    expected: int | None = None,
    delete_missing: bool = False,
) -> dict[str, Any]:
    """Write documents that are new or changed; returns the counts and the collection's settings.

    Args:
        place: Where.
        points: The engine.
        request: Settings of a new collection.
        documents: Streamed; only a batch is in memory.
        report: Told of documents that were cut.
        expected: How many there are, if known; for the time left.
        delete_missing: Delete points whose document the corpus does not have any more.

    Raises:
        CollectionError: the collection exists and is not one of ours.
    """
    first = list(islice(documents, _MEASURED))
    record = _open_collection(place, points, request, first)
    model, others = open_writer(place, record)
    n_written = n_skipped = n_truncated = 0
    seen: set[str] = set()
    with progress(f"indexing {request.collection}", expected, "documents") as advance:
        for batch in _batches(chain(first, documents)):
            seen.update(entry.id for entry in batch if delete_missing)
            found = read_collection_record(place.objects(), record.name)
            if found is not None and found != record:  # a promotion has moved it on meanwhile
                record, (model, others) = found, open_writer(place, found)
            fresh = _changed(points, record, batch)
            n_skipped += len(batch) - len(fresh)
            rows, truncated = make_points(model, others, record, fresh)
            points.upsert(record.name, rows)
            n_written += len(fresh)
            n_truncated += truncated
            advance(len(batch))
    if n_truncated:
        report.n_unusable["documents cut at the encoder's limit"] = n_truncated
        report.examples["documents cut at the encoder's limit"] = []
    n_deleted = _delete_missing(points, record.name, seen) if delete_missing else 0
    points.optimize(record.name, is_ours=True)
    return {
        "collection": record.name,
        "n_points": points.count(record.name),
        "n_written": n_written,
        "n_skipped": n_skipped,
        "n_deleted": n_deleted,
        "n_clashes": report.n_clashes,
        "release": record.release or None,
        "k": record.k,
        "b": record.b,
        "avg_len": record.avg_len,
        "unusable": report.rows(),
    }


def _delete_missing(points: PointStore, name: str, seen: set[str]) -> int:
    """Delete what the corpus does not have.

    Raises:
        CollectionError: that would be most of the collection: rather a wrong corpus than a right deletion.
    """
    gone = [p.id for page in points.scroll(name, payload=False) for p in page if str(p.id) not in seen]
    if len(gone) > _MOST_DELETED * points.count(name):
        raise CollectionError(
            f"{len(gone):,} of {points.count(name):,} points of '{name}' are not in this corpus, and would be deleted; "
            "give the whole corpus, or leave --delete-missing out"
        )
    points.delete(name, gone)
    return len(gone)


def _open_collection(
    place: Place, points: PointStore, request: IndexRequest, first: Sequence[Document]
) -> CollectionRecord:
    store = place.objects()
    record = read_collection_record(store, request.collection)
    if record is None:
        if points.exists(request.collection):
            raise CollectionError(
                f"collection '{request.collection}' exists in Qdrant but was not made by this service; "
                "choose another name"
            )
        release = read_channel(store, request.channel).current or 0
        folder = open_model(place, release, request.encoder, request.dims)
        facts = read_facts(folder)
        model = MiniCoil.load(folder)
        vocabulary = model.vocabulary
        record = CollectionRecord(
            name=request.collection,
            channel=request.channel,
            k=request.k,
            b=request.b,
            avg_len=request.avg_len or mean_length(model, first),
            dims=vocabulary.dims,
            shift=vocabulary.unknown_shift,
            encoder=facts.encoder,
            encoder_digest=facts.encoder_digest,
            release=release,
        )
        record = register_collection(store, record)
    if not record.is_ours or record.text != "{text}":
        raise CollectionError(
            f"collection '{record.name}' has its texts in '{record.text}' and is fed by its own writer; "
            "`minicoil reencode` takes up what is new there"
        )
    points.ensure(record.name, SCHEMA)
    return record


def mean_length(model: MiniCoil, documents: Sequence[Document]) -> float:
    """Mean number of cleaned words a document, to one decimal: BM25's avg_len."""
    texts = model.tokenizer.tokenize([entry.text for entry in documents])
    lengths = [count_words(text.tokens, model.vocabulary).n_words for text in texts]
    return max(round(float(np.mean(lengths)), 1), 1.0)


def make_points(
    model: MiniCoil, others: Sequence[Vocabulary], record: CollectionRecord, documents: Sequence[Document]
) -> tuple[list[Point], int]:
    """Points of documents, and how many of these were truncated."""
    texts = [entry.text for entry in documents]
    vectors = make_vectors(model, others, texts)
    rows = []
    described = describe_text(model, record, texts)
    for entry, (payload, plain), vector in zip(documents, described, vectors, strict=True):
        payload |= {"text": entry.text, "doc": entry.doc, "title": entry.title}
        if entry.source:
            payload[SOURCE_FIELD] = entry.source
        rows.append(Point(entry.id, payload, {VECTOR: vector, BM25_VECTOR: plain}))
    n_truncated = sum(text.truncated for text in model.tokenizer.tokenize(texts))
    return rows, n_truncated


def describe_text(
    model: MiniCoil, record: CollectionRecord, texts: Sequence[str]
) -> list[tuple[dict[str, Any], SparseVector]]:
    """For every text what its point carries beside the text: payload that finds and guards it, and plain BM25."""
    answer = []
    for text, tokens in zip(texts, model.tokenizer.tokenize(texts), strict=True):
        payload = {KEYS_FIELD: text_keys(tokens.tokens), **current_stamp(record), HASH_FIELD: text_hash(text)}
        if symbols := joined_tokens(tokens.tokens):
            payload[SYMBOLS_FIELD] = symbols
            payload[JOINED_FIELD] = sorted({part for token in symbols for part in part_stems(token)})
        answer.append((payload, bm25_vector(tokens.tokens, model.vocabulary, record.bm25)))
    return answer


def _changed(points: PointStore, record: CollectionRecord, batch: Sequence[Document]) -> list[Document]:
    """Documents that are not there, or there with another text or name; the others' points learn where they stand."""
    found = points.get(record.name, [entry.id for entry in batch], [HASH_FIELD, SOURCE_FIELD, "doc"])
    there = {str(point.id): point.payload for point in found}
    fresh, moved = [], dict[str, list[str]]()
    for entry in batch:
        known = there.get(entry.id, {})
        if known.get(HASH_FIELD) != text_hash(entry.text) or known.get("doc") != entry.doc:
            fresh.append(entry)
        elif entry.source and known.get(SOURCE_FIELD) != entry.source:
            moved.setdefault(entry.source, []).append(entry.id)
    for source, ids in moved.items():
        points.set_payload(record.name, ids, {SOURCE_FIELD: source})
    return fresh


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    iterator = iter(documents)
    while batch := list({entry.id: entry for entry in islice(iterator, _BATCH)}.values()):
        yield batch
