"""Releases that wait for a person: why, since when, until when; one small object each in the object store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

from minicoil.errors import DamagedReleaseError, ObjectNotFoundError, ReleaseError
from minicoil.files import DaysFromNow, Release, check_number
from tasks.store import DamageError, ObjectStore, load_document, name_damage, write_document

_FOLDER = "waiting/"
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


def hold_release(store: ObjectStore, channel: str, release: int, reasons: Sequence[str], days: float) -> WaitingRelease:
    """Write down that `release` waits; one that waits already keeps its time."""
    check_number("days", days, DaysFromNow)
    found = read_waiting(store, channel, release)
    if found is not None:
        return found
    now = datetime.now(UTC)
    waiting = WaitingRelease(
        release=release, channel=channel, reasons=tuple(reasons), since=now, until=now + timedelta(days=days)
    )
    store.write(_key(channel, release), write_document(waiting))
    return waiting


def read_waiting(store: ObjectStore, channel: str, release: int) -> WaitingRelease | None:
    """The record of a release that waits, None where it does not."""
    what = f"{store.url}/{_key(channel, release)}"
    way_out = (
        f"it says why release {release} waits, and may be deleted: then that is promoted as any other; or promote it "
        f"as it is: `minicoil release promote {release} --channel {channel} --force`"
    )
    try:
        return load_document(store, _key(channel, release), WaitingRelease, what, WAITING_VERSION, way_out)[0]
    except ObjectNotFoundError:
        return None
    except DamageError as error:
        raise DamagedReleaseError(str(error)) from error


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
    try:
        read_waiting(store, channel, release)
    except DamagedReleaseError:  # perhaps no file at all, which cannot be deleted as one
        store.set_aside(_key(channel, release))
    store.delete(_key(channel, release))


def list_waiting(store: ObjectStore, channel: str | None = None) -> list[WaitingRelease]:
    """Releases that wait, of one channel or of all, oldest first; those that expired are among them."""
    return [waiting for waiting in look_for_waiting(store)[0] if channel in (None, waiting.channel)]


def look_for_waiting(store: ObjectStore) -> tuple[list[WaitingRelease], list[tuple[str, int]]]:
    """Releases that wait, oldest first; and channel and number of those whose notes are damaged, which is told once."""
    found, damaged = [], []
    for entry in store.list(_FOLDER):
        name, _, number = entry.key.removeprefix(_FOLDER).removesuffix(".json").rpartition("/")
        if not number.isdigit():
            continue
        try:
            waiting = read_waiting(store, name, int(number))
        except DamagedReleaseError as error:
            name_damage(entry.key, str(error))
            damaged.append((name, int(number)))
            continue
        if waiting is not None:
            found.append(waiting)
    return sorted(found, key=lambda waiting: waiting.since), damaged


def _key(channel: str, release: int) -> str:
    return f"{_FOLDER}{channel}/{release}.json"
