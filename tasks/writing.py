"""Writing a collection's points: with which model, which vectors and stamp, and how fast."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from minicoil.bundle import check_bundle
from minicoil.model import MiniCoil
from minicoil.sparse import SparseVector
from minicoil.vocabulary import Vocabulary
from tasks.bundles import open_model
from tasks.payload_fields import NO_UNION, STAMP_FIELD, UNION_FIELD
from tasks.place import Place
from tasks.points import Point, PointStore, VectorUpdate
from tasks.registry import CollectionRecord
from tasks.texts import TextSource


def open_writer(place: Place, record: CollectionRecord) -> tuple[MiniCoil, Vocabulary | None]:
    """The model that writes a collection's points, and the vocabulary of the release that is readable beside it."""
    numbers = sorted({record.release, record.release if record.previous is None else record.previous})
    folder = open_model(place, numbers[-1], record.encoder, record.dims)
    model = MiniCoil.load(folder, record.k, record.b, record.avg_len)
    if len(numbers) == 1:
        return model, None
    return model, check_bundle(open_model(place, numbers[0], record.encoder, record.dims))[1]


def current_stamp(record: CollectionRecord) -> dict[str, Any]:
    """The stamp of points written now: the collection's release, and the one readable beside it."""
    return {STAMP_FIELD: record.release, UNION_FIELD: NO_UNION if record.previous is None else record.previous}


def make_vectors(model: MiniCoil, other: Vocabulary | None, texts: Sequence[str]) -> list[SparseVector]:
    """The vectors of texts in a collection that is read with the model's release and, if there is one, `other`."""
    return [*model.embed(texts)] if other is None else [union for _, union in model.embed_union(texts, other)]


def rewrite_points(
    points: PointStore,
    record: CollectionRecord,
    texts: TextSource,
    model: MiniCoil,
    other: Vocabulary | None,
    rows: Sequence[tuple[Point, str]],
    stamp: Mapping[str, Any],
) -> list[Any]:
    """Encode and write points under the guard of their texts; returns the ids written.

    The stamp goes under the same guard: a text that changes between two writes must stay due.
    """
    vectors = make_vectors(model, other, [text for _, text in rows])
    updates = [
        VectorUpdate(point.id, {record.vector: vector}, texts.guard(point))
        for (point, _), vector in zip(rows, vectors, strict=True)
    ]
    return points.write_vectors(record.name, updates, stamp)


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
