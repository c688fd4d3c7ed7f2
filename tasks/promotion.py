"""From a published release to a served one, and back: pending, expand, move; contract later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minicoil.errors import CollectionError, UsageError
from tasks.channels import ChannelState, finish_contraction, move_current, point_back, read_channel, set_pending
from tasks.place import Place
from tasks.reencoding import contract_collection, expand_collection
from tasks.registry import CollectionRecord, list_collections
from tasks.releases import read_manifest


def promote(
    place: Place, channel: str, release: int, names: Sequence[str] = (), grown_from: int | None = None
) -> dict[str, Any]:
    """Expand the channel's collections for `release`, then let searches use it.

    Stopped at any point, the same call goes on where it stopped: what is expanded is stamped, and the channel names
    a complete release throughout.

    Args:
        place: Where.
        channel: Which pointer to move.
        release: Published release.
        names: Expand only these; the channel moves only when every collection on it is expanded.
        grown_from: Refuse if the channel serves another release by now.

    Returns:
        `promoted`, and a row per collection.

    Raises:
        ConflictError: another release is being promoted, or the channel moved meanwhile.
        CollectionError: a collection cannot be expanded; it is named, and the channel stays.
    """
    store = place.objects()
    read_manifest(store, release)
    state = read_channel(store, channel)
    set_pending(store, channel, release, state.current if grown_from is None else grown_from)
    rows = []
    with place.points() as points:
        for record in select_collections(list_collections(store, channel), names, channel):
            rows.append(expand_collection(place, points, record, release).row())
    behind = [record.name for record in list_collections(store, channel) if record.release != release]
    if behind:
        return {"promoted": False, "behind": behind, "collections": rows}
    move_current(store, channel, release)
    if state.current is None:  # nobody reads an older release: the plain cells of trained words can go at once
        contract_channel(place, channel)
    return {"promoted": True, "behind": [], "collections": rows}


def finish_pending(place: Place, channel: str) -> dict[str, Any] | None:
    """Bring a promotion that was interrupted to its end; None where there is none."""
    pending = read_channel(place.objects(), channel).pending
    return None if pending is None else promote(place, channel, pending)


def select_collections(records: list[CollectionRecord], names: Sequence[str], channel: str) -> list[CollectionRecord]:
    """The records of `names`, or all.

    Raises:
        CollectionError: a name is not a collection of the channel.
    """
    known = {record.name: record for record in records}
    missing = [name for name in names if name not in known]
    if missing:
        raise CollectionError(
            f"collection {', '.join(missing)} is not on channel '{channel}'; "
            f"collections there: {', '.join(known) or 'none'}; `minicoil index NAME --corpus SPEC` creates one"
        )
    return [known[name] for name in names] if names else records


def contract_channel(place: Place, channel: str, names: Sequence[str] = ()) -> list[str]:
    """Drop the cells of the release that is not current from the channel's collections; ends instant rollback.

    Raises:
        UsageError: a promotion is under way, which needs both.
    """
    store = place.objects()
    state = read_channel(store, channel)
    if state.pending is not None:
        raise UsageError(f"channel '{channel}' is being moved to release {state.pending}; finish that first")
    done = []
    with place.points() as points:
        for record in select_collections(list_collections(store, channel), names, channel):
            if record.previous is not None and state.current is not None:
                contract_collection(place, points, record, keep=state.current)
                done.append(record.name)
    if all(record.previous is None for record in list_collections(store, channel)):
        finish_contraction(store, channel)
    return done


def roll_back_channel(place: Place, channel: str) -> dict[str, Any]:
    """Point a channel back to its previous release, whose cells are still in every collection.

    Raises:
        ReleaseError: they are gone; promote the older release instead.
        CollectionError: one collection cannot be read with the previous release any more.
    """
    store = place.objects()
    state = read_channel(store, channel)
    for record in list_collections(store, channel):
        if state.previous is not None and state.previous not in (record.release, record.previous):
            raise CollectionError(
                f"collection '{record.name}' cannot be read with release {state.previous} any more; "
                f"`minicoil release promote {state.previous}` re-encodes back first"
            )
    moved: ChannelState = point_back(store, channel)
    return {"channel": channel, "release": moved.current, "previous": moved.previous, "promoted": True}
