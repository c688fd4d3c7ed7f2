"""Every document scored for a query, by the formula of Qdrant's sparse index with the IDF modifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minicoil.sparse import Cells, SparseVector

Idf = Callable[[Cells], NDArray[np.float64]]


def inverse_frequency(n_documents: int, frequencies: NDArray[np.int64]) -> NDArray[np.float64]:
    """IDF of cells that occur in so many of `n_documents` points, (n,) float64, all above 0.

    Source: Qdrant, `lib/segment/src/index/sparse_index`: ln(1 + (N - df + 0.5) / (df + 0.5)).
    """
    return np.asarray(np.log1p((n_documents - frequencies + 0.5) / (frequencies + 0.5)))


@dataclass(frozen=True)
class Ranking:
    """The best documents of one query, the best first.

    Attributes:
        places: (n,) int64 document numbers.
        scores: (n,) float64.
    """

    places: NDArray[np.int64]
    scores: NDArray[np.float64]


class ExactIndex:
    """Documents' vectors by cell, in memory; answers as the engine does, without one.

    Args:
        vectors: One a document, in document order.
        idf: Of cells; None counts these documents. Where they are a part of a collection, the whole of it decides.
    """

    def __init__(self, vectors: Sequence[SparseVector], idf: Idf | None = None) -> None:
        self.n_documents = len(vectors)
        self._idf = idf
        sizes = [len(vector.indices) for vector in vectors]
        owners = np.repeat(np.arange(len(vectors)), sizes)
        empty = [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
        cells = np.concatenate([v.indices for v in vectors] or empty[0])
        values = np.concatenate([v.values for v in vectors] or empty[1])
        order = np.argsort(cells, kind="stable")
        self._owners, self._values = owners[order].astype(np.int64), values[order].astype(np.float64)
        self._cells, self._starts = np.unique(cells[order], return_index=True)
        self._ends = np.append(self._starts[1:], len(cells))

    def idf(self, cells: Cells) -> NDArray[np.float64]:
        """IDF of cells, (n,) float64; a cell that no document has counts as rarest."""
        if self._idf is not None:
            return self._idf(cells)
        place = np.searchsorted(self._cells, cells)
        there = (place < len(self._cells)) & (self._cells[np.minimum(place, len(self._cells) - 1)] == cells)
        frequencies = np.where(there, (self._ends - self._starts)[np.where(there, place, 0)], 0)
        return inverse_frequency(self.n_documents, frequencies)

    def contribution(self, query: SparseVector) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """What a query vector, or a part of one, adds to every document's score.

        Returns:
            (n_documents,) float64 scores, and (n_documents,) bool: which share a cell with it.
        """
        scores = np.zeros(self.n_documents)
        matched = np.zeros(self.n_documents, dtype=np.bool_)
        if not len(self._cells):
            return scores, matched
        for cell, value, idf in zip(query.indices, query.values, self.idf(query.indices), strict=True):
            place = int(np.searchsorted(self._cells, cell))
            if place == len(self._cells) or self._cells[place] != cell:
                continue
            rows = slice(self._starts[place], self._ends[place])
            np.add.at(scores, self._owners[rows], float(value) * idf * self._values[rows])
            matched[self._owners[rows]] = True
        return scores, matched

    def search(self, query: SparseVector, limit: int, ties: NDArray[np.int64] | None = None) -> Ranking:
        """The best `limit` documents that share a cell with the query; of equals as with `best`."""
        return best(*self.contribution(query), limit, ties)


def best(
    scores: NDArray[np.float64], matched: NDArray[np.bool_], limit: int, ties: NDArray[np.int64] | None = None
) -> Ranking:
    """The `limit` best of the matched documents.

    Args:
        scores: (n,) float64.
        matched: (n,) bool; others are never returned, whatever their score.
        limit: Most to return.
        ties: (n,) int64, see `ranking_order.tie_order`: of documents whose scores are equal as float32, which
            an engine's are, the lower comes first. None keeps their order as it is.
    """
    candidates = np.flatnonzero(matched)
    compared = scores if ties is None else scores.astype(np.float32)
    if len(candidates) > limit:  # a full sort of 100,000 documents for ten of them is the larger part of the time
        cut = np.partition(compared[candidates], len(candidates) - limit)[len(candidates) - limit]
        candidates = candidates[compared[candidates] >= cut]
    order = np.lexsort((candidates if ties is None else ties[candidates], -compared[candidates]))[:limit]
    places = candidates[order].astype(np.int64)
    return Ranking(places, scores[places])
