"""Where one channel stands: what is served since when, whether searches are safe, what waits for whom, what is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from minicoil.errors import DamagedReleaseError, EngineUnavailableError, MiniCoilError, ReleaseError
from tasks.catalogue import GRACE_HOURS, ChannelState, CollectionRecord, DamagedRecord, WaitingRelease, read_manifest
from tasks.collections import LengthDrift, measure_drift
from tasks.place import Place
from tasks.points import PointStore
from tasks.readers import DEFAULT_CHANNEL, Waiting, count_beside, find_waiting
from tasks.releases import IdBudget, id_budget
from tasks.rewriting import DuePoints, count_due, is_grace_over
from tasks.watch.moments import shown_time
from tasks.watch.notices import Notice

FEW_DAYS_OF_IDS = 30.0
FEW_IDS = 400  # two nights at the 200 words that a bare `extend` takes
_MOVES = ("switch", "rollback")


@dataclass(frozen=True)
class CollectionStatus:
    """One collection.

    Attributes:
        served: Release that searches of it use.
        beside: Releases whose cells it holds beside.
        due: What waits to be re-encoded; None where nobody could look.
        drift: Of its texts' lengths; None where nobody could look.
        waiting: What its older cells wait for; None where it holds none, or nobody could look.
        problem: Why searches of it are not safe; "" where they are.
        command: What mends that.
    """

    name: str
    served: int
    beside: tuple[int, ...] = ()
    due: DuePoints | None = None
    drift: LengthDrift | None = None
    waiting: Waiting | None = None
    problem: str = ""
    command: str | None = None

    def row(self) -> dict[str, Any]:
        """For answers."""
        waiting = self.waiting.row() if self.waiting is not None and self.waiting.holds else None
        facts = {key: value for key, value in asdict(self).items() if key not in ("due", "drift", "waiting")}
        drift = self.drift.row() if self.drift else None
        return {**facts, "due": self.due.row() if self.due else None, "avg_len": drift, "waiting": waiting}


@dataclass(frozen=True)
class ChannelStatus:
    """One channel.

    Attributes:
        name: Of the channel.
        current: Release that is served; None where none is yet.
        since: ISO time since when.
        phase, pending: As its document says.
        pending_since: ISO time since when.
        safe: Whether every search gets what its release promises.
        ids: Left, and for how long.
        notices: What is stuck, waits or runs out.
    """

    name: str
    current: int | None = None
    since: str | None = None
    phase: str = "idle"
    pending: int | None = None
    pending_since: str | None = None
    ids: IdBudget = field(default_factory=lambda: IdBudget(None))
    collections: tuple[CollectionStatus, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def safe(self) -> bool:
        """Whether nothing says that a search may fail or miss points."""
        return not any(notice.kind in ("unsafe", "unreachable") for notice in self.notices)

    def row(self) -> dict[str, Any]:
        """For answers; notices stand beside the channels there."""
        facts = {key: value for key, value in vars(self).items() if key not in ("ids", "collections", "notices")}
        rows = [entry.row() for entry in self.collections]
        n_due = sum(entry.due.n_due for entry in self.collections if entry.due)
        return {**facts, "safe": self.safe, "n_due": n_due, "ids": self.ids.row(), "collections": rows}


@dataclass(frozen=True)
class Look:
    """What one look at a service has found so far, for the channels to be held against.

    Attributes:
        points: The engine; None where it does not answer, for the reason `no_points`.
        busy: Whoever works here now; "" where nobody does.
    """

    place: Place
    points: PointStore | None
    no_points: str = ""
    busy: str = ""


def channel_status(
    look: Look,
    state: ChannelState,
    records: Sequence[CollectionRecord],
    damaged: Sequence[DamagedRecord],
    waiting: Sequence[WaitingRelease],
) -> ChannelStatus:
    """Everything about one channel; whatever cannot be looked at becomes a notice, and the rest is looked at.

    Args:
        look: Where, and what is known already.
        state: The channel's document.
        records: Of its collections.
        damaged: Collections that may be its.
        waiting: Releases that wait for a person.
    """
    collections = tuple(_collection(look, record, state) for record in records)
    ids = id_budget(look.place.objects(), state.current)
    moves = [row.at for row in state.history if row.action in _MOVES]
    begun = [row.at for row in state.history if row.action == "expand" and row.release == state.pending]
    status = ChannelStatus(
        state.name,
        state.current,
        moves[-1] if moves else None,
        state.phase,
        state.pending,
        begun[-1] if begun and state.pending is not None else None,
        ids,
        collections,
    )
    notices = [
        *_of_release(look, state),
        *(_of_damage(found) for found in damaged),
        *_of_promotion(look, status),
        *(_of_approval(entry) for entry in waiting),
        *(notice for entry in collections for notice in _of_collection(entry, state.name)),
        *_of_contraction(look, status),
        *_of_ids(status),
    ]
    return replace(status, notices=tuple(notices))


def _collection(look: Look, record: CollectionRecord, state: ChannelState) -> CollectionStatus:
    served = record.served(state.current)
    status = CollectionStatus(record.name, served, tuple(sorted({*record.readable} - {served})))
    if look.points is None:
        return replace(status, problem=look.no_points, command=None)
    try:
        if not look.points.exists(record.name):
            return _gone(status)
        due = count_due(look.place, look.points, record, state.pending)
        drift = measure_drift(look.place, look.points, record)
        waiting = find_waiting(look.place, look.points, record) if record.others else None
        if waiting is not None:
            waiting = replace(waiting, n_points=count_beside(look.points, record))
    except EngineUnavailableError as error:
        return replace(status, problem=str(error))
    except MiniCoilError as error:  # of one collection; the others are looked at all the same
        return replace(status, problem=f"it could not be looked at: {error}", command="minicoil reencode")
    status = replace(status, due=due, drift=drift, waiting=waiting)
    if due.n_strange:
        problem = (
            f"{due.n_strange:,} points are stamped with releases that this channel never had: object store and "
            "collection are not of one time, or another service writes here"
        )
        return replace(status, problem=problem, command="minicoil release list")
    if state.current is not None and state.current not in record.readable:
        problem = f"it has the cells of release {served}, and its channel serves {state.current}"
        return replace(status, problem=problem, command=_command("reencode", state.name))
    return status


def _gone(status: CollectionStatus) -> CollectionStatus:
    return replace(
        status,
        problem="Qdrant has no such collection any more: somebody deleted or renamed it. Restore its snapshot, index "
        "it anew, or take it off the list",
        command=f"minicoil detach {status.name}",
    )


def _of_release(look: Look, state: ChannelState) -> Iterator[Notice]:
    for number, is_served in ((state.current, True), (state.pending, False)):
        if number is None:
            continue
        try:
            read_manifest(look.place.objects(), number)
        except (DamagedReleaseError, ReleaseError) as error:
            about = f"release {number} of channel {state.name}"
            command = _command("release rollback", state.name) if is_served and state.previous else None
            yield Notice("unsafe" if is_served else "damaged", about, str(error), command, is_alert=True)


def _of_damage(found: DamagedRecord) -> Notice:
    return Notice("unsafe", f"collection {found.name}", str(found.error), is_alert=True)


def _of_promotion(look: Look, status: ChannelStatus) -> Iterator[Notice]:
    if status.pending is None:
        return
    about = f"channel {status.name}"
    if look.busy:
        text = f"release {status.pending} is being promoted: {look.busy}"
        yield Notice("lock", about, text, None, status.pending_since)
        return
    text = (
        f"the promotion of release {status.pending} began {shown_time(status.pending_since)} and nobody is known to "
        f"be at it; searches use release {status.current} meanwhile. `{_command('release abandon', status.name)}` "
        "gives it up"
    )
    yield Notice("interrupted", about, text, _command("reencode", status.name), status.pending_since, is_alert=True)


def _of_approval(entry: WaitingRelease) -> Notice:
    about = f"release {entry.release} of channel {entry.channel}"
    reasons = "; ".join(entry.reasons)
    if entry.has_expired:
        text = f"it waited until {entry.until:%Y-%m-%d %H:%M} UTC and has expired ({reasons}); extend again"
        return Notice("approval", about, text, None, entry.since.isoformat(timespec="seconds"))
    text = f"it waits for a person until {entry.until:%Y-%m-%d %H:%M} UTC: {reasons}"
    command = _command(f"release promote {entry.release}", entry.channel)
    return Notice("approval", about, text, command, entry.since.isoformat(timespec="seconds"), is_alert=True)


def _of_collection(entry: CollectionStatus, channel: str) -> Iterator[Notice]:
    about = f"collection {entry.name}"
    if entry.problem:
        yield Notice("unsafe" if entry.command else "unreachable", about, entry.problem, entry.command, is_alert=True)
    due = entry.due
    if due is not None and (due.note or due.n_due > due.n_pending or due.n_leftover):
        n, least = due.n_due - due.n_pending, "" if due.is_exact else "at least "
        text = due.note or f"{least}{n:,} of {due.n_points:,} points wait to be re-encoded"
        text += f"; {due.n_leftover:,} hold cells of releases that nobody reads" if due.n_leftover else ""
        yield Notice("due", about, text, _command(f"reencode {entry.name}", channel))
    if entry.drift is not None and entry.drift.is_much:
        yield Notice("drift", about, entry.drift.message, entry.drift.command)
    if entry.waiting is not None and entry.waiting.holds:
        silent = [hold.release for hold in entry.waiting.holds if hold.is_silent]
        confirm = "".join(f" --ack {number}" for number in silent)
        command = _command(f"release readers{confirm} --collection {entry.name}", channel)
        yield Notice("readers", about, entry.waiting.message, command)


def _of_contraction(look: Look, status: ChannelStatus) -> Iterator[Notice]:
    free = [e.name for e in status.collections if e.waiting is not None and not e.waiting.holds]
    if not free or status.pending is not None:
        return
    over = is_grace_over(look.place, status.name)
    when = "the next re-encoding drops them" if over else f"they go {GRACE_HOURS:.0f} hours after the move"
    text = f"older cells in {', '.join(free)} wait for nobody; {when}"
    yield Notice("contraction", f"channel {status.name}", text, _command("reencode", status.name), status.since)


def _of_ids(status: ChannelStatus) -> Iterator[Notice]:
    ids = status.ids
    days = ids.days_left
    is_few = ids.left is not None and (ids.left < FEW_IDS or (days is not None and days < FEW_DAYS_OF_IDS))
    if not is_few:
        return
    pace = f"; at {ids.per_day:,.0f} a day none is left on {ids.exhausted_on}" if ids.exhausted_on else ""
    text = f"{ids.left:,} word ids are left{pace}; past the end only a new collection on a larger base helps"
    yield Notice("ids", f"channel {status.name}", text, "minicoil rebuild --help", None, is_alert=True)


def _command(words: str, channel: str) -> str:
    return f"minicoil {words}" + ("" if channel == DEFAULT_CHANNEL else f" --channel {channel}")
