"""Points of one collection copied into another: what is their owner's to the bit, our vectors made anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minicoil.sparse import MiniCoil, SparseVector
from minicoil.words import Vocabulary
from tasks.catalogue import ADDED_FIELDS, HASH_FIELD, CollectionRecord
from tasks.collections import PAGE, Filled, PointTextError, TextTemplate, describe_text, make_vectors
from tasks.documents import text_hash
from tasks.points import Point, PointStore, Vector
from tasks.progress import progress

_ROUNDING = 1e-6  # of numbers up to one, in float32


@dataclass(frozen=True)
class Copier:
    """Copies one collection into another, point by point.

    Attributes:
        source: Its name.
        record: Of the copy.
        texts: Where the texts are.
        model, others: What the copy's points are written with.
        without: Vectors of the source that this service made: they are made anew.
        cosine: Vectors that the engine brings to length one, again where it stores what it gave out.
    """

    points: PointStore
    source: str
    record: CollectionRecord
    texts: TextTemplate
    model: MiniCoil
    others: Sequence[Vocabulary]
    without: Collection[str] = field(default=())
    cosine: Collection[str] = field(default=())

    def copy_pass(self) -> Filled:
        """Copy every point that the copy has not, or not so; a pass that copies none has compared them all."""
        found = Filled()
        with progress(f"rebuilding {self.source}", self.points.count(self.source), "points") as advance:
            for page in self.points.scroll(self.source, payload=True, vectors=True, page=PAGE):
                there = self.points.get(self.record.name, [point.id for point in page], True, vectors=True)
                copies = {point.id: point for point in there}
                rows = [(point, self._text(point, found)) for point in page]
                fresh = [row for row in rows if not self._is_there(*row, copies.get(row[0].id))]
                if fresh:
                    self.points.upsert(self.record.name, self._make_copies(fresh))
                    found.n_written += len(fresh)
                advance(len(page))
        return found

    def delete_gone(self) -> int:
        """Delete from the copy what the source does not have any more; how many these were."""
        n_deleted = 0
        for page in self.points.scroll(self.record.name, payload=False, page=PAGE):
            ids = [point.id for point in page]
            there = {point.id for point in self.points.get(self.source, ids, payload=False)}
            gone = [point for point in ids if point not in there]
            if gone:
                self.points.delete(self.record.name, gone)
                n_deleted += len(gone)
        return n_deleted

    def _text(self, point: Point, found: Filled) -> str | None:
        try:
            return self.texts.read(point)
        except PointTextError as error:
            found.miss(str(error))
            return None

    def _is_there(self, point: Point, text: str | None, copy: Point | None) -> bool:
        if copy is None or copy.payload.get(HASH_FIELD) != (None if text is None else text_hash(text)):
            return False
        ours = {self.record.vector, self.record.bm25_vector or ""} - {""}
        return owned_payload(point) == owned_payload(copy) and same_vectors(
            owned_vectors(point, self.without), owned_vectors(copy, ours), self.cosine
        )

    def _make_copies(self, rows: Sequence[tuple[Point, str | None]]) -> list[Point]:
        texts = [text for _, text in rows if text is not None]
        vectors = make_vectors(self.model, self.others, texts)
        made = iter(zip(vectors, describe_text(self.model, self.record, texts), strict=True))
        copies = []
        for point, text in rows:
            payload, kept = owned_payload(point), owned_vectors(point, self.without)
            if text is not None:
                vector, (described, plain) = next(made)
                payload |= described
                kept[self.record.vector] = vector
                if self.record.bm25_vector is not None:
                    kept[self.record.bm25_vector] = plain
            copies.append(Point(point.id, payload, kept))
        return copies


def owned_payload(point: Point) -> dict[str, Any]:
    """A point's payload without what this service put there to find and guard it."""
    return {name: value for name, value in point.payload.items() if name not in ADDED_FIELDS}


def owned_vectors(point: Point, without: Collection[str]) -> dict[str, Vector]:
    """A point's vectors without those that this service made."""
    return {name: vector for name, vector in point.vectors.items() if name not in without}


def same_vectors(left: Mapping[str, Vector], right: Mapping[str, Vector], cosine: Collection[str] = ()) -> bool:
    """Whether two points have the same vectors; an empty sparse one is none.

    To the bit, but for those of `cosine`: a length that is one but for rounding may be made one a second time.
    """
    one, other = _filled(left), _filled(right)
    return one.keys() == other.keys() and all(
        _is_same(vector, other[name], _ROUNDING if name in cosine else 0.0) for name, vector in one.items()
    )


def _filled(vectors: Mapping[str, Vector]) -> dict[str, Vector]:
    return {k: v for k, v in vectors.items() if not isinstance(v, SparseVector) or len(v.indices)}


def _is_same(left: Vector, right: Vector, tolerance: float) -> bool:
    if isinstance(left, SparseVector) and isinstance(right, SparseVector):
        one, other = np.argsort(left.indices, kind="stable"), np.argsort(right.indices, kind="stable")
        return np.array_equal(left.indices[one], right.indices[other]) and np.array_equal(
            left.values[one], right.values[other]
        )
    if isinstance(left, SparseVector) or isinstance(right, SparseVector):
        return False
    return left.shape == right.shape and bool(np.all(np.abs(left - right) <= tolerance))
