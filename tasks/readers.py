"""Readers: processes that follow a channel say which release they serve, so that nobody takes it from under them."""

from __future__ import annotations

import os
import socket
import time
import uuid

from pydantic import BaseModel, ConfigDict, ValidationError

from minicoil.errors import ObjectNotFoundError
from tasks.object_store import ObjectStore

LEASE_SECONDS = 600.0  # a reader announces itself again well within it; one that died is forgotten after it


class Reader(BaseModel):
    """One process that follows a channel.

    Attributes:
        name: Host, process number and a random part.
        release: What it serves right now.
        until: Seconds since 1970; past it the reader counts as gone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    channel: str
    release: int
    until: float


def new_reader_name() -> str:
    """A name for this process: where it runs can be seen from it."""
    host = "".join(c if c.isalnum() or c == "-" else "-" for c in socket.gethostname())[:40]
    return f"{host}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def announce_reader(store: ObjectStore, name: str, channel: str, release: int) -> Reader:
    """Say that `name` serves `release` of `channel` for the next ten minutes."""
    reader = Reader(name=name, channel=channel, release=release, until=time.time() + LEASE_SECONDS)
    store.write(_key(name), reader.model_dump_json().encode())
    return reader


def withdraw_reader(store: ObjectStore, name: str) -> None:
    """Say that `name` has gone."""
    store.delete(_key(name))


def list_readers(store: ObjectStore, channel: str | None = None) -> list[Reader]:
    """Readers whose lease has not run out, of one channel or of all, by name."""
    readers = []
    for entry in store.list("readers/"):
        try:
            reader = Reader.model_validate_json(store.read(entry.key))
        except (ObjectNotFoundError, ValidationError):  # gone meanwhile, or not ours
            continue
        if reader.until >= time.time() and channel in (None, reader.channel):
            readers.append(reader)
    return sorted(readers, key=lambda reader: reader.name)


def _key(name: str) -> str:
    return f"readers/{name}.json"
