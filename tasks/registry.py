"""Registered collections: their fixed settings, and which releases their points can be read with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from minicoil.config import Bm25Config
from minicoil.errors import CollectionError, ConflictError, ObjectNotFoundError
from tasks.formats import describe_damage
from tasks.object_store import ObjectStore
from tasks.points import not_found

RECORD_VERSION = 3  # 1 had no attached collections, 2 at most one release beside; both are read as they are


class CollectionRecord(BaseModel):
    """One collection that carries miniCOIL vectors.

    Attributes:
        k, b, avg_len: Of BM25, fixed for the collection's life.
        dims, shift: Cells per word and first hashed cell of the vocabulary it was created with; fixed too.
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
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=1, le=RECORD_VERSION)] = RECORD_VERSION
    name: str
    channel: str
    k: float
    b: float
    avg_len: float
    dims: int
    shift: int
    encoder: str
    encoder_digest: str
    vector: str = "minicoil"
    bm25_vector: str | None = "bm25"
    release: int = 0
    previous: int | None = None
    kept: tuple[int, ...] = ()
    acknowledged: tuple[int, ...] = ()
    readers: Literal["known", "unknown"] | None = None
    attached_at: int | None = None
    text: str = "{text}"
    corpus: tuple[str, ...] = ()
    join: str = ""
    tenant: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether this service wrote the points: they carry keys and hashes then."""
        return self.attached_at is None

    @property
    def bm25(self) -> Bm25Config:
        """k, b and avg_len together."""
        return Bm25Config(self.k, self.b, self.avg_len)

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


def read_collection_record(store: ObjectStore, name: str) -> CollectionRecord | None:
    """The record of a collection, None where it is not registered.

    Raises:
        CollectionError: the record is damaged.
    """
    return _read(store, name)[0]


def open_record(store: ObjectStore, name: str) -> CollectionRecord:
    """The record of a collection.

    Raises:
        CollectionError: it is not registered.
    """
    record = read_collection_record(store, name)
    if record is None:
        raise not_found(name, [entry.name for entry in list_collections(store)])
    return record


def list_collections(store: ObjectStore, channel: str | None = None) -> list[CollectionRecord]:
    """Registered collections, of one channel or of all, by name."""
    names = [entry.key.removeprefix("collections/").removesuffix(".json") for entry in store.list("collections/")]
    records = [record for name in sorted(names) if not name.endswith(".lock") and (record := _read(store, name)[0])]
    return [record for record in records if channel is None or record.channel == channel]


def select_collections(records: list[CollectionRecord], names: Sequence[str], channel: str) -> list[CollectionRecord]:
    """The records of `names`, or all.

    Raises:
        CollectionError: a name is not a collection of the channel.
    """
    known = {record.name: record for record in records}
    missing = [name for name in names if name not in known]
    if missing:
        raise CollectionError(
            f"collection {', '.join(missing)} is not on channel '{channel}'; "
            f"collections there: {', '.join(known) or 'none'}; `minicoil index NAME --corpus SPEC` creates one, "
            "`minicoil attach NAME` adopts one"
        )
    return [known[name] for name in names] if names else records


def remove_collection(store: ObjectStore, name: str) -> None:
    """Forget a collection; its points stay as they are."""
    store.delete(_key(name))


def register_collection(store: ObjectStore, record: CollectionRecord) -> CollectionRecord:
    """Write a new record; the one that is there already wins."""
    try:
        store.write(_key(record.name), _bytes(record), if_absent=True)
        return record
    except ConflictError:
        found = read_collection_record(store, record.name)
        return record if found is None else found


def update_collection(
    store: ObjectStore, name: str, change: Callable[[CollectionRecord], CollectionRecord]
) -> CollectionRecord:
    """Change a record by compare-and-swap."""
    for _ in range(20):
        record, tag = _read(store, name)
        if record is None or tag is None:
            raise CollectionError(
                f"collection '{name}' is not registered; `minicoil index {name} --corpus SPEC` creates it"
            )
        changed = change(record)
        if changed == record:
            return record
        try:
            store.write(_key(name), _bytes(changed), if_tag=tag)
            return changed
        except ConflictError:
            continue  # look again at what the other writer left
    raise ConflictError(f"the record of collection '{name}' is being changed by many at once; try again")


def _key(name: str) -> str:
    return f"collections/{name}.json"


def _bytes(record: CollectionRecord) -> bytes:
    return record.model_copy(update={"version": RECORD_VERSION}).model_dump_json(indent=1).encode()


def _read(store: ObjectStore, name: str) -> tuple[CollectionRecord | None, str | None]:
    try:
        data, tag = store.read_tagged(_key(name))
    except ObjectNotFoundError:
        return None, None
    try:
        return CollectionRecord.model_validate_json(data), tag
    except ValidationError as error:
        raise CollectionError(describe_damage(error, f"{store.url}/{_key(name)}", RECORD_VERSION)) from error
