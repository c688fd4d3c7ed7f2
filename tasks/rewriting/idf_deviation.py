"""Whether an engine still weighs words as it should: its IDF of rewritten words against that of the points there."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from minicoil.retrieval import inverse_frequency
from minicoil.sparse import SparseVector
from minicoil.words import Vocabulary
from tasks.catalogue import CollectionRecord
from tasks.collections import EngineIdf
from tasks.points import Point, PointFilter, PointStore

logger = logging.getLogger(__name__)
TOLERANCE = 0.02
_WORDS = 5
_POINTS = 8  # asked for each word: shards count each for itself


@dataclass(frozen=True)
class IdfDeviation:
    """One word's weight.

    Attributes:
        n_points: Points that have the word.
        engine: IDF that the engine uses, the mean over a few points.
        expected: IDF of so many points among all that have such a vector.
        noise: What shards, each with a share of the points that chance gave it, make of it; 0 for one shard.
    """

    word: str
    n_points: int
    engine: float
    expected: float
    noise: float

    @property
    def share(self) -> float:
        """How far the engine is off, relative."""
        return self.engine / self.expected - 1

    @property
    def is_off(self) -> bool:
        """Beyond what is harmless and what chance explains."""
        return abs(self.share) > TOLERANCE + 2 * self.noise

    def row(self) -> dict[str, Any]:
        """For reports."""
        return {**asdict(self), "share": round(self.share, 4), "is_off": self.is_off}


def measure_idf(
    points: PointStore, record: CollectionRecord, vocabulary: Vocabulary, words: Iterable[str]
) -> list[IdfDeviation]:
    """The weights of up to five of the words that have cells of their own in the collection.

    Args:
        points: The engine.
        record: Of the collection.
        vocabulary: Whose cells are asked for.
        words: Any; those that it does not know, and those in no point, are left out.
    """
    n_all = points.count(record.name, PointFilter(has=record.vector))
    n_shards = points.describe(record.name).n_shards
    found: list[IdfDeviation] = []
    for word in words:
        word_id = vocabulary.entry_id(word)
        if word_id is None or len(found) == _WORDS:
            continue
        cells = range(word_id * vocabulary.dims, (word_id + 1) * vocabulary.dims)
        ids = sorted(points.find(record.name, record.vector, cells), key=str)
        some = points.get(record.name, ids[:: max(len(ids) // _POINTS, 1)][:_POINTS], payload=False, vectors=True)
        seen = [idf for point in some if (idf := _engine_idf(points, record, cells, point)) > 0]
        expected = float(inverse_frequency(n_all, np.asarray([len(ids)]))[0])
        if seen and expected > 0:
            spread = math.sqrt(n_shards / len(ids)) / expected / math.sqrt(len(seen)) if n_shards > 1 else 0.0
            found.append(IdfDeviation(word, len(ids), float(np.mean(seen)), expected, spread))
    return found


def weigh_rewritten(
    points: PointStore, record: CollectionRecord, vocabulary: Vocabulary, words: Iterable[str]
) -> list[dict[str, Any]]:
    """The rows of `measure_idf`; weights that are off are said, with what would help."""
    found = measure_idf(points, record, vocabulary, words)
    shape = points.describe(record.name)
    for entry in [entry for entry in found if entry.is_off]:
        logger.warning(
            "%s: the engine weighs '%s' by %.3f, %.3f is right (%+.1f %%): it still counts overwritten points. Its "
            "optimiser clears a segment of at least %d points where more than %.1f %% were overwritten; lower "
            "deleted_threshold in the collection's optimizers_config, or wait",
            record.name, entry.word, entry.engine, entry.expected, 100 * entry.share, shape.stale_points,
            100 * shape.stale_share,
        )  # fmt: skip
    return [entry.row() for entry in found]


def _engine_idf(points: PointStore, record: CollectionRecord, cells: Sequence[int], point: Point) -> float:
    """By the cell in which the point has the most: a small one would be asked for with the engine's rounding.

    0 for a point that another writer has deleted since, or left without the word or the whole vector.
    """
    vector = point.vectors.get(record.vector)
    values = vector.as_dict() if isinstance(vector, SparseVector) else {}
    if not isinstance(vector, SparseVector) or not any(cell in values for cell in cells):
        return 0.0
    strongest = max(cells, key=lambda cell: abs(values.get(cell, 0.0)))
    probe = EngineIdf(points, record.name, record.vector, [vector], [point.id])
    return float(probe(np.asarray([strongest], np.int32))[0])
