"""Releases that wait for a person: why, since when, until when; one small object each in the object store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, ValidationError

from minicoil.errors import ObjectNotFoundError, ReleaseError
from tasks.object_store import ObjectStore


class WaitingRelease(BaseModel):
    """A published release that a gate kept from being served.

    Attributes:
        channel: Where it would be served.
        reasons: What the gate found.
        since: ISO time, UTC; `until` is when the approval expires.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: int
    channel: str
    reasons: tuple[str, ...]
    since: datetime
    until: datetime

    @property
    def has_expired(self) -> bool:
        """Whether nobody promoted it in time."""
        return datetime.now(UTC) >= self.until


def hold_release(store: ObjectStore, channel: str, release: int, reasons: Sequence[str], days: float) -> WaitingRelease:
    """Write down that `release` waits; one that waits already keeps its time."""
    found = read_waiting(store, channel, release)
    if found is not None:
        return found
    now = datetime.now(UTC)
    waiting = WaitingRelease(
        release=release, channel=channel, reasons=tuple(reasons), since=now, until=now + timedelta(days=days)
    )
    store.write(_key(channel, release), waiting.model_dump_json(indent=1).encode())
    return waiting


def read_waiting(store: ObjectStore, channel: str, release: int) -> WaitingRelease | None:
    """The record of a release that waits, None where it does not."""
    try:
        return WaitingRelease.model_validate_json(store.read(_key(channel, release)))
    except ObjectNotFoundError:
        return None
    except ValidationError as error:
        raise ReleaseError(
            f"{store.url}/{_key(channel, release)} is damaged; delete it, and release {release} can be promoted"
        ) from error


def check_approval(store: ObjectStore, channel: str, release: int, force: bool = False) -> None:
    """Refuse to promote a release whose time to be approved has passed.

    Raises:
        ReleaseError: it expired and `force` is off.
    """
    waiting = read_waiting(store, channel, release)
    if waiting is not None and waiting.has_expired and not force:
        raise ReleaseError(
            f"release {release} waited for approval on channel '{channel}' until {waiting.until:%Y-%m-%d %H:%M} UTC "
            f"and has expired ({'; '.join(waiting.reasons)}); run the extension again on today's text, or promote it "
            "with force if you still want it",
            release=release,
        )


def finish_waiting(store: ObjectStore, channel: str, release: int) -> None:
    """Forget that a release waited: it is served now."""
    store.delete(_key(channel, release))


def list_waiting(store: ObjectStore, channel: str | None = None) -> list[WaitingRelease]:
    """Releases that wait, of one channel or of all, oldest first; those that expired are among them."""
    found = []
    for entry in store.list("waiting/"):
        name, _, number = entry.key.removeprefix("waiting/").removesuffix(".json").rpartition("/")
        if number.isdigit() and channel in (None, name):
            waiting = read_waiting(store, name, int(number))
            if waiting is not None:
                found.append(waiting)
    return sorted(found, key=lambda waiting: waiting.since)


def _key(channel: str, release: int) -> str:
    return f"waiting/{channel}/{release}.json"
