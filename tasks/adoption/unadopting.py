"""Everything taken back that adopting added to a collection, and nothing else."""

from __future__ import annotations

from typing import Any

from minicoil.errors import CollectionError
from tasks.catalogue import ADDED_FIELDS, CollectionRecord, read_collection_record, remove_collection, update_collection
from tasks.collections import PAGE, Pace
from tasks.place import Place
from tasks.points import PointStore
from tasks.progress import progress


def undo_adoption(
    place: Place, points: PointStore, name: str, points_per_second: float | None = None, dry_run: bool = False
) -> dict[str, Any]:
    """Remove what `adopt_collection` added: vectors, payload fields, payload indexes, the record; in this order.

    Killed at any point, the same call goes on. Workers that still fill the collection can write nothing once the
    vectors are gone, not even payload, and are stopped by the record.

    Args:
        place: Where.
        points: The engine.
        name: Of the collection, or an alias.
        points_per_second: Most points whose payload is changed a second.
        dry_run: Only count.

    Raises:
        CollectionError: this service did not adopt it.
    """
    store, name = place.objects(), points.resolve(name)
    record = read_collection_record(store, name)
    if record is None or record.adopted is None:
        how = "is not registered" if record is None else "was not adopted in place"
        raise CollectionError(f"collection '{name}' {how}: there is nothing to undo")
    added = record.adopted
    answer = {"collection": name, "vectors": list(added.vectors), "indexes": list(added.indexes), "dry_run": dry_run}
    if not points.exists(name):  # its owner deleted it
        if not dry_run:
            remove_collection(store, name)
        return {**answer, "n_points": 0, "n_cleared": 0}
    if not dry_run:
        update_collection(store, name, _mark_leaving)
        points.remove_vectors(name, added.vectors)
    n_cleared = _clear(points, name, Pace(points_per_second), dry_run)
    if not dry_run:
        points.remove_indexes(name, added.indexes)
        if not points.is_shared:  # every point was written anew
            points.optimize(name)
        remove_collection(store, name)
    return {**answer, "n_points": points.count(name), "n_cleared": n_cleared}


def _mark_leaving(record: CollectionRecord) -> CollectionRecord:
    assert record.adopted is not None
    return record.model_copy(update={"adopted": record.adopted.model_copy(update={"state": "leaving"})})


def _clear(points: PointStore, name: str, pace: Pace, dry_run: bool) -> int:
    """Take our payload fields off every point that has one; how many had."""
    n_cleared = 0
    with progress(f"clearing {name}", points.count(name), "points looked at") as advance:
        for page in points.scroll(name, payload=ADDED_FIELDS, page=PAGE):
            marked = [point.id for point in page if point.payload]
            n_cleared += len(marked)
            if marked and not dry_run:
                points.remove_payload(name, marked, ADDED_FIELDS)
                pace.wait_for(len(marked))
            advance(len(page))
    return n_cleared
