"""Writing a collection's points: with which model, which vectors and stamp, and how fast."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from minicoil.sparse import MiniCoil, SparseVector
from minicoil.words import Vocabulary
from tasks.catalogue import NO_UNION, STAMP_FIELD, UNION_FIELD, CollectionRecord
from tasks.collections.texts import TextSource
from tasks.embeddings import remembering_scan
from tasks.metrics import count_rewritten
from tasks.models import CollectionModels
from tasks.place import Place
from tasks.points import Point, PointStore, VectorUpdate


def open_writer(place: Place, record: CollectionRecord) -> tuple[MiniCoil, tuple[Vocabulary, ...]]:
    """The model that writes a collection's points, and the vocabularies of older releases that are readable too."""
    models = CollectionModels.of(place, record)
    newest, *older = sorted(record.readable, reverse=True)
    return remembering_scan(models.model(newest), place.cache), tuple(map(models.vocabulary, older))


def current_stamp(record: CollectionRecord) -> dict[str, Any]:
    """The stamp of points written now: the collection's release, and those readable beside it."""
    return {STAMP_FIELD: record.release, UNION_FIELD: mark_union(record.others)}


def mark_union(others: Sequence[int]) -> int | list[int]:
    """What a point says of the releases whose cells it holds beside those of its stamp."""
    return NO_UNION if not others else others[0] if len(others) == 1 else [*others]


def make_vectors(model: MiniCoil, others: Sequence[Vocabulary], texts: Sequence[str]) -> list[SparseVector]:
    """The vectors of texts in a collection that is read with the model's release and those of `others`."""
    return [union for _, union in model.embed_union(texts, *others)] if others else [*model.embed(texts)]


def rewrite_points(
    points: PointStore,
    record: CollectionRecord,
    texts: TextSource,
    model: MiniCoil,
    others: Sequence[Vocabulary],
    rows: Sequence[tuple[Point, str]],
    stamp: Mapping[str, Any],
) -> list[Any]:
    """Encode and write points under the guard of their texts; returns the ids written.

    The stamp goes under the same guard: a text that changes between two writes must stay due.
    """
    vectors = make_vectors(model, others, [text for _, text in rows])
    updates = [
        VectorUpdate(point.id, {record.vector: vector}, texts.guard(point))
        for (point, _), vector in zip(rows, vectors, strict=True)
    ]
    written = points.write_vectors(record.name, updates, stamp)
    count_rewritten(record.name, len(written))
    return written


class Pace:
    """Holds writing to a number of points a second, on average."""

    def __init__(self, points_per_second: float | None) -> None:
        self._rate = points_per_second
        self._started = time.monotonic()
        self._done = 0

    def wait_for(self, n: int) -> None:
        """Count `n` points as written, and wait where that was too fast."""
        self._done += n
        if self._rate:
            ahead = self._done / self._rate - (time.monotonic() - self._started)
            if ahead > 0:
                time.sleep(ahead)
