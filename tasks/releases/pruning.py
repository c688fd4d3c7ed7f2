"""Old releases removed: never one that a channel, a collection or a reader needs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from minicoil.errors import ObjectNotFoundError
from minicoil.files import Size, check_number, parse_json
from tasks.adoption import read_put_away
from tasks.catalogue import (
    CLAIM,
    MANIFEST,
    collections_aside,
    list_bests,
    list_channels,
    look_for_waiting,
    read_registry,
    read_sound,
    release_key,
    release_numbers,
)
from tasks.progress import track
from tasks.readers import look_for_readers
from tasks.store import ObjectStore, record_deed

ABANDONED_AFTER_SECONDS = 86_400.0  # a claimed number without manifest is an upload that died, or one still running


def prune_releases(store: ObjectStore, keep_last: int = 3, dry_run: bool = False) -> dict[str, Any]:
    """Delete releases that nobody needs, and what uploads that died left behind.

    The manifest goes first: a release half deleted is no release any more, and the same call removes the rest.

    Args:
        store: Where from.
        keep_last: The newest releases, kept in any case; one of them may just be growing a child.
        dry_run: Only say what would go.

    Returns:
        `pruned` and `kept` (with why), `abandoned` uploads, `n_unfinished` writes of single objects, `freed_bytes`.

    Raises:
        UsageError: `keep_last` is no number of releases.
    """
    check_number("keep", keep_last, Size)
    numbers = release_numbers(store)
    reasons = needed_releases(store)
    for number in numbers[-keep_last:] if keep_last else ():
        reasons.setdefault(number, f"among the newest {keep_last}")
    for number in numbers:
        if number not in reasons and read_sound(store, number) is None:
            reasons[number] = "its manifest is damaged"
    pruned = [number for number in numbers if number not in reasons]
    abandoned = _abandoned(store, set(numbers))
    freed = 0
    for number in track([*pruned, *abandoned], "pruning", len(pruned) + len(abandoned), "releases"):
        entries = list(store.list(f"{release_key(number)}/"))
        freed += sum(entry.size_bytes for entry in entries)
        if dry_run or number in needed_releases(store):  # somebody may have promoted it meanwhile
            continue
        store.delete(release_key(number, MANIFEST))
        for entry in entries:
            if not entry.key.endswith((f"/{MANIFEST}", f"/{CLAIM}")):
                store.delete(entry.key)
        # the claim stays, a few bytes: a number is never given out twice, and caches elsewhere go by number
    unfinished = store.drop_unfinished(ABANDONED_AFTER_SECONDS, dry_run)
    if not dry_run and (pruned or abandoned):
        record_deed(store, "prune", {"pruned": pruned, "abandoned": abandoned, "freed_bytes": freed})
    kept = [{"release": number, "why": reasons[number]} for number in numbers if number in reasons]
    return {
        "dry_run": dry_run,
        "pruned": pruned,
        "kept": kept,
        "abandoned": abandoned,
        "n_unfinished": unfinished,
        "freed_bytes": freed,
    }


def needed_releases(store: ObjectStore) -> dict[int, str]:
    """Release -> who needs it."""
    needed: dict[int, str] = {}

    def need(number: int | None, why: str) -> None:
        if number:
            needed.setdefault(number, why)

    states, lost_channels = list_channels(store)
    for state in states:
        for what in ("current", "pending", "previous"):
            need(getattr(state, what), f"{what} on channel '{state.name}'")
    for best in list_bests(store):
        need(best.release, f"the best that channel '{best.name}' served, which others are held against")
    registry = read_registry(store)
    for record in registry.records:
        need(record.release, f"collection '{record.name}' carries it")
        for number in record.others:
            need(number, f"collection '{record.name}' can still be read with it")
    for record in read_put_away(store):
        for number in record.readable:
            need(number, f"collection '{record.name}' needs it for a move back")
    waits, lost_notes = look_for_waiting(store)
    for channel, number in lost_notes:
        need(number, f"may wait for approval on channel '{channel}', whose note is damaged")
    for waiting in waits:
        if not waiting.has_expired:
            need(waiting.release, f"waits for approval on channel '{waiting.channel}'")
    readers, lost_readers = look_for_readers(store)
    for reader in readers:
        need(reader.release, f"reader '{reader.name}' serves it")
    for found in registry.damaged:
        for number in found.releases or ():
            need(number, f"collection '{found.name}', whose record is damaged, may be read with it")
    # what nobody can say any more may be any release: everything stays until it is mended
    unknown = [f"channel '{name}' is damaged" for name in lost_channels]
    unknown += [
        f"the record of collection '{found.name}' is damaged" for found in registry.damaged if found.releases is None
    ]
    unknown += [f"what reader '{name}' reads is damaged" for name in lost_readers]
    unknown += [f"the record of collection '{name}' was put aside" for name in collections_aside(store)]
    for number in release_numbers(store) if unknown else ():
        need(number, f"{unknown[0]} and may need it")
    return needed


def _abandoned(store: ObjectStore, complete: set[int]) -> list[int]:
    """Claimed numbers with files but no manifest, whose claim is older than a day."""
    holds: dict[int, list[str]] = {}
    for entry in store.list("releases/"):
        number, _, path = entry.key.removeprefix("releases/").partition("/")
        if number.isdecimal() and int(number) not in complete:
            holds.setdefault(int(number), []).append(path)
    left = [number for number, paths in holds.items() if paths != [CLAIM]]
    return sorted(n for n in left if time.time() - float(_claim(store, n).get("at", 0)) > ABANDONED_AFTER_SECONDS)


def _claim(store: ObjectStore, number: int) -> Mapping[str, Any]:
    try:
        document = parse_json(store.read(release_key(number, CLAIM)))
    except (ObjectNotFoundError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
