"""Old releases removed: never one that a channel, a collection or a reader needs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from minicoil.errors import ObjectNotFoundError
from tasks.approvals import list_waiting
from tasks.audit import record_deed
from tasks.channels import channel_names, read_channel
from tasks.object_store import ObjectStore
from tasks.progress import track
from tasks.readers import list_readers
from tasks.registry import list_collections
from tasks.releases import CLAIM, MANIFEST, release_key, release_numbers

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
    """
    numbers = release_numbers(store)
    reasons = needed_releases(store)
    for number in numbers[-keep_last:] if keep_last else ():
        reasons.setdefault(number, f"among the newest {keep_last}")
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

    for name in channel_names(store):
        state = read_channel(store, name)
        for what in ("current", "pending", "previous"):
            need(getattr(state, what), f"{what} on channel '{name}'")
    for record in list_collections(store):
        need(record.release, f"collection '{record.name}' carries it")
        for number in record.others:
            need(number, f"collection '{record.name}' can still be read with it")
    for waiting in list_waiting(store):
        if not waiting.has_expired:
            need(waiting.release, f"waits for approval on channel '{waiting.channel}'")
    for reader in list_readers(store):
        need(reader.release, f"reader '{reader.name}' serves it")
    return needed


def _abandoned(store: ObjectStore, complete: set[int]) -> list[int]:
    """Claimed numbers with files but no manifest, whose claim is older than a day."""
    holds: dict[int, list[str]] = {}
    for entry in store.list("releases/"):
        number, _, path = entry.key.removeprefix("releases/").partition("/")
        if number.isdigit() and int(number) not in complete:
            holds.setdefault(int(number), []).append(path)
    left = [number for number, paths in holds.items() if paths != [CLAIM]]
    return sorted(n for n in left if time.time() - float(_claim(store, n).get("at", 0)) > ABANDONED_AFTER_SECONDS)


def _claim(store: ObjectStore, number: int) -> Mapping[str, Any]:
    try:
        document = json.loads(store.read(release_key(number, CLAIM)))
    except (ObjectNotFoundError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
