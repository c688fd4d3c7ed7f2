"""How many points wait to be re-encoded, without writing one: exact where that is quick, else at least so many."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from minicoil.sparse import MiniCoil
from tasks.catalogue import STAMP_FIELD, CollectionRecord, claim_release, read_channel
from tasks.collections import Finder, Found, joined_path, open_texts
from tasks.models import lineage, open_model_of
from tasks.place import Place
from tasks.points import PointFilter, PointStore
from tasks.progress import progress
from tasks.rewriting.contraction import drop_leftovers
from tasks.rewriting.reencoding import open_finder
from tasks.rewriting.sweeping import late_finders

MOST_TEXTS = 20_000  # candidates that are read before the answer becomes "at least"
MOST_SECONDS = 20.0


@dataclass(frozen=True)
class DuePoints:
    """Points of one collection that are not as its releases say.

    Attributes:
        n_points: All of it.
        n_due: Points whose vectors change with the next re-encoding.
        n_pending: Of these, those that only the release being promoted changes; searches miss nothing by them.
        n_leftover: Points with cells of releases that nobody reads: a contraction was stopped.
        n_strange: Points stamped by releases that this channel never had: store and collection are not of one time.
        is_exact: Whether all candidates were looked at; else there are at least so many.
        note: Why nothing was counted, where nothing was.
    """

    n_points: int
    n_due: int = 0
    n_pending: int = 0
    n_leftover: int = 0
    n_strange: int = 0
    is_exact: bool = True
    note: str = ""

    def row(self) -> dict[str, Any]:
        """For answers."""
        return asdict(self)


class _Patience:
    """Counts what finders give until enough was read."""

    def __init__(self) -> None:
        self._until = time.monotonic() + MOST_SECONDS
        self._n_texts = 0
        self.is_exact = True

    def count(self, finder: Finder, target: int | None, stamped: int | None, label: str) -> int:
        """Affected points, of all candidates or of those that there was time for."""
        found = Found()
        with progress(label, None, "points looked at") as advance:
            for _, n in finder.affected(found, target, stamped):
                advance(n)
                self._n_texts += n
                if self._n_texts >= MOST_TEXTS or time.monotonic() > self._until:
                    self.is_exact = False
                    break
        return found.n_affected


def count_due(place: Place, points: PointStore, record: CollectionRecord, pending: int | None) -> DuePoints:
    """What the next re-encoding would write in a collection. Writes nothing.

    Args:
        place: Where.
        points: The engine.
        record: Of the collection.
        pending: Release that its channel is being moved to.
    """
    n_points = points.count(record.name)
    n_strange = _count_strange(place, points, record)
    if record.corpus and not joined_path(place.cache / "joined", record.corpus).is_file():
        note = "not counted: the texts lie in a corpus that this machine has not read; `minicoil reencode` reads it"
        return DuePoints(n_points, n_strange=n_strange, note=note)
    patience, label = _Patience(), f"looking at {record.name}"
    n_due = sum(
        patience.count(finder, target, stamped, label) for finder, target, stamped in _late(place, points, record)
    )
    if record.is_ours:
        n_due += points.count(record.name, PointFilter(missing=[STAMP_FIELD]))
    n_pending = 0
    if pending is not None and pending not in record.readable:
        finder, _ = open_finder(place, points, record, pending)
        n_pending = patience.count(finder, pending, None, label)
    n_leftover = drop_leftovers(place, points, record, dry_run=True)
    return DuePoints(n_points, n_due + n_pending, n_pending, n_leftover, n_strange, patience.is_exact)


def claim_unused_number(place: Place, points: PointStore, records: Sequence[CollectionRecord]) -> int:
    """The next free release number that no point is stamped with.

    One is where the object store was brought back from an older backup than the collections: the numbers of the
    releases that it lost would come again, and points of these would count as re-encoded for others.
    """
    stamped = [record.name for record in records if points.exists(record.name)]
    stamped = [name for name in stamped if STAMP_FIELD in points.describe(name).indexed]
    while True:
        number = claim_release(place.objects())
        where = PointFilter(equal={STAMP_FIELD: number})
        if not any(points.count(name, where) for name in stamped):
            return number


def _late(
    place: Place, points: PointStore, record: CollectionRecord
) -> Iterator[tuple[Finder, int | None, int | None]]:
    newest = open_model_of(place, record, max(record.readable))
    model = MiniCoil.load(newest, record.k, record.b, record.avg_len)
    for finder, stamped in late_finders(place, points, record, open_texts(record, place.cache), model):
        yield finder, record.release, stamped


def _count_strange(place: Place, points: PointStore, record: CollectionRecord) -> int:
    """Points with a stamp of no release that this channel ever had."""
    if STAMP_FIELD not in points.describe(record.name).indexed:
        return 0  # no stamp was ever written, and a strict server filters on no other field
    state = read_channel(place.objects(), record.channel)
    known = {row.release for row in state.history if row.release is not None} | {*lineage(place, record.release)}
    known |= {number for number in (state.current, state.previous, state.pending) if number is not None}
    n_known = sum(points.count(record.name, PointFilter(equal={STAMP_FIELD: number})) for number in known)
    n_stamped = points.count(record.name) - points.count(record.name, PointFilter(missing=[STAMP_FIELD]))
    return max(n_stamped - n_known, 0)
