"""What keeps the cells of releases that are not served in a collection: readers, those that say nothing included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tasks.catalogue import NO_UNION, UNION_FIELD, ChannelState, CollectionRecord, choose_named, read_channel
from tasks.place import Place
from tasks.points import PointFilter, PointStore
from tasks.readers.readers import look_for_readers

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
            named = name_releases(silent)
            sentences.append(
                f"collection '{self.collection}': the cells of {named} stay{some}, because readers that say nothing "
                f"may still ask for them. When nobody does: `{self._command(confirm)}`; if all its readers follow the "
                f"channel or are registered: `{self._command(' --known')}`"
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


def name_releases(releases: Sequence[int]) -> str:
    """As a sentence names them: "release 1", or "releases 1, 2 and 3"."""
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
    state, (everybody, damaged) = read_channel(store, record.channel), look_for_readers(store)
    readers = [reader for reader in everybody if reader.channel == record.channel]
    served, is_known = record.served(state.current), has_known_readers(points, record)
    holds = []
    for release in sorted({*record.readable} - {served}):
        announced = tuple(r.name for r in readers if r.release == release and not r.registered)
        # of a registered one whose document is damaged nobody knows what it reads: it may be any
        registered = (*(r.name for r in readers if r.release == release and r.registered), *damaged)
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


def waiting_rows(
    place: Place, channel: str, names: Sequence[str] = (), followers: bool = False
) -> list[dict[str, Any]]:
    """Collections with cells that wait for readers, counted; a row for each.

    Args:
        place: Where.
        channel: Whose collections.
        names: Only these.
        followers: Also those that wait for nobody else than who follows the channel, and moves on within minutes.
    """
    records = choose_named(place, channel, names)
    if not any(record.others for record in records):
        return []
    with place.points() as points:
        found = [(record, find_waiting(place, points, record)) for record in records if record.others]
        return [
            replace(waiting, n_points=count_beside(points, record)).row()
            for record, waiting in found
            if any(hold.is_silent or hold.registered or followers for hold in waiting.holds)
        ]
