"""Documents into a collection: vectors, text, and what later re-encoding needs to find them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from minicoil.errors import CollectionError
from minicoil.files import Count, Fraction, Positive, check_numbers
from minicoil.folder import read_facts
from minicoil.sparse import MiniCoil, SparseVector, bm25_vector, joined_tokens, text_keys
from minicoil.words import Vocabulary
from tasks.catalogue import (
    HASH_FIELD,
    JOINED_FIELD,
    KEYS_FIELD,
    SOURCE_FIELD,
    STAMP_FIELD,
    SYMBOLS_FIELD,
    UNION_FIELD,
    CollectionRecord,
    read_channel,
    read_collection_record,
    register_collection,
)
from tasks.collections.weighing import AUTO, choose_importance
from tasks.collections.writing import current_stamp, make_vectors, open_writer
from tasks.documents import CorpusReport, Document, LengthSample, TextLengths, spool_documents, text_hash
from tasks.models import open_model, settle_language
from tasks.place import Place
from tasks.points import CollectionSchema, Point, PointStore
from tasks.progress import progress, track

VECTOR, BM25_VECTOR = "minicoil", "bm25"
SCHEMA = CollectionSchema(
    sparse=(VECTOR, BM25_VECTOR),
    keyword=(KEYS_FIELD, JOINED_FIELD, HASH_FIELD, "doc"),
    integer=(STAMP_FIELD, UNION_FIELD),
)
_BATCH = 256
_MOST_DELETED = 0.5  # of a collection, in one run


@dataclass(frozen=True)
class IndexRequest:
    """What a new collection is created with; an existing one keeps its own."""

    collection: str
    channel: str
    encoder: str
    dims: Count
    k: Positive
    b: Fraction
    avg_len: Positive | None
    importance: str = AUTO  # or "none", or the number of a release that carries one
    language: str | None = None  # of the first collection of a channel that serves no release yet; None: the channel's

    def __post_init__(self) -> None:
        check_numbers(self)


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

    avg_len of a new collection, where the request names none, is measured on a sample of the whole corpus; that is set
    aside on disk meanwhile and read once. `lengths` of the answer says how much the texts differ.

    Raises:
        CollectionError: the collection exists and is not one of ours.
        DamagedRecordError: its record is damaged; `tasks.adoption.mending` makes it whole.
        StoreError: there is no room for the corpus's text.
    """
    with ExitStack() as stack:
        lengths = None
        if request.avg_len is None and read_collection_record(place.objects(), request.collection) is None:
            sample = LengthSample()
            documents = stack.enter_context(spool_documents(place.work, _watch(documents, sample)))
            lengths = _measure(place, request, sample)
        return _index(place, points, request, documents, report, expected, delete_missing, lengths)


def _watch(documents: Iterable[Document], sample: LengthSample) -> Iterator[Document]:
    for entry in track(documents, "measuring the corpus", None, "documents"):
        sample.add(entry.text)
        yield entry


def _measure(place: Place, request: IndexRequest, sample: LengthSample) -> TextLengths:
    return sample.measure(MiniCoil.load(_open_first(place, request)[1]))


def _open_first(place: Place, request: IndexRequest) -> tuple[int, Path]:
    """The release that a new collection begins with, 0 where none is served, and its folder.

    Raises:
        UsageError: another language was asked for than the channel's.
    """
    language = settle_language(place, request.channel, request.language)
    release = read_channel(place.objects(), request.channel).current or 0
    return release, open_model(place, release, request.encoder, request.dims, language)


def _index(
    place: Place,
    points: PointStore,
    request: IndexRequest,
    documents: Iterator[Document],
    report: CorpusReport,
    expected: int | None,
    delete_missing: bool,
    lengths: TextLengths | None,
) -> dict[str, Any]:
    batches = _batches(documents)
    first = next(batches, [])  # read before anything is written: a corpus that cannot be read leaves no collection
    record = _open_collection(place, points, request, lengths)
    model, others = open_writer(place, record)
    n_written = n_skipped = n_truncated = 0
    seen: set[str] = set()
    with progress(f"indexing {request.collection}", expected, "documents") as advance:
        for batch in chain([first] if first else [], batches):
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
        report.problems.count("documents cut at the encoder's limit", n_truncated)
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
        "importance": record.importance or None,
        "lengths": lengths.row() if lengths is not None and lengths.mean == record.avg_len else None,
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
    place: Place, points: PointStore, request: IndexRequest, lengths: TextLengths | None
) -> CollectionRecord:
    store = place.objects()
    record = read_collection_record(store, request.collection)
    if record is None:
        if points.exists(request.collection):
            raise CollectionError(
                f"collection '{request.collection}' exists in Qdrant but was not made by this service; "
                f"choose another name; or restore its record, collections/{request.collection}.json, from a backup"
            )
        release, folder = _open_first(place, request)
        facts = read_facts(folder)
        model = MiniCoil.load(folder)
        vocabulary = model.vocabulary
        record = CollectionRecord(
            name=request.collection,
            channel=request.channel,
            k=request.k,
            b=request.b,
            avg_len=_mean_length(request, lengths),
            importance=choose_importance(store, request.importance, release),
            dims=vocabulary.dims,
            shift=vocabulary.unknown_shift,
            encoder=facts.encoder,
            encoder_digest=facts.encoder_digest,
            language=facts.language,
            release=release,
        )
        record = register_collection(store, record)
    elif request.language not in (None, record.language):
        settle_language(place, record.channel, request.language)
    if record.has_owner or record.text != "{text}":
        raise CollectionError(
            f"collection '{record.name}' has its texts in '{record.text}' and is fed by its own writer; "
            "`minicoil reencode` takes up what is new there"
        )
    points.ensure(record.name, SCHEMA)
    return record


def _mean_length(request: IndexRequest, lengths: TextLengths | None) -> float:
    """What was asked for, else what was measured."""
    if request.avg_len is not None:
        return request.avg_len
    if lengths is None:  # the collection was there when the run began
        raise CollectionError(f"collection '{request.collection}' was removed meanwhile; run the same command again")
    return lengths.mean


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
        keys = text_keys(tokens.tokens, tokens.language)
        payload = {KEYS_FIELD: keys, **current_stamp(record), HASH_FIELD: text_hash(text)}
        if symbols := joined_tokens(tokens.tokens):
            payload[SYMBOLS_FIELD] = symbols
            payload[JOINED_FIELD] = sorted({part for token in symbols for part in tokens.language.part_stems(token)})
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
