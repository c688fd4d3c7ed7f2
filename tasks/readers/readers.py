"""Readers: who follows a channel says what it serves, who says nothing is registered; nobody takes it from them."""

from __future__ import annotations

import os
import re
import socket
import time
import uuid

from pydantic import BaseModel, ConfigDict, Field

from minicoil.errors import UsageError
from minicoil.files import Days, Moment, ReleaseOrEmpty, check_number
from tasks.store import DamageError, Documents, ObjectStore, name_damage

READER_VERSION = 1
LEASE_SECONDS = 600.0  # a reader announces itself again well within it; one that died is forgotten after it
FOREVER = 253_402_300_799.0  # the last second of the year 9999: until somebody says otherwise
_REGISTERED = "registered/"  # below readers/, so that a program which knows no registration waits for them too
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Reader(BaseModel):
    """One process that follows a channel, or one that a person answers for.

    Attributes:
        name: Host, process number and a random part; of a registered one, what the person calls it.
        release: What it serves right now.
        until: Seconds since 1970; past it the reader counts as gone.
        registered: A person said that it reads `release`; it says nothing itself. Told by where its object lies.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    channel: str
    release: ReleaseOrEmpty
    until: Moment
    registered: bool = Field(default=False, exclude=True)


def _bare(name: str) -> str:
    return name.removeprefix(_REGISTERED)


_READERS = Documents(
    Reader,
    READER_VERSION,
    "readers/",
    title=lambda name: f"the registration of reader '{_bare(name)}'",
    way_out=lambda name: f"say again what it reads: `minicoil release readers --register {_bare(name)} --release N`",
)


def new_reader_name() -> str:
    """A name for this process: where it runs can be seen from it."""
    host = "".join(c if c.isalnum() or c == "-" else "-" for c in socket.gethostname())[:40]
    return f"{host}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def announce_reader(store: ObjectStore, name: str, channel: str, release: int) -> Reader:
    """Say that `name` serves `release` of `channel` for the next ten minutes."""
    reader = Reader(name=name, channel=channel, release=release, until=time.time() + LEASE_SECONDS)
    _READERS.write(store, name, reader)
    return reader


def withdraw_reader(store: ObjectStore, name: str) -> None:
    """Say that `name` has gone."""
    store.delete(_READERS.key(name))


def register_reader(
    store: ObjectStore, name: str, channel: str, release: int, days: float | None = None
) -> tuple[Reader, Reader | None]:
    """Put a reader that says nothing itself on the list, or change what it reads; it, and what stood there before.

    Args:
        store: Where.
        name: What people call it.
        channel: Whose collections it reads.
        release: Which it was given; that one's cells stay for it.
        days: Until it counts as gone; None: until it is taken off the list.

    Raises:
        UsageError: the name cannot be one, or the days are no number.
    """
    if days is not None:
        check_number("days", days, Days)
    until = FOREVER if days is None else time.time() + days * 86_400
    reader = Reader(name=name, channel=channel, release=release, until=until, registered=True)
    before: list[Reader | None] = []

    def take_down(found: Reader | None) -> Reader:
        before[:] = [found]
        return reader

    _READERS.change(store, _registered(name), take_down, over_damage=True)  # whoever registers it anew mends it
    return reader, _marked(before[0])


def unregister_reader(store: ObjectStore, name: str) -> Reader | None:
    """Take a registered reader off the list, and return what stood there; None where that was damaged.

    Raises:
        UsageError: nobody of that name is registered.
    """
    reader, tag = _READERS.look(store, _registered(name), over_damage=True)
    if tag is None:
        known = ", ".join(entry.name for entry in list_readers(store) if entry.registered) or "none"
        raise UsageError(
            f"no reader '{name}' is registered; registered: {known}; `minicoil release readers` lists all, those that "
            "announce themselves too"
        )
    store.delete(_READERS.key(_registered(name)))
    return _marked(reader)


def list_readers(store: ObjectStore, channel: str | None = None) -> list[Reader]:
    """Readers whose time has not run out, of one channel or of all, by name."""
    return [reader for reader in look_for_readers(store)[0] if channel in (None, reader.channel)]


def look_for_readers(store: ObjectStore) -> tuple[list[Reader], list[str]]:
    """Readers whose time has not run out, by name; and the names of registered ones whose documents are damaged.

    That is told once: nobody else will say again what they read. Who announces itself does so every few minutes.
    """
    readers, damaged = [], []
    for name in _READERS.names(store):
        is_registered = name.startswith(_REGISTERED)
        try:
            reader = _READERS.find(store, name)
        except DamageError as error:
            if is_registered:
                damaged.append(_bare(name))
                name_damage(_READERS.key(name), str(error))
            continue
        if reader is not None and reader.until >= time.time():  # None: gone meanwhile
            readers.append(reader.model_copy(update={"registered": is_registered}))
    return sorted(readers, key=lambda reader: reader.name), damaged


def _registered(name: str) -> str:
    """The name of its document."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' cannot name a reader; use letters, digits, dots, - and _, at most 100")
    return f"{_REGISTERED}{name}"


def _marked(reader: Reader | None) -> Reader | None:
    return None if reader is None else reader.model_copy(update={"registered": True})
