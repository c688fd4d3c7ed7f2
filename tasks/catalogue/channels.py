"""Channels: named pointers to releases, moved by compare-and-swap, with a history of who moved what when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from minicoil.errors import ConflictError, DamagedReleaseError, ReleaseError
from minicoil.files import Release, ReleaseOrEmpty
from tasks.store import Documents, ObjectStore, current_user

CHANNEL_VERSION = 1
GRACE_HOURS = 24.0  # how long the cells of the release before stay by default, for readers that nobody announced
Phase = Literal["idle", "expanding", "switched", "contracting"]


class Move(BaseModel):
    """One row of a channel's history."""

    model_config = ConfigDict(frozen=True)

    at: str
    who: str
    action: str
    release: ReleaseOrEmpty | None
    previous: ReleaseOrEmpty | None


class ChannelState(BaseModel):
    """Where a channel stands.

    Attributes:
        current: Release that searches use.
        previous: Release before it, whose cells are still in the collections while the phase is "switched".
        pending: Release that collections are being expanded for.
        phase: idle; expanding (pending is set); switched (both releases readable); contracting.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=1, le=CHANNEL_VERSION)] = CHANNEL_VERSION
    name: str
    current: Release | None = None
    previous: ReleaseOrEmpty | None = None
    pending: Release | None = None
    phase: Phase = "idle"
    history: tuple[Move, ...] = ()


_CHANNELS = Documents(
    ChannelState,
    CHANNEL_VERSION,
    "channels/",
    title=lambda name: f"the document of channel '{name}'",
    way_out=lambda name: (
        f"restore it from a backup, or begin it anew with the release it served: `minicoil release promote N --channel "
        f"{name} --force`; `minicoil release list` shows what there is"
    ),
    damaged=DamagedReleaseError,
    newer=ReleaseError,
    stray=lambda state, name: None if state.name == name else f"is damaged: it is that of channel '{state.name}'",
    absent=lambda name: ChannelState(name=name),
)


def read_channel(store: ObjectStore, name: str) -> ChannelState:
    """The channel's state; an empty one where nobody has moved it yet.

    Raises:
        DamagedReleaseError: its document is damaged.
        ReleaseError: a newer version of this program wrote it.
    """
    return _CHANNELS.find(store, name) or ChannelState(name=name)


def channel_names(store: ObjectStore) -> list[str]:
    """Channels that have been moved at least once."""
    return sorted(_CHANNELS.names(store))


def list_channels(store: ObjectStore) -> tuple[list[ChannelState], list[str]]:
    """Where each channel stands, by name; and names of those whose documents are damaged, which is told once."""
    states, damaged = [], []
    for name in channel_names(store):
        state = _CHANNELS.find_sound(store, name)
        if state is None:
            damaged.append(name)
        else:
            states.append(state)
    return states, damaged


def begin_anew(store: ObjectStore, name: str) -> str | None:
    """Put a channel's damaged document aside, so that the channel is as if nobody had moved it; where it is kept.

    Returns:
        The key under which it is kept; None where it is not damaged.
    """
    try:
        read_channel(store, name)
    except DamagedReleaseError:
        return store.set_aside(_CHANNELS.key(name))
    return None


def set_pending(store: ObjectStore, name: str, release: int, expect_current: int | None) -> ChannelState:
    """Announce that collections are being expanded for `release`.

    Raises:
        ConflictError: another release is pending, or `current` is not what it was when `release` was made.
    """

    def change(state: ChannelState) -> ChannelState:
        if state.pending == release or state.current == release:
            return state
        if state.pending is not None:
            raise ConflictError(
                f"channel '{name}' is already being moved to release {state.pending}; `minicoil reencode` finishes "
                f"that, `minicoil release abandon` gives it up; release {release} is published and can be promoted "
                "afterwards"
            )
        if state.current != expect_current:
            raise ConflictError(
                f"channel '{name}' moved from {expect_current} to {state.current} meanwhile; release {release} is "
                "published but grew from an older one; run the same command again to grow from the new one"
            )
        return _moved(state, "expand", release, pending=release, phase="expanding")

    return _swap(store, name, change)


def drop_pending(store: ObjectStore, name: str, release: int) -> ChannelState:
    """Give the pending `release` up; what was readable before stays readable.

    Raises:
        ConflictError: another release is pending by now.
    """

    def change(state: ChannelState) -> ChannelState:
        if state.pending is None:
            return state
        if state.pending != release:
            raise ConflictError(f"channel '{name}' has release {state.pending} pending by now, not {release}")
        phase: Phase = "idle" if state.previous is None else "switched"
        return _moved(state, "abandon", release, pending=None, phase=phase)

    return _swap(store, name, change)


def move_current(store: ObjectStore, name: str, release: int) -> ChannelState:
    """Let searches use the pending `release`; the one before stays readable until contraction.

    Raises:
        ConflictError: `release` is not pending.
    """

    def change(state: ChannelState) -> ChannelState:
        if state.current == release:
            return state
        if state.pending != release:
            raise ConflictError(
                f"channel '{name}' has release {state.pending} pending, not {release}; promote it again"
            )
        phase: Phase = "idle" if state.current is None else "switched"
        return _moved(state, "switch", release, current=release, previous=state.current, pending=None, phase=phase)

    return _swap(store, name, change)


def finish_contraction(store: ObjectStore, name: str) -> ChannelState:
    """Forget the previous release: its cells are gone from every collection."""

    def change(state: ChannelState) -> ChannelState:
        if state.phase not in ("switched", "contracting"):
            return state
        return _moved(state, "contract", state.current, previous=None, phase="idle")

    return _swap(store, name, change)


def point_back(store: ObjectStore, name: str) -> ChannelState:
    """Make the previous release current again, and the current one previous.

    Raises:
        ReleaseError: no previous release is readable any more.
    """

    def change(state: ChannelState) -> ChannelState:
        if state.current is None:
            raise ReleaseError(
                f"channel '{name}' serves nothing yet, so there is no release to go back to; `minicoil extend --common "
                f"1000 --corpus SPEC --channel {name}` makes a first one"
            )
        if state.phase != "switched" or state.previous is None:
            raise ReleaseError(
                f"channel '{name}' is {state.phase} at release {state.current} and its previous cells are gone; "
                "promote the older release instead: it re-encodes back first"
            )
        return _moved(state, "rollback", state.previous, current=state.previous, previous=state.current)

    return _swap(store, name, change)


def _moved(state: ChannelState, action: str, release: int | None, **values: object) -> ChannelState:
    row = Move(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        who=current_user(),
        action=action,
        release=release,
        previous=state.current,
    )
    return ChannelState.model_validate({**state.model_dump(), **values, "history": (*state.history, row)[-200:]})


def _swap(store: ObjectStore, name: str, change: Callable[[ChannelState], ChannelState]) -> ChannelState:
    """Apply `change` to the state as it is at the moment of writing."""
    return _CHANNELS.change(store, name, lambda state: change(state or ChannelState(name=name)))
