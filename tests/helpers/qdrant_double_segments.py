"""A shard's points in two segments, as Qdrant's optimiser leaves them: one that is written to, one that is indexed.

What the statistics of IDF count is what the segments' inverted indexes hold, dead entries included. In a segment that
is written to, a new vector takes the old one's place, and a deleted point stays. An indexed segment is never changed:
whoever writes to one of its points (its payload too) moves the point, and the old entries stay. Both are freed when
the optimiser makes the segment anew.

Source: lib/shard/src/segment_holder/mod.rs (apply_points_with_conditional_move), lib/sparse/src/index/inverted_index/
    inverted_index_ram.rs, lib/segment/src/data_types/query_context.rs, lib/shard/src/optimizers of Qdrant 1.18.3.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

POSTING_BYTES = 12  # id, weight, greatest weight of those behind


@dataclass(frozen=True)
class Sparse:
    """A sparse vector as it came: (n,) uint32 indices in no order, (n,) float32 values."""

    indices: np.ndarray
    values: np.ndarray

    def entries(self) -> list[tuple[int, float]]:
        return list(zip(self.indices.tolist(), self.values.tolist(), strict=True))


Vector = Sparse | np.ndarray  # (size,) float32, or (n, size) of a multivector


@dataclass
class Stored:
    """A point.

    Attributes:
        version: Number of the operation that wrote it last.
        order: Its place in the segment; the earlier one wins among equal scores.
        indexed: Whether it lives in the indexed segment.
    """

    payload: dict[str, Any]
    vectors: dict[str, Vector]
    version: int
    order: int
    indexed: bool = False


@dataclass
class Postings:
    """Inverted index of one sparse vector in one segment.

    Attributes:
        live: Index -> id -> value, of points that are there.
        dead: Index -> number of entries that nobody finds any more and statistics still count.
        ghosts: Id of a point that is there -> indices of the dead entries of its deleted vector; where a new vector
            of the point has the index, its entry takes the place.
        vector_count: Vectors that statistics count.
        n_entries: Entries that are not dead, which says how large the index is.
    """

    live: dict[int, dict[Any, float]] = field(default_factory=lambda: defaultdict(dict))
    dead: Counter[int] = field(default_factory=Counter)
    ghosts: dict[Any, set[int]] = field(default_factory=dict)
    vector_count: int = 0
    n_entries: int = 0

    def add(self, point_id: Any, vector: Sparse) -> None:
        for index, value in vector.entries():
            self.live[index][point_id] = value
        self.n_entries += len(vector.indices)
        if point_id in self.ghosts:
            replaced = self.ghosts[point_id] & set(vector.indices.tolist())
            self.dead.subtract(replaced)
            self.ghosts[point_id] -= replaced

    def drop(self, point_id: Any, vector: Sparse, bury: bool) -> None:
        """Take a point's entries out, or leave them dead."""
        indices = vector.indices.tolist()
        for index in indices:
            self.live[index].pop(point_id, None)
        self.n_entries -= len(indices)
        if bury:
            self.dead.update(indices)

    def document_frequency(self, index: int) -> int:
        held = self.live.get(index)
        return (len(held) if held else 0) + self.dead[index]


@dataclass
class Segment:
    """What one segment's indexes hold; the points themselves are the shard's."""

    postings: dict[str, Postings] = field(default_factory=lambda: defaultdict(Postings))
    n_points: int = 0
    n_deleted: int = 0

    def clear(self) -> None:
        self.postings.clear()
        self.n_points = self.n_deleted = 0


class Shard:
    """Points and the two segments that hold them."""

    def __init__(self) -> None:
        self.points: dict[Any, Stored] = {}
        self.plain, self.indexed = Segment(), Segment()
        self._order = 0

    def _segment(self, stored: Stored) -> Segment:
        return self.indexed if stored.indexed else self.plain

    def upsert(self, point_id: Any, vectors: Mapping[str, Vector], payload: dict[str, Any] | None, op: int) -> None:
        """Write a point whole; in an indexed segment, what is not given is kept, as Qdrant does it."""
        there = self.points.get(point_id)
        if there is None:
            self._insert(point_id, dict(vectors), payload or {}, op)
        elif there.indexed:
            self._remove(point_id)
            kept = there.payload if payload is None else payload
            self._insert(point_id, {**there.vectors, **vectors}, kept, op)
        else:
            for name in [*there.vectors.keys() - vectors.keys(), *vectors]:
                self._replace(point_id, there, name, vectors.get(name))
            there.payload, there.version = payload or {}, op

    def update_vectors(self, point_id: Any, vectors: Mapping[str, Vector], op: int) -> None:
        there = self.writable(point_id, op)
        for name, vector in vectors.items():
            self._replace(point_id, there, name, vector)

    def delete_vectors(self, point_id: Any, names: Iterable[str], op: int) -> None:
        """Their entries stay in the index of either kind of segment."""
        there = self.writable(point_id, op)
        for name in names:
            old = there.vectors.pop(name, None)
            if isinstance(old, Sparse):
                postings = self.plain.postings[name]
                postings.drop(point_id, old, bury=True)
                postings.ghosts.setdefault(point_id, set()).update(old.indices.tolist())

    def writable(self, point_id: Any, op: int) -> Stored:
        """The point, moved out of the indexed segment if it is there."""
        there = self.points[point_id]
        if there.indexed:
            self._remove(point_id)
            there = self._insert(point_id, there.vectors, there.payload, op)
        there.version = op
        return there

    def delete(self, point_id: Any) -> None:
        if point_id in self.points:
            self._remove(point_id)

    def _insert(self, point_id: Any, vectors: dict[str, Vector], payload: dict[str, Any], op: int) -> Stored:
        self._order += 1
        stored = self.points[point_id] = Stored(payload, vectors, op, self._order)
        self.plain.n_points += 1
        for name, vector in vectors.items():
            if isinstance(vector, Sparse) and len(vector.indices):
                self.plain.postings[name].add(point_id, vector)
                self.plain.postings[name].vector_count += 1
        return stored

    def _remove(self, point_id: Any) -> None:
        stored = self.points.pop(point_id)
        segment = self._segment(stored)
        segment.n_points -= 1
        segment.n_deleted += 1
        for postings in segment.postings.values():
            postings.ghosts.pop(point_id, None)  # under its id, another one may come
        for name, vector in stored.vectors.items():
            if isinstance(vector, Sparse) and len(vector.indices):
                segment.postings[name].drop(point_id, vector, bury=True)

    def _replace(self, point_id: Any, there: Stored, name: str, vector: Vector | None) -> None:
        old = there.vectors.get(name)
        if vector is None:
            there.vectors.pop(name, None)
        else:
            there.vectors[name] = vector
        if not isinstance(old, Sparse) and not isinstance(vector, Sparse):
            return
        postings = self.plain.postings[name]
        if isinstance(old, Sparse):
            postings.drop(point_id, old, bury=False)
        if isinstance(vector, Sparse) and len(vector.indices):
            postings.add(point_id, vector)
            postings.vector_count += old is None  # an empty one before it counts as one: then none is added
        elif isinstance(old, Sparse) and len(old.indices):
            postings.vector_count -= 1

    def optimise(self, deleted_threshold: float, least_vectors: int, indexing_bytes: int, n_segments: int) -> None:
        """Make anew what is littered, and index what is large, as the optimiser does in its own time."""
        for segment in (self.plain, self.indexed):
            total = segment.n_points + segment.n_deleted
            if total >= least_vectors and segment.n_deleted > deleted_threshold * total:
                self.rebuild(segment)
        largest = max((p.n_entries for p in self.plain.postings.values()), default=0) * POSTING_BYTES
        if indexing_bytes and self.plain.n_points and largest / n_segments >= indexing_bytes:
            self.index()

    def rebuild(self, segment: Segment) -> None:
        """The same points without the dead."""
        indexed = segment is self.indexed
        segment.clear()
        for point_id, stored in self.points.items():
            if stored.indexed == indexed:
                self._count(segment, point_id, stored)

    def index(self) -> None:
        """Everything in the indexed segment, without the dead."""
        self.plain.clear()
        self.indexed.clear()
        for point_id, stored in self.points.items():
            stored.indexed = True
            self._count(self.indexed, point_id, stored)

    def _count(self, segment: Segment, point_id: Any, stored: Stored) -> None:
        segment.n_points += 1
        for name, vector in stored.vectors.items():
            if isinstance(vector, Sparse) and len(vector.indices):
                segment.postings[name].add(point_id, vector)
                segment.postings[name].vector_count += 1

    def inverse_document_frequencies(
        self, name: str, indices: Sequence[int], corpus: Callable[[Any, Stored], bool] | None = None
    ) -> list[np.float32]:
        """One number for each index, over the whole shard or over the live points of a corpus."""
        both = [s.postings[name] for s in (self.plain, self.indexed) if name in s.postings]
        if corpus is None:
            n = sum(p.vector_count for p in both)
            frequencies = [sum(p.document_frequency(index) for p in both) for index in indices]
        else:
            within = {i for i, s in self.points.items() if name in s.vectors and corpus(i, s)}
            n = len(within)
            frequencies = [sum(len(within & p.live.get(index, {}).keys()) for p in both) for index in indices]
        return [_fancy_idf(np.float32(n), np.float32(df)) for df in frequencies]

    def sparse_scores(self, name: str, weights: Sequence[tuple[int, float]]) -> dict[Any, float]:
        """Dot products of the points that share an index with the query."""
        scores: dict[Any, float] = {}
        for segment in (self.plain, self.indexed):
            if name in segment.postings:
                live = segment.postings[name].live
                for index, weight in weights:
                    for point_id, value in live.get(index, {}).items():
                        scores[point_id] = scores.get(point_id, 0.0) + weight * value
        return scores

    def indexed_vectors(self) -> int:
        """What a collection says of itself as indexed."""
        sparse = sum(p.vector_count for s in (self.plain, self.indexed) for p in s.postings.values())
        return sparse + sum(
            isinstance(v, np.ndarray) for s in self.points.values() if s.indexed for v in s.vectors.values()
        )


def _fancy_idf(n: np.float32, df: np.float32) -> np.float32:
    """In single precision, as the server has it. Source: lib/segment/src/data_types/query_context.rs."""
    half = np.float32(0.5)
    ratio = (n - df + half) / (df + half) + np.float32(1)
    return np.float32(math.log(ratio)) if ratio > 0 else np.float32(math.nan)
