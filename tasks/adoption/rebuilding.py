"""A collection rebuilt beside itself: for another encoder, exhausted ids, or one that never had miniCOIL vectors."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from minicoil.config import Bm25Config
from minicoil.errors import CollectionError, UsageError
from minicoil.files import Fraction, Positive, check_numbers
from minicoil.folder import read_facts
from minicoil.sparse import MiniCoil
from tasks.adoption.copying import Copier
from tasks.adoption.moving_back import put_away, take_back
from tasks.catalogue import ADDED_INDEXES, CollectionRecord, read_channel, read_collection_record, register_collection
from tasks.collections import (
    AUTO,
    BM25_VECTOR,
    VECTOR,
    PointTextError,
    TextSource,
    TextTemplate,
    choose_importance,
    open_writer,
)
from tasks.documents import LengthSample, TextLengths
from tasks.models import open_model, settle_language
from tasks.place import Place
from tasks.points import CollectionShape, PointStore, not_found
from tasks.progress import progress
from tasks.rewriting import verify_collection
from tasks.store import ObjectStore

_MAX_PASSES = 5


@dataclass(frozen=True)
class RebuildRequest:
    """What to build from what; None is taken from the source's record, or measured.

    Attributes:
        source, target: Names; `target` is created.
        alias: Pointed to `target` when it is right, where the engine has aliases.
        importance: See `choose_importance`; "auto" follows the source.
    """

    source: str
    target: str
    channel: str
    text: str | None = None
    alias: str | None = None
    k: Positive = Bm25Config.k
    b: Fraction = Bm25Config.b
    avg_len: Positive | None = None
    importance: str = AUTO

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
    request = replace(request, source=points.resolve(request.source))
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
    if problems := points.uncopyable(request.source):
        raise CollectionError(
            f"collection '{request.source}' cannot be copied whole: {'; '.join(problems)}; nothing was written. "
            f"A server from 1.18 on takes the vectors in place: `minicoil adopt {request.source} --text T`"
        )
    if request.alias is not None:
        if request.alias == request.target:
            raise UsageError(f"'{request.alias}' is to be the copy itself; give the alias a name of its own")
        points.check_alias(request.alias)
    made = _made_here(source)
    record = _open_target(place, points, request, template, release, made)
    writer, cosine = open_writer(place, record), points.describe(request.source).cosine
    copier = Copier(points, request.source, record, TextTemplate(template), *writer, made, cosine)
    n_written = 0
    for _ in range(_MAX_PASSES):
        copied = copier.copy_pass()
        n_written += copied.n_written
        if not copied.n_written:
            break
    else:
        raise CollectionError(f"collection '{request.source}' changes faster than it is copied; run the same again")
    n_deleted = copier.delete_gone()
    points.optimize(record.name, is_ours=True)
    found, unlike = verify_collection(place, points, record), points.unlike(record.name, request.source, sorted(made))
    if unlike:
        raise CollectionError(
            f"the copy '{record.name}' has not the settings of '{request.source}': {', '.join(unlike)}; set them, "
            "or drop the copy, then run the same command again"
        )
    if not found.is_sound:
        raise CollectionError(
            f"the copy '{record.name}' is not right: {found.n_due:,} points due, {found.n_different} of "
            f"{found.n_sampled} sampled differ ({'; '.join(found.examples)}); run the same command again"
        )
    if request.alias is not None:
        points.point_alias(request.alias, record.name)
        if source is not None:
            put_away(store, source.name)  # nobody reads it by this alias any more; its points stay, for a move back
    return {
        "collection": record.name,
        "n_points": points.count(record.name),
        "n_written": n_written,
        "n_deleted": n_deleted,
        "n_without_text": copied.n_without_text,
        "without_text": copied.without_text,
        "release": record.release,
        "alias": request.alias,
        "vector": record.vector,
        "bm25_vector": record.bm25_vector,
        "k": record.k,
        "b": record.b,
        "avg_len": record.avg_len,
        "importance": record.importance or None,
        "verification": found.row(),
    }


def _made_here(source: CollectionRecord | None) -> frozenset[str]:
    """Vectors of the source that this service made, and makes anew; all others are copied, whoever made them."""
    if source is None or not source.is_ours:
        return frozenset()
    return frozenset(name for name in (source.vector, source.bm25_vector) if name is not None)


def _free_name(wanted: str, shape: CollectionShape, made: Collection[str]) -> str:
    """A name for one of our vectors beside those that are copied."""
    taken = {*shape.dense, *shape.sparse} - set(made)
    return next(name for name in (wanted, f"mc_{wanted}", f"mc_{wanted}_2") if name not in taken)


def _open_target(
    place: Place, points: PointStore, request: RebuildRequest, template: str, release: int, made: Collection[str]
) -> CollectionRecord:
    """The new collection's record, registered; the one there, where an earlier run was stopped."""
    store, shape = place.objects(), points.describe(request.source)
    record = read_collection_record(store, request.target) or take_back(store, request.target)
    if record is None and points.exists(request.target):
        raise CollectionError(f"collection '{request.target}' exists and is not ours; give another name")
    if record is None:
        folder = open_model(place, release, "minilm", 4, settle_language(place, request.channel))
        model, facts = MiniCoil.load(folder), read_facts(folder)
        found = read_collection_record(store, request.source)
        before = None if found is None else found.importance
        lengths = None if request.avg_len else measure_points(points, request.source, TextTemplate(template), model)
        record = CollectionRecord(
            name=request.target,
            channel=request.channel,
            k=request.k,
            b=request.b,
            avg_len=lengths.mean if lengths else request.avg_len or Bm25Config.avg_len,
            importance=choose_importance(store, request.importance, release, before),
            dims=model.vocabulary.dims,
            shift=model.vocabulary.unknown_shift,
            encoder=facts.encoder,
            encoder_digest=facts.encoder_digest,
            language=facts.language,
            vector=_free_name(VECTOR, shape, made),
            bm25_vector=_free_name(BM25_VECTOR, shape, made),
            release=release,
            text=template,
        )
        record = register_collection(store, _for_the_same_readers(record, request.source, store))
    vectors = [name for name in (record.vector, record.bm25_vector) if name is not None]
    points.create_like(record.name, request.source, sorted(made), vectors)
    points.index_fields(record.name, ADDED_INDEXES)
    return record


def _for_the_same_readers(record: CollectionRecord, source: str, store: ObjectStore) -> CollectionRecord:
    """A copy's record, for all releases that the source can be read with where its words have the same cells."""
    found = read_collection_record(store, source)
    if found is None or record.release not in found.readable:
        return record
    alike = ("channel", "dims", "shift", "encoder_digest", "importance", "language")
    if any(getattr(found, name) != getattr(record, name) for name in alike):
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
