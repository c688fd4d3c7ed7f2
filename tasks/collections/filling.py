"""Points of other writers given all that `minicoil index` would have given them, while these go on writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from minicoil.errors import CollectionError
from minicoil.sparse import MiniCoil
from minicoil.words import Vocabulary
from tasks.catalogue import STAMP_FIELD, CollectionRecord, open_record
from tasks.collections.finding import PAGE
from tasks.collections.indexing import describe_text
from tasks.collections.texts import PointTextError, TextSource, TextTemplate, open_texts
from tasks.collections.writing import Pace, current_stamp, make_vectors, open_writer
from tasks.place import Place
from tasks.points import Point, PointFilter, PointId, PointStore, VectorUpdate
from tasks.progress import progress

_MAX_PASSES = 5
_EXAMPLES = 10


@dataclass
class Filled:
    """What became of the points without vectors; the last pass says what is left.

    Attributes:
        n_written: Points that were given vectors, in all passes.
        n_left: Points with text that still have none: they changed while they were written.
        n_without_text: Points whose payload has no text; `without_text` names a few.
    """

    n_written: int = 0
    n_left: int = 0
    n_without_text: int = 0
    without_text: list[str] = field(default_factory=list)

    def miss(self, problem: str) -> None:
        """A point has no text."""
        self.n_without_text += 1
        if len(self.without_text) < _EXAMPLES:
            self.without_text.append(problem)


def fill_collection(
    place: Place, points: PointStore, record: CollectionRecord, part: tuple[int, int] | None, pace: Pace
) -> Filled:
    """Give every point without a stamp its vectors, until a pass finds nothing more that has text.

    The stamp is written last and under the same guard as all else, and is what the next pass, another worker or the
    same command after a kill go by. A promotion that moves the collection on meanwhile is followed.

    Args:
        place: Where.
        points: The engine.
        record: Of the collection, whose vectors and payload indexes are there.
        part: (index, total): only this share of the points.
        pace: Holds writing to a rate.

    Raises:
        CollectionError: nothing of what is due can be written, or what was added is being removed.
    """
    n_written = 0
    for _ in range(_MAX_PASSES):
        found, n_due = _pass(place, points, record, part, pace)
        n_written += found.n_written
        found.n_left = n_due - found.n_written
        if not n_due:
            break
        if not found.n_written:
            raise CollectionError(
                f"collection '{record.name}': none of {n_due:,} points that lack vectors could be written; their text "
                "changes faster than it is encoded, or cannot be compared; run the same command again"
            )
    found.n_written = n_written
    return found


def _pass(
    place: Place, points: PointStore, record: CollectionRecord, part: tuple[int, int] | None, pace: Pace
) -> tuple[Filled, int]:
    """One look at every point without a stamp; what was done, and how many with text there were."""
    store, name = place.objects(), record.name
    model, others = open_writer(place, record)
    texts, found, n_due = open_texts(record, place.cache), Filled(), 0
    where = PointFilter(missing=[STAMP_FIELD], slice=part)
    total = points.count(name, PointFilter(missing=[STAMP_FIELD])) // (part[1] if part else 1)
    with progress(f"filling {name}", total, "points") as advance:
        for page in points.scroll(name, where, texts.fields, page=PAGE):
            fresh = open_record(store, name)
            if fresh.adopted is not None and fresh.adopted.state == "leaving":
                raise CollectionError(f"what was added to '{name}' is being removed; `minicoil adopt {name} --undo`")
            if fresh.readable != record.readable:
                record, (model, others) = fresh, open_writer(place, fresh)
            rows = list(read_texts(texts, page, found))
            n_due += len(rows)
            found.n_written += len(fill_points(points, record, model, others, rows))
            pace.wait_for(len(rows))
            advance(len(page))
    return found, n_due


def read_texts(texts: TextSource, page: Sequence[Point], found: Filled) -> list[tuple[Point, str]]:
    """Points with their texts; those that have none are noted."""
    rows = []
    for point in page:
        try:
            rows.append((point, texts.read(point)))
        except PointTextError as error:
            found.miss(str(error))
    return rows


def fill_points(
    points: PointStore,
    record: CollectionRecord,
    model: MiniCoil,
    others: Sequence[Vocabulary],
    rows: Sequence[tuple[Point, str]],
) -> list[PointId]:
    """Write vectors, keys, hash and stamp of points, each under the guard of its text; the ids written."""
    written = [text for _, text in rows]
    stamp = current_stamp(record)
    guard = TextTemplate(record.text).guard  # no hash stands for the text yet, so the text itself does
    updates = []
    vectors = make_vectors(model, others, written)
    for (point, _), vector, (payload, plain) in zip(rows, vectors, describe_text(model, record, written), strict=True):
        both = {record.vector: vector} | ({record.bm25_vector: plain} if record.bm25_vector else {})
        own = {name: value for name, value in payload.items() if name not in stamp}
        updates.append(VectorUpdate(point.id, both, guard(point), own))
    return points.write_vectors(record.name, updates, stamp)
