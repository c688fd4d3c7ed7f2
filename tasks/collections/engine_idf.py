"""The IDF that an engine really uses, read off its scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from minicoil.sparse import Cells, SparseVector
from tasks.points import PointFilter, PointId, PointStore


class EngineIdf:
    """IDF by cell: a probe of one cell scores IDF times the document's value, which is known.

    So it is the engine's own number, whatever it counts in its frequencies: points that wait to be vacuumed, cells of
    another release, one shard of several.

    Args:
        points: The engine.
        collection: Its collection.
        vector: Name of the sparse vector.
        documents: Vectors of some documents.
        ids: Their points.
    """

    def __init__(
        self,
        points: PointStore,
        collection: str,
        vector: str,
        documents: Sequence[SparseVector],
        ids: Sequence[PointId],
    ) -> None:
        self._points, self._collection, self._vector = points, collection, vector
        self._known: dict[int, float] = {}
        self._where: dict[int, tuple[PointId, float]] = {}  # cell -> the point with the largest value in it
        for document, name in zip(documents, ids, strict=True):
            for cell, value in zip(document.indices.tolist(), document.values.tolist(), strict=True):
                if abs(value) > abs(self._where.get(cell, (name, 0.0))[1]):
                    self._where[cell] = (name, value)

    def __call__(self, cells: Cells) -> NDArray[np.float64]:
        """IDF of cells, (n,) float64; 0 for a cell that none of the documents has."""
        return np.asarray([self._of(int(cell)) for cell in cells], dtype=np.float64)

    def _of(self, cell: int) -> float:
        if cell not in self._known:
            self._known[cell] = self._probe(cell)
        return self._known[cell]

    def _probe(self, cell: int) -> float:
        if cell not in self._where:
            return 0.0
        name, value = self._where[cell]
        # a probe of the value's own sign: a negative score would do as well, but an engine may prune it
        probe = SparseVector(np.asarray([cell], np.int32), np.asarray([np.sign(value)], np.float32))
        hits = self._points.search(self._collection, self._vector, probe, 1, PointFilter(ids=[name]))
        return hits[0].score / abs(value) if hits else 0.0
