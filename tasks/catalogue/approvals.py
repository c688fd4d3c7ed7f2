"""Releases that wait for a person: why, since when, until when; one small object each in the object store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

from minicoil.errors import DamagedReleaseError, ReleaseError
from minicoil.files import DaysFromNow, Release, check_number
from tasks.store import Documents, ObjectStore, name_damage

WAITING_VERSION = 1


class WaitingRelease(BaseModel):
    """A published release that a gate kept from being served.

    Attributes:
        channel: Where it would be served.
        reasons: What the gate found.
        since: ISO time, UTC; `until` is when the approval expires.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: Release
    channel: str
    reasons: tuple[str, ...]
    since: AwareDatetime
    until: AwareDatetime

    @property
    def has_expired(self) -> bool:
        """Whether nobody promoted it in time."""
        return datetime.now(UTC) >= self.until


def _way_out(name: str) -> str:
    channel, _, release = name.rpartition("/")
    return (
        f"it says why release {release} waits, and may be deleted: then that is promoted as any other; or promote it "
        f"as it is: `minicoil release promote {release} --channel {channel} --force`"
    )


_WAITING = Documents(WaitingRelease, WAITING_VERSION, "waiting/", way_out=_way_out, damaged=DamagedReleaseError)


def hold_release(store: ObjectStore, channel: str, release: int, reasons: Sequence[str], days: float) -> WaitingRelease:
    """Write down that `release` waits; one that waits already keeps its time."""
    check_number("days", days, DaysFromNow)
    now = datetime.now(UTC)
    waiting = WaitingRelease(
        release=release, channel=channel, reasons=tuple(reasons), since=now, until=now + timedelta(days=days)
    )
    return _WAITING.change(store, f"{channel}/{release}", lambda found: found or waiting)


def read_waiting(store: ObjectStore, channel: str, release: int) -> WaitingRelease | None:
    """The record of a release that waits, None where it does not."""
    return _WAITING.find(store, f"{channel}/{release}")


def check_approval(store: ObjectStore, channel: str, release: int, force: bool = False) -> None:
    """Refuse to promote a release whose time to be approved has passed.

    Raises:
        ReleaseError: it expired and `force` is off.
    """
    if force:
        return
    waiting = read_waiting(store, channel, release)
    if waiting is not None and waiting.has_expired:
        raise ReleaseError(
            f"release {release} waited for approval on channel '{channel}' until {waiting.until:%Y-%m-%d %H:%M} UTC "
            f"and has expired ({'; '.join(waiting.reasons)}); run the extension again on today's text, or promote it "
            "with force if you still want it",
            release=release,
        )


def finish_waiting(store: ObjectStore, channel: str, release: int) -> None:
    """Forget that a release waited: it is served now."""
    _WAITING.delete(store, f"{channel}/{release}")


def list_waiting(store: ObjectStore, channel: str | None = None) -> list[WaitingRelease]:
    """Releases that wait, of one channel or of all, oldest first; those that expired are among them."""
    return [waiting for waiting in look_for_waiting(store)[0] if channel in (None, waiting.channel)]


def look_for_waiting(store: ObjectStore) -> tuple[list[WaitingRelease], list[tuple[str, int]]]:
    """Releases that wait, oldest first; and channel and number of those whose notes are damaged, which is told once."""
    found, damaged = [], []
    for name in _WAITING.names(store):
        channel, _, number = name.rpartition("/")
        if not number.isdecimal():
            continue
        try:
            waiting = _WAITING.find(store, name)
        except DamagedReleaseError as error:
            name_damage(_WAITING.key(name), str(error))
            damaged.append((channel, int(number)))
            continue
        if waiting is not None:
            found.append(waiting)
    return sorted(found, key=lambda waiting: waiting.since), damaged
