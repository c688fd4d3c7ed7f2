"""Registered collections: their fixed settings, and which releases their points can be read with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from minicoil.config import Bm25Config
from minicoil.errors import CollectionError, ConflictError, DamagedRecordError, StoreError
from minicoil.files import Count, Fraction, Positive, ReleaseOrEmpty, Size
from tasks.catalogue.adoption import Adoption
from tasks.catalogue.channels import read_channel
from tasks.points import not_found
from tasks.store import ASIDE, Documents, ObjectStore, name_damage, salvage_fields

# 1 had no attached collections, 2 one release beside at most, 3 no adopted ones, 4 no importance, 5 was English alone
RECORD_VERSION = 6
_FOLDER = "collections/"
_REMOVED = "-removed"  # ends the stamp of a mark; behind those of documents that were put aside in the same second


class CollectionRecord(BaseModel):
    """One collection that carries miniCOIL vectors.

    Attributes:
        k, b, avg_len: Of BM25, fixed for the collection's life.
        importance: Digest of what its documents' words are weighed by, fixed too; "" where all count alike.
        dims, shift: Cells per word and first hashed cell of the vocabulary it was created with; fixed too.
        language: ISO 639 code of its texts; fixed too.
        encoder_digest: Of the encoder whose tokenizer and embeddings its vectors come from.
        vector: Name of the miniCOIL sparse vector; `bm25_vector` of the plain one, for comparison.
        release: Release its points have been expanded for; 0 is the empty vocabulary.
        previous: Release whose cells are still beside, or None where nothing is; the served one where that is not
            `release`.
        kept: Further releases whose cells are beside, for readers that may still ask for them.
        acknowledged: Of those beside, the ones that nobody reads any more, as the owner confirmed.
        readers: Whether all readers announce themselves or are registered; None where nobody said so.
        attached_at: Release that somebody else's points carried when the collection was attached; None where this
            service indexed it, and its points carry keys and hashes.
        text: Template over payload fields that a point's text is made from.
        corpus: SPECs of the corpus that has the texts of points by id, where the payload has none.
        join: Payload field with that id; "" is the point's own.
        tenant: Payload field whose value scopes IDF, or None.
        adopted: What was added to a live collection of somebody else's; None where it is not one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=1, le=RECORD_VERSION)] = RECORD_VERSION
    name: str
    channel: str
    k: Positive
    b: Fraction
    avg_len: Positive
    importance: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""
    dims: Count
    shift: Size
    encoder: str
    encoder_digest: str
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] = "en"
    vector: str = "minicoil"
    bm25_vector: str | None = "bm25"
    release: ReleaseOrEmpty = 0
    previous: ReleaseOrEmpty | None = None
    kept: tuple[ReleaseOrEmpty, ...] = ()
    acknowledged: tuple[ReleaseOrEmpty, ...] = ()
    readers: Literal["known", "unknown"] | None = None
    attached_at: ReleaseOrEmpty | None = None
    text: str = "{text}"
    corpus: tuple[str, ...] = ()
    join: str = ""
    tenant: str | None = None
    adopted: Adoption | None = None

    @property
    def has_owner(self) -> bool:
        """Whether somebody else writes the points and says how the collection is kept."""
        return self.attached_at is not None or self.adopted is not None

    @property
    def is_ours(self) -> bool:
        """Whether this service made the vectors: points carry keys and hashes then."""
        return self.attached_at is None

    @property
    def bm25(self) -> Bm25Config:
        """k, b, avg_len and importance together."""
        return Bm25Config(self.k, self.b, self.avg_len, self.importance)

    @property
    def others(self) -> tuple[int, ...]:
        """Releases whose cells are beside those of `release`, newest first."""
        beside = {*self.kept, *([] if self.previous is None else [self.previous])}
        return tuple(sorted(beside - {self.release}, reverse=True))

    @property
    def readable(self) -> tuple[int, ...]:
        """Every release that the points can be read with, `release` first."""
        return (self.release, *self.others)

    def served(self, current: int | None) -> int:
        """The release that searches use: the channel's, as long as the points hold its cells."""
        return current if current is not None and current in self.readable else self.release

    def expanded(self, target: int, current: int | None) -> CollectionRecord:
        """The record once every point holds the cells of `target` too."""
        return self._holding(target, self.readable, self.served(current))

    def contracted(self, keep: Collection[int], current: int | None) -> CollectionRecord:
        """The record without the releases that are not in `keep`; the served one stays in any case."""
        served = self.served(current)
        release = self.release if self.release in keep else served
        return self._holding(release, {*keep, served} & {*self.readable}, served)

    def _holding(self, release: int, readable: Collection[int], served: int) -> CollectionRecord:
        others = sorted({*readable} - {release})
        previous = served if served in others else max(others, default=None)
        return self.model_copy(
            update={
                "release": release,
                "previous": previous,
                "kept": tuple(number for number in others if number != previous),
                "acknowledged": tuple(number for number in self.acknowledged if number in others),
            }
        )


@dataclass(frozen=True)
class DamagedRecord:
    """What can still be told of a collection whose record cannot be read.

    Attributes:
        name: From its key.
        channel: Where the document still says so; None where nobody knows.
        releases: That its points may be read with; None where nobody knows: then it may be any.
        fields: Those of its fields that are right, by name.
        error: What its readers are told.
    """

    name: str
    channel: str | None
    releases: frozenset[int] | None
    fields: Mapping[str, Any]
    error: DamagedRecordError


@dataclass(frozen=True)
class Registry:
    """All collections: those that can be read, and those that cannot."""

    records: list[CollectionRecord]
    damaged: list[DamagedRecord]


def _way_out(name: str) -> str:
    return (
        f"mend it with `minicoil index {name} --corpus SPEC --avg-len X`, X as it was printed when the collection was "
        f"made (another one has every point written again), with `minicoil attach {name} --vector V --text T` if "
        "somebody else writes its points, or restore it from a backup; other collections are none the worse"
    )


_RECORDS = Documents(
    CollectionRecord,
    RECORD_VERSION,
    _FOLDER,
    title=lambda name: f"the record of collection '{name}'",
    way_out=_way_out,
    damaged=DamagedRecordError,
    newer=CollectionError,
    stray=lambda found, name: None if found.name == name else f"is damaged: it is that of collection '{found.name}'",
)


def read_collection_record(store: ObjectStore, name: str) -> CollectionRecord | None:
    """The record of a collection, None where it is not registered.

    Raises:
        DamagedRecordError: the record is damaged.
        CollectionError: a newer version of this program wrote it.
    """
    return _RECORDS.find(store, name)


def open_record(store: ObjectStore, name: str) -> CollectionRecord:
    """The record of a collection.

    Raises:
        CollectionError: it is not registered, or its record is damaged.
    """
    record = read_collection_record(store, name)
    if record is None:
        raise not_found(name, [entry.name for entry in list_collections(store)])
    return record


def served_release(store: ObjectStore, record: CollectionRecord) -> int:
    """The release that a collection is read with: the channel's, as long as its points hold that one's cells."""
    return record.served(read_channel(store, record.channel).current)


def read_registry(store: ObjectStore, channel: str | None = None) -> Registry:
    """Collections of one channel or of all, by name; damage of one is told once and stops none of the others.

    Raises:
        CollectionError: a newer version of this program wrote a record: whoever goes on might undo what it did.
    """
    records, damaged = [], []
    for name in _RECORDS.names(store):
        try:
            record = _RECORDS.find(store, name)
        except DamagedRecordError as error:
            found = salvage_record(store, name, error)
            if channel is None or found.channel in (None, channel):
                name_damage(_RECORDS.key(name), str(error))
                damaged.append(found)
            continue
        if record is not None and channel in (None, record.channel):
            records.append(record)
    return Registry(sorted(records, key=lambda record: record.name), damaged)


def list_collections(store: ObjectStore, channel: str | None = None) -> list[CollectionRecord]:
    """Registered collections whose records can be read, of one channel or of all, by name."""
    return read_registry(store, channel).records


def choose_collections(store: ObjectStore, channel: str, names: Sequence[str] = ()) -> list[CollectionRecord]:
    """The records of `names`, or of all collections on a channel.

    Raises:
        DamagedRecordError: the record of a named collection is damaged.
        CollectionError: a name is not a collection of the channel.
    """
    registry = read_registry(store, channel)
    known = {record.name: record for record in registry.records}
    for found in registry.damaged:
        if found.name in names:
            raise found.error
    missing = [name for name in names if name not in known]
    if missing:
        raise CollectionError(
            f"collection {', '.join(missing)} is not on channel '{channel}'; "
            f"collections there: {', '.join(known) or 'none'}; `minicoil index NAME --corpus SPEC` creates one, "
            "`minicoil attach NAME` adopts one"
        )
    return [known[name] for name in names] if names else registry.records


def salvage_record(store: ObjectStore, name: str, error: DamagedRecordError) -> DamagedRecord:
    """What a damaged record still says, field by field."""
    try:
        fields = salvage_fields(CollectionRecord, store.read(_RECORDS.key(name)))
    except StoreError:
        fields = {}
    releases = None
    # a field that is wrong is not among them: then nobody knows which releases it named
    if {"release", "previous", "kept"} <= fields.keys():
        named = {fields["release"], fields["previous"], fields.get("attached_at"), *fields["kept"]}
        releases = frozenset(number for number in named if number is not None)
    return DamagedRecord(name, fields.get("channel"), releases, fields, error)


def remove_collection(store: ObjectStore, name: str) -> None:
    """Forget a collection; its points stay as they are."""
    aside = f"{ASIDE}{_RECORDS.key(name)}."
    if next(iter(store.list(aside)), None) is not None:  # which would look as if mending had been stopped, for ever
        store.write(f"{aside}{datetime.now(UTC):%Y%m%dT%H%M%S}{_REMOVED}", b"")
    store.delete(_RECORDS.key(name))


def register_collection(store: ObjectStore, record: CollectionRecord) -> CollectionRecord:
    """Write a new record; the one that is there already wins."""
    try:
        _RECORDS.write(store, record.name, _of_this_version(record), if_absent=True)
        return record
    except ConflictError:
        found = read_collection_record(store, record.name)
        return record if found is None else found


def update_collection(
    store: ObjectStore, name: str, change: Callable[[CollectionRecord], CollectionRecord]
) -> CollectionRecord:
    """Change a record by compare-and-swap."""

    def changed(record: CollectionRecord | None) -> CollectionRecord:
        if record is None:
            raise CollectionError(
                f"collection '{name}' is not registered; `minicoil index {name} --corpus SPEC` creates it"
            )
        after = change(record)
        return record if after == record else _of_this_version(after)

    return _RECORDS.change(store, name, changed)


def collections_aside(store: ObjectStore) -> list[str]:
    """Names of collections whose damaged record was put aside, and in whose place none stands: mending was stopped."""
    prefix, last = f"{ASIDE}{_FOLDER}", dict[str, str]()
    for entry in store.list(prefix):
        name, _, stamp = entry.key.removeprefix(prefix).rpartition(".json.")
        last[name] = max(stamp, last.get(name, ""))
    left = sorted(name for name, stamp in last.items() if name and not stamp.endswith(_REMOVED))
    return [name for name in left if store.stat(_RECORDS.key(name)) is None]


def replace_damaged(store: ObjectStore, record: CollectionRecord) -> str:
    """Put a record in the place of a damaged one; returns the key under which that one is kept."""
    aside = store.set_aside(_RECORDS.key(record.name))
    _RECORDS.write(store, record.name, _of_this_version(record), if_absent=True)
    return aside


def _of_this_version(record: CollectionRecord) -> CollectionRecord:
    return record.model_copy(update={"version": RECORD_VERSION})
