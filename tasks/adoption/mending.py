"""A collection whose record is damaged gets a whole one: what is right in it stays, and its points are made to fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minicoil.errors import CollectionError, DamagedRecordError
from minicoil.folder import read_facts
from minicoil.sparse import MiniCoil
from tasks.adoption.rebuilding import measure_points
from tasks.catalogue import (
    HASH_FIELD,
    STAMP_FIELD,
    UNION_FIELD,
    CollectionRecord,
    DamagedRecord,
    collections_aside,
    read_channel,
    read_collection_record,
    register_collection,
    release_numbers,
    replace_damaged,
    salvage_record,
)
from tasks.collections import AUTO, IndexRequest, TextTemplate, choose_importance
from tasks.models import open_model, settle_language
from tasks.place import Place
from tasks.points import PointFilter, PointStore
from tasks.rewriting import settle_collection, verify_collection
from tasks.store import ObjectStore

_LOOKED_AT = 32  # points that say whether this service wrote them
_SALVAGED = ("text", "corpus", "join", "tenant", "vector", "bm25_vector", "readers", "adopted")
_READABLE = ("release", "previous", "kept", "acknowledged")


@dataclass(frozen=True)
class Mended:
    """What was done.

    Attributes:
        record: The collection's, whole again.
        n_rewritten: Points whose vectors did not fit it.
        kept_at: Where the damaged document is kept, in the object store; "" where an earlier call had put it aside.
    """

    record: CollectionRecord
    n_rewritten: int
    kept_at: str

    def row(self) -> dict[str, Any]:
        """For answers."""
        numbers = f"k={self.record.k}, b={self.record.b}, avg_len={self.record.avg_len}, release {self.record.release}"
        message = (
            f"the record of '{self.record.name}' was damaged and is whole again ({numbers}); "
            f"{self.n_rewritten:,} points were written again to fit it"
        )
        return {"n_rewritten": self.n_rewritten, "kept_at": self.kept_at, "message": message}


def mend_collection(place: Place, points: PointStore, request: IndexRequest) -> Mended | None:
    """Write a whole record in the place of a damaged one; None where there is nothing to mend.

    Fields of the damaged document that are right are kept. k, b and avg_len are else the request's, or measured; the
    releases are else those that the points name. Points that do not fit the record are written again from their own
    texts, so that it is true whatever was lost. Stopped at any point, the same call goes on.

    Args:
        place: Where.
        points: The engine.
        request: As for `index_documents`.

    Raises:
        DamagedRecordError: its points are somebody else's: this service cannot write them.
        CollectionError: points still do not fit.
    """
    store, name = place.objects(), request.collection
    lost = _find_lost(store, points, name)
    if lost is None:
        return None
    if not points.exists(name):  # nothing was ever written: `index_documents` makes it anew
        store.set_aside(f"collections/{name}.json")
        return None
    if lost.fields.get("attached_at") is not None or (points.count(name) and not _is_ours(points, name)):
        raise lost.error
    record = _whole_record(place, points, request, lost)
    is_sound = verify_collection(place, points, record).is_sound
    if not is_sound:  # first of all, and not to be undone by a kill: without its hash every point is due
        for page in points.scroll(name, payload=False):
            points.set_payload(name, [point.id for point in page], {HASH_FIELD: ""})
    kept_at = _put(store, record)
    n_rewritten = 0
    if not is_sound:
        n_rewritten, found = settle_collection(place, points, record)
        if not found.is_sound:
            raise CollectionError(
                f"collection '{name}' has a whole record again, and {found.n_due:,} points that do not fit it "
                f"({'; '.join(found.examples) or 'no example'}); run `minicoil reencode {name}`"
            )
    return Mended(record, n_rewritten, kept_at)


def _find_lost(store: ObjectStore, points: PointStore, name: str) -> DamagedRecord | None:
    """The damaged record of a collection, or nothing known of one that an earlier call had put aside.

    Points without any record may be another store's, even those in the engine of a home: they are left alone.
    """
    try:
        if read_collection_record(store, name) is not None or name not in collections_aside(store):
            return None
    except DamagedRecordError as error:
        return salvage_record(store, name, error)
    if not points.exists(name):
        return None
    gone = DamagedRecordError(f"the record of collection '{name}' is gone; restore it from a backup")
    return DamagedRecord(name, None, None, {}, gone)


def _is_ours(points: PointStore, name: str) -> bool:
    """Whether `minicoil index` or `rebuild` wrote the points."""
    drawn = points.sample(name, PointFilter(), _LOOKED_AT, [HASH_FIELD])
    return any(HASH_FIELD in point.payload for point in drawn)


def _whole_record(place: Place, points: PointStore, request: IndexRequest, lost: DamagedRecord) -> CollectionRecord:
    channel = lost.channel or request.channel
    fields = {name: lost.fields[name] for name in _SALVAGED if name in lost.fields}
    if lost.releases is None:
        fields |= _releases_of(place, points, request.collection, read_channel(place.objects(), channel).current)
    else:
        fields |= {name: lost.fields[name] for name in _READABLE if name in lost.fields}
    encoder, dims = lost.fields.get("encoder", request.encoder), lost.fields.get("dims", request.dims)
    language = lost.fields.get("language") or settle_language(place, channel, request.language)
    folder = open_model(place, fields["release"], encoder, dims, language)
    facts, model = read_facts(folder), MiniCoil.load(folder)
    avg_len = lost.fields.get("avg_len") or request.avg_len
    if avg_len is None:
        avg_len = measure_points(points, request.collection, TextTemplate(fields.get("text", "{text}")), model).mean
    importance = lost.fields.get("importance", "")
    if not importance and request.importance != AUTO:
        importance = choose_importance(place.objects(), request.importance, fields["release"])
    return CollectionRecord(
        name=request.collection,
        channel=channel,
        k=lost.fields.get("k", request.k),
        b=lost.fields.get("b", request.b),
        avg_len=avg_len,
        importance=importance,
        dims=model.vocabulary.dims,
        shift=model.vocabulary.unknown_shift,
        encoder=facts.encoder,
        encoder_digest=facts.encoder_digest,
        language=facts.language,
        **fields,
    )


def _releases_of(place: Place, points: PointStore, name: str, current: int | None) -> dict[str, Any]:
    """The releases that a collection can be read with, as its points say: each names those whose cells it holds."""
    stamps, beside = set[int](), set[int]()
    for page in points.scroll(name, payload=[STAMP_FIELD, UNION_FIELD]):
        for point in page:
            stamps |= _numbers(point.payload.get(STAMP_FIELD))
            beside |= _numbers(point.payload.get(UNION_FIELD))
    known = {0, *release_numbers(place.objects())}
    newest = max(({*stamps, *beside, current or 0} & known), default=0)
    older = sorted((beside & known) - {newest}, reverse=True)
    return {"release": newest, "previous": older[0] if older else None, "kept": tuple(older[1:])}


def _numbers(value: object) -> set[int]:
    """Releases that a field of a point names: one, several, or none."""
    values = value if isinstance(value, list) else [value]
    return {number for number in values if type(number) is int and number >= 0}


def _put(store: ObjectStore, record: CollectionRecord) -> str:
    try:
        if read_collection_record(store, record.name) is None:
            register_collection(store, record)
    except DamagedRecordError:
        return replace_damaged(store, record)
    return ""
