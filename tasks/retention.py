"""What keeps the cells of releases that are not served in a collection: readers, those that say nothing included."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from minicoil.errors import EngineUnavailableError, UsageError
from tasks.audit import record_deed
from tasks.channels import ChannelState, read_channel
from tasks.object_store import ObjectStore
from tasks.payload_fields import NO_UNION, UNION_FIELD
from tasks.place import Place
from tasks.points import PointFilter, PointStore
from tasks.readers import list_readers
from tasks.registry import CollectionRecord, list_collections, select_collections, update_collection

DEFAULT_CHANNEL = "production"


@dataclass(frozen=True)
class Hold:
    """Why the cells of one release stay in a collection although it is not served.

    Attributes:
        release: Which.
        announced: Readers of it that follow the channel.
        registered: Readers of it that a person answers for.
        is_silent: Readers that say nothing may ask for it, and nobody confirmed that there is none.
    """

    release: int
    announced: tuple[str, ...] = ()
    registered: tuple[str, ...] = ()
    is_silent: bool = False


@dataclass(frozen=True)
class Waiting:
    """The cells of a collection that wait for readers to move on.

    Attributes:
        served: The release that searches use.
        holds: By release.
        n_points: Points that hold more than the served release's cells; None where nobody counted.
    """

    collection: str
    channel: str
    served: int
    holds: tuple[Hold, ...]
    n_points: int | None = None

    @property
    def releases(self) -> list[int]:
        """Whose cells wait."""
        return [hold.release for hold in self.holds]

    @property
    def message(self) -> str:
        """What waits for whom, and what a person can do about it."""
        sentences = []
        if silent := [hold.release for hold in self.holds if hold.is_silent]:
            some = "" if self.n_points is None else f" in {self.n_points:,} points"
            confirm = "".join(f" --ack {release}" for release in silent)
            sentences.append(
                f"collection '{self.collection}': the cells of {_named(silent)} stay{some}, because readers that say "
                f"nothing may still ask for them. When nobody does: `{self._command(confirm)}`; if all its readers "
                f"follow the channel or are registered: `{self._command(' --known')}`"
            )
        for hold in self.holds:
            if hold.announced:
                sentences.append(
                    f"release {hold.release} is still read by {', '.join(hold.announced)}; its cells stay. Wait until "
                    "they have moved on or their lease ends (`minicoil release readers`), or stop them, then run the "
                    "same command again"
                )
            for name in hold.registered:
                sentences.append(
                    f"collection '{self.collection}': the cells of release {hold.release} stay for reader '{name}'. "
                    f"When it has moved on: `minicoil release readers --register {name} --release {self.served}`, or "
                    f"`--unregister {name}`"
                )
        return ". ".join(sentences)

    def _command(self, what: str) -> str:
        channel = "" if self.channel == DEFAULT_CHANNEL else f" --channel {self.channel}"
        return f"minicoil release readers{what} --collection {self.collection}{channel}"

    def row(self) -> dict[str, Any]:
        """For answers and reports."""
        names = [name for hold in self.holds for name in (*hold.announced, *hold.registered)]
        return {
            "collection": self.collection,
            "channel": self.channel,
            "release": self.served,
            "waiting": self.releases,
            "n_points": self.n_points,
            "readers": sorted({*names}),
            "unannounced": any(hold.is_silent for hold in self.holds),
            "message": self.message,
        }


def _named(releases: Sequence[int]) -> str:
    *first, last = map(str, releases)
    return f"releases {', '.join(first)} and {last}" if first else f"release {last}"


def has_known_readers(points: PointStore, record: CollectionRecord) -> bool:
    """Whether every reader of a collection follows its channel or is registered.

    Nobody but this service can search the engine of a home, and its searches read the record. Whoever reaches a server
    can; there the owner has to say so.
    """
    return record.readers == "known" or (record.readers is None and not points.is_shared)


def find_waiting(place: Place, points: PointStore, record: CollectionRecord) -> Waiting:
    """What holds the cells of each release that is not served, oldest first; no hold: all of them may go."""
    store = place.objects()
    state, readers = read_channel(store, record.channel), list_readers(store, record.channel)
    served, is_known = record.served(state.current), has_known_readers(points, record)
    holds = []
    for release in sorted({*record.readable} - {served}):
        announced = tuple(r.name for r in readers if r.release == release and not r.registered)
        registered = tuple(r.name for r in readers if r.release == release and r.registered)
        is_silent = not is_known and release not in record.acknowledged and _was_given_out(state, record, release)
        if announced or registered or is_silent:
            holds.append(Hold(release, announced, registered, is_silent))
    return Waiting(record.name, record.channel, served, tuple(holds))


def _was_given_out(state: ChannelState, record: CollectionRecord, release: int) -> bool:
    """Whether anybody outside may have the release: not the empty model, and not one that never was served."""
    if release == 0:
        return record.attached_at == 0
    if release != state.pending or release == record.attached_at:
        return True
    return any(row.release == release and row.action in ("switch", "rollback") for row in state.history)


def count_beside(points: PointStore, record: CollectionRecord) -> int:
    """Points that hold the cells of more than one release."""
    if not record.others:
        return 0
    marked = points.count(record.name) - points.count(record.name, PointFilter(missing=[UNION_FIELD]))
    return marked - points.count(record.name, PointFilter(equal={UNION_FIELD: NO_UNION}))


def waiting_rows(place: Place, channel: str, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Collections with cells that wait for somebody to confirm or register, counted; a row for each."""
    records = select_collections(list_collections(place.objects(), channel), names, channel)
    if not any(record.others for record in records):
        return []
    with place.points() as points:
        found = [(record, find_waiting(place, points, record)) for record in records if record.others]
        # who follows the channel moves on by itself
        return [
            replace(waiting, n_points=count_beside(points, record)).row()
            for record, waiting in found
            if any(hold.is_silent or hold.registered for hold in waiting.holds)
        ]


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
    records = select_collections(list_collections(store, channel), names, channel)
    for release in releases or ():
        if release in (state.current, state.pending) or any(release == r.served(state.current) for r in records):
            raise UsageError(f"release {release} is what channel '{channel}' serves or is about to; its cells stay")
    beside = {r: {*r.readable} - {r.served(state.current), state.pending} for r in records}
    held = {release for others in beside.values() for release in others}
    if strange := sorted({*(releases or ())} - held):
        known = ", ".join(map(str, sorted(held))) or "none"
        raise UsageError(f"no collection here holds the cells of {_named(strange)} beside; they hold those of: {known}")
    rows = []
    for record, others in beside.items():
        confirmed = others if releases is None else others & {*releases}
        if not confirmed:
            continue

        def confirm(found: CollectionRecord, confirmed: set[int] = confirmed) -> CollectionRecord:
            still = confirmed & {*found.readable} - {found.served(state.current)}
            return found.model_copy(update={"acknowledged": tuple(sorted({*found.acknowledged} | still))})

        update_collection(store, record.name, confirm)
        rows.append({"collection": record.name, "acknowledged": sorted(confirmed)})
    if rows:
        record_deed(store, "acknowledge", {"channel": channel, "collections": rows})
    return rows


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
    records = select_collections(list_collections(store, channel), names, channel)
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
