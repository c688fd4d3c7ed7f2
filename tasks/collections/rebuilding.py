"""A collection rebuilt beside itself: for another encoder, exhausted ids, or one that never had miniCOIL vectors."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from minicoil.config import Bm25Config
from minicoil.errors import CollectionError, UsageError
from minicoil.files import Fraction, Positive, check_numbers
from minicoil.folder import read_facts
from minicoil.sparse import MiniCoil
from minicoil.words import Vocabulary
from tasks.catalogue import (
    HASH_FIELD,
    SOURCE_FIELD,
    CollectionRecord,
    read_channel,
    read_collection_record,
    register_collection,
    remove_collection,
)
from tasks.collections.finding import PAGE
from tasks.collections.indexing import BM25_VECTOR, SCHEMA, VECTOR, describe_text
from tasks.collections.texts import PointTextError, TextSource, TextTemplate
from tasks.collections.verification import verify_collection
from tasks.collections.writing import make_vectors, open_writer
from tasks.corpus import LengthSample, TextLengths, text_hash
from tasks.models import open_model
from tasks.place import Place
from tasks.points import CollectionSchema, Point, PointStore, not_found
from tasks.progress import progress
from tasks.store import ObjectStore

_MAX_PASSES = 5
_OLD_FIELDS = "mc_"


@dataclass(frozen=True)
class RebuildRequest:
    """What to build from what; None is taken from the source's record, or measured.

    Attributes:
        source, target: Names; `target` is created.
        alias: Pointed to `target` when it is right, where the engine has aliases.
    """

    source: str
    target: str
    channel: str
    text: str | None = None
    alias: str | None = None
    k: Positive = Bm25Config.k
    b: Fraction = Bm25Config.b
    avg_len: Positive | None = None

    def __post_init__(self) -> None:
        check_numbers(self)


def rebuild_collection(place: Place, points: PointStore, request: RebuildRequest) -> dict[str, Any]:
    """Copy a collection point by point, with vectors of the channel's release; searches stay with the old one.

    Killed at any point, the same call goes on: points that are there with the same text are left alone. What changes in
    the source meanwhile is found by another pass.

    Returns:
        Counts, and the settings of the new collection.

    Raises:
        CollectionError: the source is missing, keeps changing, or the copy is not right in the end.
        UsageError: the channel serves nothing, no text template is known, or both names are one.
    """
    store, source = place.objects(), read_collection_record(place.objects(), request.source)
    release = read_channel(store, request.channel).current
    if release is None:
        raise UsageError(
            f"channel '{request.channel}' serves no release to build with; "
            "`minicoil extend --common 1000 --corpus SPEC` makes one"
        )
    if request.source == request.target:
        raise UsageError("a collection cannot be rebuilt into itself; give the new one another name")
    if not points.exists(request.source):
        raise not_found(request.source, points.names())
    template = request.text or (source.text if source else None)
    if template is None:
        raise UsageError("say where texts are: --text '{title} {body}' over payload fields")
    texts = TextTemplate(template)
    record = _open_target(place, points, request, template, release)
    model, others = open_writer(place, record)
    n_written = n_without_text = 0
    for _ in range(_MAX_PASSES):
        written, n_without_text = _copy_pass(points, request.source, record, texts, model, others)
        n_written += written
        if not written:
            break
    else:
        raise CollectionError(f"collection '{request.source}' changes faster than it is copied; run the same again")
    n_deleted = _delete_gone(points, request.source, record.name)
    points.optimize(record.name, is_ours=True)
    found = verify_collection(place, points, record)
    if not found.is_sound:
        raise CollectionError(
            f"the copy '{record.name}' is not right: {found.n_due:,} points due, {found.n_different} of "
            f"{found.n_sampled} sampled differ ({'; '.join(found.examples)}); run the same command again"
        )
    if request.alias is not None:
        points.point_alias(request.alias, record.name)
        if source is not None:
            remove_collection(store, source.name)  # nobody reads it by this alias any more; its points stay
    return {
        "collection": record.name,
        "n_points": points.count(record.name),
        "n_written": n_written,
        "n_deleted": n_deleted,
        "n_without_text": n_without_text,
        "release": record.release,
        "alias": request.alias,
        "k": record.k,
        "b": record.b,
        "avg_len": record.avg_len,
        "verification": found.row(),
    }


def _open_target(
    place: Place, points: PointStore, request: RebuildRequest, template: str, release: int
) -> CollectionRecord:
    """The new collection's record, registered; the one there, where an earlier run was stopped."""
    store, shape = place.objects(), points.describe(request.source)
    record = read_collection_record(store, request.target)
    if record is None and points.exists(request.target):
        raise CollectionError(f"collection '{request.target}' exists and is not ours; give another name")
    if record is None:
        folder = open_model(place, release, "minilm", 4)
        model, facts = MiniCoil.load(folder), read_facts(folder)
        lengths = None if request.avg_len else measure_points(points, request.source, TextTemplate(template), model)
        record = CollectionRecord(
            name=request.target,
            channel=request.channel,
            k=request.k,
            b=request.b,
            avg_len=lengths.mean if lengths else request.avg_len or Bm25Config.avg_len,
            dims=model.vocabulary.dims,
            shift=model.vocabulary.unknown_shift,
            encoder=facts.encoder,
            encoder_digest=facts.encoder_digest,
            release=release,
            text=template,
        )
        record = register_collection(store, _for_the_same_readers(record, request.source, store))
    dense = {name or "dense": size for name, size in shape.dense.items()}
    sparse = [name for name, has_idf in shape.sparse.items() if has_idf and name not in SCHEMA.sparse]
    schema = CollectionSchema(dense, (*SCHEMA.sparse, *sparse), SCHEMA.keyword, SCHEMA.integer, is_searched=True)
    points.ensure(record.name, schema)
    return record


def _for_the_same_readers(record: CollectionRecord, source: str, store: ObjectStore) -> CollectionRecord:
    """A copy's record, for all releases that the source can be read with where its words have the same cells."""
    found = read_collection_record(store, source)
    if found is None or record.release not in found.readable:
        return record
    if any(getattr(found, name) != getattr(record, name) for name in ("channel", "dims", "shift", "encoder_digest")):
        return record
    shared = ("release", "previous", "kept", "acknowledged", "readers")
    return record.model_copy(update={name: getattr(found, name) for name in shared})


def measure_points(points: PointStore, name: str, texts: TextSource, model: MiniCoil) -> TextLengths:
    """Lengths of a collection's texts, from a sample over all of its points."""
    sample = LengthSample()
    with progress(f"measuring {name}", points.count(name), "points") as advance:
        for page in points.scroll(name, payload=texts.fields):
            for point in page:
                with suppress(PointTextError):  # told when it is to be copied
                    sample.add(texts.read(point))
            advance(len(page))
    return sample.measure(model)


def _copy_pass(
    points: PointStore,
    source: str,
    record: CollectionRecord,
    texts: TextTemplate,
    model: MiniCoil,
    others: Sequence[Vocabulary],
) -> tuple[int, int]:
    """Copy what is not there with the same text; points written, and points that have no text."""
    n_written = n_without_text = 0
    with progress(f"rebuilding {source}", points.count(source), "points") as advance:
        for page in points.scroll(source, payload=True, vectors=True, page=PAGE):
            rows: list[tuple[Point, str]] = []
            for point in page:
                try:
                    rows.append((point, texts.read(point)))
                except PointTextError:
                    n_without_text += 1
            there = points.get(record.name, [point.id for point, _ in rows], [HASH_FIELD])
            hashes = {point.id: point.payload.get(HASH_FIELD) for point in there}
            fresh = [row for row in rows if hashes.get(row[0].id) != text_hash(row[1])]
            if fresh:
                points.upsert(record.name, _make_copies(record, model, others, fresh))
                n_written += len(fresh)
            advance(len(page))
    return n_written, n_without_text


def _make_copies(
    record: CollectionRecord, model: MiniCoil, others: Sequence[Vocabulary], rows: list[tuple[Point, str]]
) -> list[Point]:
    written = [text for _, text in rows]
    vectors = make_vectors(model, others, written)
    copies = []
    for (point, _), vector, (payload, plain) in zip(rows, vectors, describe_text(model, record, written), strict=True):
        kept_fields = (name for name in point.payload if not name.startswith(_OLD_FIELDS) or name == SOURCE_FIELD)
        own = {name: point.payload[name] for name in kept_fields}
        kept = {name or "dense": value for name, value in point.vectors.items()}
        copies.append(Point(point.id, {**own, **payload}, {**kept, VECTOR: vector, BM25_VECTOR: plain}))
    return copies


def _delete_gone(points: PointStore, source: str, target: str) -> int:
    """Delete from the copy what the source does not have any more."""
    n_deleted = 0
    for page in points.scroll(target, payload=False, page=PAGE):
        ids = [point.id for point in page]
        there = {point.id for point in points.get(source, ids, payload=False)}
        gone = [i for i in ids if i not in there]
        if gone:
            points.delete(target, gone)
            n_deleted += len(gone)
    return n_deleted
