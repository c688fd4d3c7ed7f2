"""From a published release to a served one, and back: pending, expand, verify, move; contract later."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from minicoil.errors import BusyError, CollectionError, UsageError
from tasks.catalogue import (
    GRACE_HOURS,
    ChannelState,
    choose_named,
    finish_contraction,
    list_collections,
    move_current,
    point_back,
    read_channel,
    read_collection_record,
    read_manifest,
    read_registry,
    set_pending,
    write_report,
)
from tasks.place import Place
from tasks.readers import count_beside, find_waiting, forget_acknowledgement, waiting_rows
from tasks.rewriting.allowance import Allowance
from tasks.rewriting.contraction import contract_collection
from tasks.rewriting.expansion_plan import plan_expansion
from tasks.rewriting.reencoding import CollectionChange, ExpansionOptions, check_expansion, expand_collection
from tasks.rewriting.sweeping import sweep_collection
from tasks.rewriting.verification import settle_collection


def promote(
    place: Place,
    channel: str,
    release: int,
    names: Sequence[str] = (),
    grown_from: int | None = None,
    options: ExpansionOptions | None = None,
) -> dict[str, Any]:
    """Expand the channel's collections for `release`, verify them, then let searches use it.

    Stopped at any point, the same call goes on where it stopped: what is expanded is stamped, and the channel names
    a complete release throughout.

    Args:
        place: Where.
        channel: Which pointer to move.
        release: Published release.
        names: Expand only these; the channel moves only when every collection on it is expanded.
        grown_from: Refuse if the channel serves another release by now.
        options: Share, pace, and what to do about points without text.

    Returns:
        `promoted`, a row per collection, the keys of their reports, a row per collection whose older cells wait for
        readers, and `paused`: why it stopped before its end, "" where it did not.

    Raises:
        ConflictError: another release is being promoted, or the channel moved meanwhile.
        CollectionError: a collection is of another lineage, cannot be expanded, or is not right afterwards; it is
            named, the channel stays.
        BusyError: readers still use cells that would have to go.
    """
    store = place.objects()
    read_manifest(store, release)
    state = read_channel(store, channel)
    rows, reports, paused = [], [], ""
    with place.points() as points:
        for record in list_collections(store, channel):  # before anything is announced: nobody could finish it
            check_expansion(place, points, record, release)
        set_pending(store, channel, release, state.current if grown_from is None else grown_from)
        for record in choose_named(place, channel, names):
            change = expand_collection(place, points, record, release, options)
            rows.append(change.row())
            paused = change.paused
            if paused:
                break
            if options is None or options.part is None:
                reports.append(report_collection(place, record.name, "expand", change))
    behind = [record.name for record in list_collections(store, channel) if record.release != release]
    if not behind:
        move_current(store, channel, release)
        if state.current is None:  # nobody reads an older release: the plain cells of trained words can go at once
            contract_channel(place, channel, wait_silently=True)
    answer = {"promoted": not behind, "behind": behind, "collections": rows, "reports": reports, "paused": paused}
    return {**answer, "waiting": waiting_rows(place, channel)}


def plan_promotion(
    place: Place, channel: str, release: int, names: Sequence[str] = (), options: ExpansionOptions | None = None
) -> list[dict[str, Any]]:
    """What promoting a release would rewrite: a row per collection, with words and examples. Writes nothing."""
    with place.points() as points:
        records = choose_named(place, channel, names)
        return [plan_expansion(place, points, record, release, options).row() for record in records]


def report_collection(place: Place, name: str, step: str, change: CollectionChange) -> str:
    """Sweep a collection once more, hold it against its release, write the report of a step, and return its key.

    Raises:
        CollectionError: points are not what their release says.
    """
    store = place.objects()
    record = read_collection_record(store, name)
    if record is None:
        raise CollectionError(f"collection '{name}' is not registered any more")
    with place.points() as points:
        n_rewritten, found = settle_collection(place, points, record)
        change = replace(change, n_rewritten=change.n_rewritten + n_rewritten)
        waiting = replace(find_waiting(place, points, record), n_points=count_beside(points, record)).row()
    document = {"step": step, "change": change.row(), "verification": found.row(), "record": record.model_dump()}
    document["waiting"] = waiting
    key = write_report(store, "reencode", name, document)
    if not found.is_sound:
        raise CollectionError(
            f"collection '{name}' is not right after {step}: {found.n_due:,} points due, {found.n_different} of "
            f"{found.n_sampled} sampled differ ({'; '.join(found.examples) or 'no example'}); searches stay where they "
            f"were; see {store.url}/{key}, then run `minicoil reencode`"
        )
    return key


def finish_pending(place: Place, channel: str, options: ExpansionOptions | None = None) -> dict[str, Any] | None:
    """Bring a promotion that was interrupted to its end; None where there is none."""
    pending = read_channel(place.objects(), channel).pending
    return None if pending is None else promote(place, channel, pending, options=options)


def sweep_channel(
    place: Place, channel: str, names: Sequence[str] = (), allowance: Allowance | None = None
) -> list[dict[str, Any]]:
    """Bring late points of the channel's collections up to date; a row for each collection that there was time for."""
    rows = []
    with place.points() as points:
        for record in choose_named(place, channel, names):
            if allowance is not None and allowance.is_spent:
                break
            rows.append(sweep_collection(place, points, record, read_all=True, allowance=allowance).row())
    return rows


def contract_channel(place: Place, channel: str, names: Sequence[str] = (), wait_silently: bool = False) -> list[str]:
    """Drop cells of releases that are not current from the channel's collections; ends instant rollback.

    What readers may still ask for stays; all else goes.

    Args:
        place: Where.
        channel: Whose collections.
        names: Only these.
        wait_silently: Leave what has to stay without a word; another time is early enough.

    Returns:
        Collections that became smaller.

    Raises:
        UsageError: a promotion is under way, which needs both.
        BusyError: some cells had to stay; it says whose, and what lets them go.
    """
    store = place.objects()
    state = read_channel(store, channel)
    if state.pending is not None:
        raise UsageError(f"channel '{channel}' is being moved to release {state.pending}; finish that first")
    done, stays = [], []
    with place.points() as points:
        for record in choose_named(place, channel, names):
            if record.previous is None or state.current is None:
                continue
            waiting = find_waiting(place, points, record)
            if {record.served(state.current), *waiting.releases} < {*record.readable}:
                contract_collection(place, points, record, waiting.releases, state.current)
                done.append(record.name)
            if waiting.holds:
                stays.append(replace(waiting, n_points=count_beside(points, record)).message)
    registry = read_registry(store, channel)
    # of a collection whose record is damaged nobody knows whether it still holds the cells of the release before
    if not registry.damaged and all(record.previous is None for record in registry.records):
        finish_contraction(store, channel)
    for name in done:
        report_collection(place, name, "contract", CollectionChange(name))
    if stays and not wait_silently:
        raise BusyError(". ".join(stays))
    return done


def is_grace_over(place: Place, channel: str, grace_hours: float = GRACE_HOURS) -> bool:
    """Whether the channel switched so long ago that the cells of the release before may go."""
    state = read_channel(place.objects(), channel)
    if state.phase != "switched" or state.pending is not None:
        return False
    moved = [row.at for row in state.history if row.action in ("switch", "rollback")]
    return bool(moved) and time.time() - datetime.fromisoformat(moved[-1]).timestamp() >= grace_hours * 3600


def roll_back_channel(place: Place, channel: str) -> dict[str, Any]:
    """Point a channel back to its previous release, whose cells are still in every collection.

    Raises:
        ReleaseError: they are gone; promote the older release instead.
        CollectionError: one collection cannot be read with the previous release any more.
    """
    store = place.objects()
    state = read_channel(store, channel)
    for record in list_collections(store, channel):
        if state.previous is not None and state.previous not in record.readable:
            raise CollectionError(
                f"collection '{record.name}' cannot be read with release {state.previous} any more; "
                f"`minicoil release promote {state.previous}` re-encodes back first"
            )
    if state.previous is not None:
        forget_acknowledgement(store, channel, state.previous)
    moved: ChannelState = point_back(store, channel)
    return {"channel": channel, "release": moved.current, "previous": moved.previous, "promoted": True}
