"""What crosses between this service and a Qdrant engine, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from minicoil.errors import CollectionError
from minicoil.sparse import SparseVector

PointId: TypeAlias = str | int
Vector: TypeAlias = SparseVector | NDArray[np.float32]
HASH_FIELD = "mc_hash"  # digest of a point's text: the guard against overwriting newer text's vectors


@dataclass(frozen=True)
class CollectionSchema:
    """The shape of a collection.

    Attributes:
        dense: Vector name -> size; cosine, scanned exactly (training data is sampled, not searched at speed).
        sparse: Sparse vector names, all with Qdrant's IDF modifier.
        keyword: Payload fields indexed for exact match.
        integer: Payload fields indexed as integers.
        text: Payload fields with a full-text index (lowercase words, no stemming).
    """

    dense: Mapping[str, int] = field(default_factory=dict)
    sparse: tuple[str, ...] = ()
    keyword: tuple[str, ...] = ()
    integer: tuple[str, ...] = ()
    text: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("sparse", "keyword", "integer", "text"):  # lists, where it came over the wire
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
        ids: Only these points.
    """

    any_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    text_any: Mapping[str, Sequence[str]] = field(default_factory=dict)
    equal: Mapping[str, str | int] = field(default_factory=dict)
    not_equal: Mapping[str, str | int] = field(default_factory=dict)
    ids: Sequence[PointId] | None = None


@dataclass(frozen=True)
class VectorUpdate:
    """New vectors of one point, written only while its `mc_hash` is still `text_hash` (None: in any case)."""

    id: PointId
    vectors: Mapping[str, Vector]
    text_hash: str | None = None


@dataclass(frozen=True)
class Hit:
    """One search result."""

    id: PointId
    score: float
    payload: Mapping[str, Any]


class PointStore(Protocol):
    """The few things this service asks of Qdrant.

    Every method but `ensure` and `exists` raises `CollectionError` for a collection that is not there, and any may
    raise `EngineUnavailableError`.
    """

    def ensure(self, name: str, schema: CollectionSchema) -> None:
        """Create the collection, or check the vectors of the one there and add the payload indexes it lacks."""

    def exists(self, name: str) -> bool: ...
    def names(self) -> list[str]: ...
    def drop(self, name: str) -> None: ...
    def upsert(self, name: str, points: Sequence[Point]) -> None: ...
    def get(
        self, name: str, ids: Sequence[PointId], payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]: ...
    def delete(self, name: str, ids: Sequence[PointId]) -> None: ...
    def count(self, name: str, where: PointFilter | None = None) -> int: ...
    def scroll(
        self,
        name: str,
        where: PointFilter | None = None,
        payload: bool | Sequence[str] = True,
        vectors: bool = False,
        page: int = 1000,
    ) -> Iterator[list[Point]]: ...
    def sample(
        self, name: str, where: PointFilter, n: int, payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        """At most `n` random points."""

    def search(
        self, name: str, using: str, vector: Vector, limit: int, where: PointFilter | None = None
    ) -> list[Hit]: ...
    def write_vectors(
        self, name: str, updates: Sequence[VectorUpdate], stamp: Mapping[str, Any] | None = None
    ) -> list[PointId]:
        """Write vectors where the guard holds, then merge `stamp` into the payload under the same guard.

        Other vectors and payload fields stay. A point that is gone, or whose text changed, is left alone.

        Returns:
            The ids written.
        """

    def set_payload(self, name: str, ids: Sequence[PointId], payload: Mapping[str, Any]) -> None:
        """Merge `payload` into those of the points that are there."""

    def optimize(self, name: str) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> PointStore: ...
    def __exit__(self, *details: object) -> None: ...


def not_found(name: str, names: Sequence[str]) -> CollectionError:
    """The error for a collection that is not there."""
    shown = [entry for entry in names if not entry.startswith("_")]
    known = f"collections here: {', '.join(sorted(shown))}" if shown else "there are no collections here yet"
    return CollectionError(
        f"collection '{name}' was not found; {known}; create it with `minicoil index {name} --corpus SPEC`", name=name
    )
