"""What crosses between this service and a Qdrant engine, whichever it is."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from minicoil.errors import CollectionError
from minicoil.sparse import SparseVector, as_indices
from tasks.points.in_place import InPlace
from tasks.points.payload_paths import read_field

PointId: TypeAlias = str | int
Vector: TypeAlias = SparseVector | NDArray[np.float32]
CELLS_PER_PROBE = 64  # a question's cost is that of its postings; fewer, larger questions save round trips


def id_order(point_id: PointId) -> tuple[bool, PointId]:
    """What ids are ordered by, as engines order them: numbers, then UUIDs.

    >>> sorted(["0d000000-0000-0000-0000-000000000000", 10, 9], key=id_order)
    [9, 10, '0d000000-0000-0000-0000-000000000000']
    """
    return isinstance(point_id, str), point_id


@dataclass(frozen=True)
class CollectionSchema:
    """The shape of a collection.

    Attributes:
        dense: Vector name -> size; cosine.
        sparse: Sparse vector names, all with Qdrant's IDF modifier.
        keyword: Payload fields indexed for exact match.
        integer: Payload fields indexed as integers.
        text: Payload fields with a full-text index (lowercase words, no stemming).
        is_searched: Whether dense vectors get a search graph on a server; training data is sampled and scanned only.
        is_whole: One shard, whatever a server divides others into: IDF is counted over all points.
    """

    dense: Mapping[str, int] = field(default_factory=dict)
    sparse: tuple[str, ...] = ()
    keyword: tuple[str, ...] = ()
    integer: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    is_searched: bool = False
    is_whole: bool = False

    def __post_init__(self) -> None:
        for name in ("sparse", "keyword", "integer", "text"):  # lists, where it came over the wire
            object.__setattr__(self, name, tuple(getattr(self, name)))


@dataclass(frozen=True)
class CollectionShape:
    """What an engine says of a collection that may be anybody's.

    Attributes:
        dense: Vector name -> size; an unnamed vector is named "".
        sparse: Vector name -> whether it has Qdrant's IDF modifier.
        indexed: Payload fields with an index of any kind.
        n_shards: Parts that count their IDF each for itself.
        cosine: Dense vectors that the engine makes of length one when they are written.
        stale_share: Share of a segment's points that may be overwritten before the optimiser clears them away, so that
            IDF counts them no more; `stale_points` is how many points a segment must have for that.
    """

    dense: Mapping[str, int]
    sparse: Mapping[str, bool]
    indexed: tuple[str, ...] = ()
    n_shards: int = 1
    stale_share: float = 0.2
    stale_points: int = 1000
    cosine: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("indexed", "cosine"):  # lists, where they came over the wire
            object.__setattr__(self, name, tuple(getattr(self, name)))


@dataclass(frozen=True)
class Point:
    """One point; `id` is a UUID string or an integer."""

    id: PointId
    payload: Mapping[str, Any]
    vectors: Mapping[str, Vector] = field(default_factory=dict)


@dataclass(frozen=True)
class PointFilter:
    """Conditions that must all hold.

    Attributes:
        any_of: Keyword field -> values, one of which it must have.
        text_any: Text field -> words, one of which it must contain.
        equal: Field -> value.
        not_equal: Field -> value it must not have; a missing field counts as different.
        missing: Fields that must be absent, null or empty.
        ids: Only these points.
        has, lacks: Only points with, or without, a vector of this name.
        slice: (index, total): only the points of one of `total` disjoint parts, which together are the collection;
            which part a point is in never changes.
    """

    any_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    text_any: Mapping[str, Sequence[str]] = field(default_factory=dict)
    equal: Mapping[str, str | int] = field(default_factory=dict)
    not_equal: Mapping[str, str | int] = field(default_factory=dict)
    missing: Sequence[str] = ()
    ids: Sequence[PointId] | None = None
    slice: tuple[int, int] | None = None
    has: str | None = None
    lacks: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "missing", tuple(self.missing))  # lists, where they came over the wire
        if self.slice is not None:
            object.__setattr__(self, "slice", (self.slice[0], self.slice[1]))

    @property
    def fields(self) -> set[str]:
        """Payload fields that it looks at."""
        return {*self.any_of, *self.text_any, *self.equal, *self.not_equal, *self.missing}

    def of_fields(self, fields: Container[str]) -> PointFilter:
        """Its conditions on some fields alone, neither ids nor slice."""
        return PointFilter(
            any_of={name: values for name, values in self.any_of.items() if name in fields},
            text_any={name: words for name, words in self.text_any.items() if name in fields},
            equal={name: value for name, value in self.equal.items() if name in fields},
            not_equal={name: value for name, value in self.not_equal.items() if name in fields},
            missing=[name for name in self.missing if name in fields],
        )

    def holds(self, payload: Mapping[str, Any]) -> bool:
        """Whether a payload meets the conditions on fields, full text aside.

        >>> PointFilter(any_of={"tags": ["a", "b"]}, missing=["gone"]).holds({"tags": ["b"]})
        True
        """
        return (
            all(_values(payload, name) & set(wanted) for name, wanted in self.any_of.items())
            and all(value in _values(payload, name) for name, value in self.equal.items())
            and all(value not in _values(payload, name) for name, value in self.not_equal.items())
            and all(read_field(payload, name) is None for name in self.missing)
        )


@dataclass(frozen=True)
class VectorUpdate:
    """New vectors of one point, written only while its payload still has what they were made from.

    Attributes:
        unchanged: Payload field (dots lead into objects) -> value it must still have; None stands for absent, null or
            empty. Nothing to hold: written in any case.
        payload: Merged into the point's payload under the same guard, together with the stamp that all have.
    """

    id: PointId
    vectors: Mapping[str, Vector]
    unchanged: Mapping[str, Any] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)

    def holds(self, payload: Mapping[str, Any]) -> bool:
        """Whether a payload is still the one the vectors were made from."""
        return all(read_field(payload, name) == value for name, value in self.unchanged.items())


def _values(payload: Mapping[str, Any], name: str) -> set[Any]:
    value = read_field(payload, name)
    return {entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, str | int | float)}


def probes(cells: Sequence[int]) -> list[SparseVector]:
    """Query vectors that between them touch every point with one of the cells.

    A word's values have signs, and a point whose products sum to zero is not returned; the chance that this happens
    under two unrelated sets of weights is nil.
    """
    indices = as_indices(sorted(set(cells)))
    weights = np.random.default_rng(7).uniform(0.5, 1.0, (2, len(indices))).astype(np.float32)
    return [SparseVector(indices, row) for row in weights]


@dataclass(frozen=True)
class Hit:
    """One search result."""

    id: PointId
    score: float
    payload: Mapping[str, Any]


class PointStore(InPlace, Protocol):
    """The few things this service asks of Qdrant.

    Every method but `ensure` and `exists` raises `CollectionError` for a collection that is not there, and any may
    raise `EngineUnavailableError`.
    """

    @property
    def is_shared(self) -> bool:
        """Whether programs that this service knows nothing of can search here."""

    def ensure(self, name: str, schema: CollectionSchema) -> None:
        """Create the collection, or check the vectors of the one there and add the payload indexes it lacks."""

    def describe(self, name: str) -> CollectionShape:
        """The shape of a collection, whoever made it."""

    def index_fields(self, name: str, schema: CollectionSchema) -> None:
        """Add the payload indexes of `schema` that the collection lacks; its vectors are not looked at."""

    def exists(self, name: str) -> bool:
        """Whether there is a collection of that name."""

    def names(self) -> list[str]:
        """Of all collections."""

    def drop(self, name: str) -> None:
        """Delete the collection with all its points. Raises `CollectionError` where there is none."""

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        """Write points whole; one that is there under the same id is replaced."""

    def get(
        self, name: str, ids: Sequence[PointId], payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        """Those of the points that are there, in no order; `payload` may name the fields that are wanted."""

    def delete(self, name: str, ids: Sequence[PointId]) -> None:
        """Remove the points, those that are there."""

    def count(self, name: str, where: PointFilter | None = None) -> int:
        """Number of points, exact."""

    def scroll(
        self,
        name: str,
        where: PointFilter | None = None,
        payload: bool | Sequence[str] = True,
        vectors: bool = False,
        page: int = 1000,
        start: PointId | None = None,
    ) -> Iterator[list[Point]]:
        """Every point in the order of ids, at most `page` at a time; from `start` on, where that is given."""

    def sample(
        self, name: str, where: PointFilter, n: int, payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        """At most `n` random points."""

    def search(
        self,
        name: str,
        using: str,
        vector: Vector,
        limit: int,
        where: PointFilter | None = None,
        corpus: PointFilter | None = None,
    ) -> list[Hit]:
        """The best points; IDF is counted over those of `corpus` where the engine can, else over the collection."""

    def find(self, name: str, using: str, cells: Sequence[int], where: PointFilter | None = None) -> set[PointId]:
        """Points whose sparse vector has one of the cells: the index is a posting list.

        A point is only found by cells whose value is not zero.
        """

    def write_vectors(
        self, name: str, updates: Sequence[VectorUpdate], stamp: Mapping[str, Any] | None = None
    ) -> list[PointId]:
        """Write vectors where the guard holds, then merge `stamp` and each one's own payload under the same guard.

        Other vectors and payload fields stay. A point that is gone, or whose text changed, is left alone.

        Returns:
            The ids written.
        """

    def set_payload(self, name: str, ids: Sequence[PointId], payload: Mapping[str, Any]) -> None:
        """Merge `payload` into those of the points that are there."""

    def optimize(self, name: str, is_ours: bool = False) -> None:
        """Clear away what was deleted or overwritten, so that IDF counts no stale cells; returns when that is done.

        Args:
            name: Of the collection.
            is_ours: Whether its optimiser may be told to; of somebody else's on a server only its end is waited for.
        """

    def purge(self, name: str) -> bool:
        """Take what was deleted off the disk too; False where only the server can do that, in its own time."""

    def close(self) -> None:
        """Let go of the engine; the last client's leaving ends the embedded one."""

    def lease(self, leave: Callable[[], None]) -> PointStore:
        """The same client over the same connection, which it leaves open when it is closed, and says so by `leave`."""

    def __enter__(self) -> PointStore: ...
    def __exit__(self, *details: object) -> None: ...


def not_found(name: str, names: Sequence[str]) -> CollectionError:
    """The error for a collection that is not there."""
    shown = [entry for entry in names if not entry.startswith("_")]
    known = f"collections here: {', '.join(sorted(shown))}" if shown else "there are no collections here yet"
    return CollectionError(
        f"collection '{name}' was not found; {known}; create it with `minicoil index {name} --corpus SPEC`", name=name
    )
