"""A promotion given up: the pending release's cells go from every collection, and the channel stays where it is."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from minicoil.errors import BusyError, CollectionError
from tasks.catalogue import (
    CollectionRecord,
    drop_pending,
    list_collections,
    read_channel,
    read_registry,
    update_collection,
)
from tasks.collections import Found, current_stamp, open_writer, rewrite_points
from tasks.place import Place
from tasks.points import PointStore
from tasks.progress import progress
from tasks.readers import find_waiting
from tasks.rewriting.contraction import contract_collection
from tasks.rewriting.promotion import report_collection
from tasks.rewriting.reencoding import CollectionChange, check_lineage, open_finder


def abandon_promotion(place: Place, channel: str) -> dict[str, Any]:
    """Take back what a promotion did to the channel's collections, then forget that it was under way.

    Searches use the current release throughout. Stopped at any point, the same call goes on; until it has ended the
    promotion can still be finished instead. The release stays published.

    Returns:
        `abandoned` (its number, None where nothing was pending), `release` that is served, a row per collection.

    Raises:
        BusyError: an announced reader serves the pending release.
        DamagedRecordError: a collection's record is damaged, and its points may hold the pending release's cells.
    """
    store = place.objects()
    state = read_channel(store, channel)
    rows: list[dict[str, Any]] = []
    if state.pending is None:
        return {"channel": channel, "abandoned": None, "release": state.current, "collections": rows}
    # cells that stay behind would be taken for those of the words that get the same ids in the next release
    for lost in read_registry(store, channel).damaged:
        raise lost.error
    if state.pending != state.previous:  # after a rollback its cells were there before the promotion: they stay
        with place.points() as points:
            for record in list_collections(store, channel):
                change = _undo(place, points, record, state.pending)
                rows.append(change.row())
                report_collection(place, record.name, "abandon", change)
    drop_pending(store, channel, state.pending)
    return {"channel": channel, "abandoned": state.pending, "release": state.current, "collections": rows}


def _take_back(place: Place, points: PointStore, record: CollectionRecord, pending: int) -> None:
    """An expanded collection as it was: without the pending release's cells, where none but the expansion put them."""
    store = place.objects()
    current = read_channel(store, record.channel).current
    served = current if current in record.others else record.previous
    waiting = find_waiting(place, points, record)
    holds = {hold.release: hold for hold in waiting.holds}
    if pending not in holds:
        contract_collection(place, points, record, record.others, served)
    elif holds[pending].announced:
        raise BusyError(waiting.message)
    elif served is not None:  # it was served before, and its readers were waited for
        update_collection(store, record.name, lambda found: found.expanded(served, served))


def _undo(place: Place, points: PointStore, record: CollectionRecord, pending: int) -> CollectionChange:
    """Give every point that an expansion for `pending` may have touched the vector it had before.

    Every affected point, whatever its stamp: a run that was killed may have written cells and no stamp. Left behind,
    they would be taken for those of the words that get the same ids in the next release.
    """
    started, found = time.monotonic(), Found()
    change = CollectionChange(record.name, points.count(record.name))
    if record.release == pending:
        if record.previous is not None:
            _take_back(place, points, record, pending)
        return replace(change, seconds=round(time.monotonic() - started, 2))
    if pending in record.others:  # its cells were there before
        return change
    try:
        check_lineage(place, record, pending)
    except (CollectionError, BusyError):  # then nothing was expanded
        return change
    finder, _ = open_finder(place, points, record.model_copy(update={"release": pending}), record.release)
    model, others = open_writer(place, record)
    n_written = 0
    with progress(f"taking back {record.name}", None, "points looked at") as advance:
        for affected, n_looked_at in finder.affected(found, None):
            stamp = current_stamp(record)
            n_written += len(rewrite_points(points, record, finder.texts, model, others, affected, stamp))
            advance(n_looked_at)
    return replace(
        change,
        n_candidates=found.n_candidates,
        n_affected=found.n_affected,
        n_rewritten=n_written,
        n_without_text=found.n_without_text,
        without_text=tuple(found.without_text),
        seconds=round(time.monotonic() - started, 2),
    )
