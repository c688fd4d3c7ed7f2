"""What the owner of collections says of their readers: confirmed gone, registered, all known; and the list of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from minicoil.errors import EngineUnavailableError, UsageError
from minicoil.files import Days, Release, check_numbers
from tasks.catalogue import (
    CollectionRecord,
    choose_named,
    list_collections,
    read_channel,
    read_manifest,
    update_collection,
)
from tasks.place import Place
from tasks.readers.readers import list_readers, register_reader, unregister_reader
from tasks.readers.retention import count_beside, find_waiting, has_known_readers, name_releases
from tasks.store import ObjectStore, record_deed

ALL = "all"
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class ReadersRequest:
    """One thing that an owner says, or nothing: then the list is only shown.

    Attributes:
        channel: Whose collections are meant.
        collections: Only these, of what is confirmed or declared.
        acknowledged: Numbers of releases that nobody reads any more, or "all".
        name: A reader to register, which was given `release`, for `days` (None: until it is taken off).
        unregister: A reader to take off the list.
        known: Whether all readers follow the channel or are registered; None: not said.

    Raises:
        UsageError: two things at once, or half of one, or a number that is none.
    """

    channel: str
    collections: tuple[str, ...] = ()
    acknowledged: tuple[str, ...] = ()
    name: str | None = None
    release: Release | None = None
    days: Days | None = None
    unregister: str | None = None
    known: bool | None = None

    def __post_init__(self) -> None:
        check_numbers(self)
        said = {
            "--ack": bool(self.acknowledged),
            "--register": self.name is not None,
            "--unregister": self.unregister is not None,
            "--known": self.known is not None,
        }
        names = [name for name, is_said in said.items() if is_said]
        if len(names) > 1:
            raise UsageError(f"{' and '.join(names)} are two requests; make them one after the other")
        if (self.name is None) != (self.release is None) or (self.days is not None and self.name is None):
            raise UsageError("a reader is registered by --register NAME --release N, and --days D where it will go")
        if self.collections and not (self.acknowledged or self.known is not None):
            raise UsageError("--collection goes with --ack, --known or --unknown")
        for value in self.acknowledged:
            if value != ALL and not _NUMBER.fullmatch(value):
                raise UsageError(f"--ack {value}: a release's number was expected, or '{ALL}'")

    @property
    def releases(self) -> list[int] | None:
        """Whose readers are gone; None stands for all that are not served."""
        return None if ALL in self.acknowledged else [int(value) for value in self.acknowledged]


def settle_readers(place: Place, request: ReadersRequest) -> dict[str, Any]:
    """Take down what an owner says of readers, and return the list as it is afterwards, with a `message`.

    Raises:
        UsageError: a release is served or not held, or nobody of that name is registered.
        ReleaseError: there is no such release.
    """
    store, channel = place.objects(), request.channel
    message = ""
    if request.acknowledged:
        rows = acknowledge(place, channel, request.releases, request.collections)
        done = "; ".join(f"{row['collection']}: {name_releases(row['acknowledged'])}" for row in rows)
        message = f"nothing to confirm: no collection of '{channel}' holds cells of a release that is not served"
        if rows:
            message = (
                f"confirmed that nobody reads them any more: {done}. Their cells go when the grace period is over or "
                "the next release comes; `minicoil reencode --contract` drops them now"
            )
    elif request.name is not None and request.release is not None:
        read_manifest(store, request.release)
        reader, before = register_reader(store, request.name, channel, request.release, request.days)
        facts = {"reader": reader.name, "channel": channel, "release": reader.release, "days": request.days}
        record_deed(store, "register-reader", {**facts, "before": before.release if before else None})
        message = f"registered: '{reader.name}' reads release {reader.release} of channel '{channel}'"
        gone = [r.name for r in list_collections(store, channel) if reader.release not in r.readable]
        if gone:
            message += f"; {', '.join(gone)} cannot be read with it: give it the release that is served"
    elif request.unregister is not None:
        gone_reader = unregister_reader(store, request.unregister)
        release = gone_reader.release if gone_reader else None
        record_deed(store, "unregister-reader", {"reader": request.unregister, "release": release})
        message = f"'{request.unregister}' is off the list"
    elif request.known is not None:
        names = declare_readers(place, channel, request.known, request.collections)
        who = "all readers are known" if request.known else "readers may say nothing"
        message = f"{', '.join(names) or 'no collection'}: {who}"
    return {**show_readers(place), "message": message}


def acknowledge(
    place: Place, channel: str, releases: Sequence[int] | None, names: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Confirm that nobody reads these releases from a channel's collections any more, so that their cells may go.

    Args:
        place: Where.
        channel: Whose collections.
        releases: Which; None stands for all that are not served.
        names: Only these collections.

    Returns:
        A row for each collection that has such cells.

    Raises:
        UsageError: a release is served or about to be, or no collection holds its cells.
    """
    store = place.objects()
    state = read_channel(store, channel)
    records = choose_named(place, channel, names)
    for release in releases or ():
        if release in (state.current, state.pending) or any(release == r.served(state.current) for r in records):
            raise UsageError(f"release {release} is what channel '{channel}' serves or is about to; its cells stay")
    beside = {r: {*r.readable} - {r.served(state.current), state.pending} for r in records}
    held = {release for others in beside.values() for release in others}
    if strange := sorted({*(releases or ())} - held):
        known = ", ".join(map(str, sorted(held))) or "none"
        raise UsageError(
            f"no collection here holds the cells of {name_releases(strange)} beside what is served; there are "
            f"those of: {known}"
        )
    done: dict[str, list[int]] = {}
    for record, others in beside.items():
        confirmed = others if releases is None else others & {*releases}
        if not confirmed:
            continue

        def confirm(found: CollectionRecord, confirmed: set[int] = confirmed) -> CollectionRecord:
            still = confirmed & {*found.readable} - {found.served(state.current)}
            return found.model_copy(update={"acknowledged": tuple(sorted({*found.acknowledged} | still))})

        update_collection(store, record.name, confirm)
        done[record.name] = sorted(confirmed)
    if done:
        numbers = sorted({number for some in done.values() for number in some})
        record_deed(store, "acknowledge", {"channel": channel, "releases": numbers, "collections": [*done]})
    return [{"collection": name, "acknowledged": some} for name, some in done.items()]


def forget_acknowledgement(store: ObjectStore, channel: str, release: int) -> None:
    """A release is about to be served again: what was confirmed of its readers does not hold any more."""
    for record in list_collections(store, channel):
        update_collection(
            store,
            record.name,
            lambda found: found.model_copy(
                update={"acknowledged": tuple(number for number in found.acknowledged if number != release)}
            ),
        )


def declare_readers(place: Place, channel: str, known: bool, names: Sequence[str] = ()) -> list[str]:
    """Say whether all readers of a channel's collections follow it or are registered; the collections."""
    store = place.objects()
    records = choose_named(place, channel, names)
    said = "known" if known else "unknown"
    for record in records:
        update_collection(store, record.name, lambda found: found.model_copy(update={"readers": said}))
    if records:
        facts = {"channel": channel, "readers": said, "collections": [record.name for record in records]}
        record_deed(store, "declare-readers", facts)
    return [record.name for record in records]


def show_readers(place: Place) -> dict[str, Any]:
    """Who reads what, and for every collection which releases' cells it holds, and what they wait for."""
    store, rows = place.objects(), []
    readers = list_readers(store)
    with place.points() as points:
        for record in list_collections(store):
            waiting = find_waiting(place, points, record)
            with suppress(EngineUnavailableError):  # who reads what is known all the same
                waiting = replace(waiting, n_points=count_beside(points, record))
            row = {**waiting.row(), "beside": sorted({*record.readable} - {waiting.served})}
            row |= {"acknowledged": [*record.acknowledged], "all_readers_known": has_known_readers(points, record)}
            rows.append(row)
    return {
        "readers": [{**reader.model_dump(), "registered": reader.registered} for reader in readers],
        "collections": rows,
    }
