"""Where one command works: its home folder, its object store, its Qdrant. Small, printable, free of secrets."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from minicoil.errors import UsageError
from tasks.points import PointStore, wake_engine
from tasks.qdrant import SharedPoints, open_points
from tasks.settings import has_secret, settings_at
from tasks.store import ObjectStore, open_store, outside_settings


class _Clients:
    """What a place has opened in one process, and the settings that each was made with."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.objects: tuple[object, ObjectStore] | None = None
        self.points: tuple[object, SharedPoints] | None = None


@dataclass(frozen=True)
class Place:
    """Addresses that every task works at, with clients that are made once and shared by all threads of this process.

    A run makes one place, so it has one client of the object store and asks it once what it can do. A copy, such as
    one that went to a worker process, takes addresses along and makes its own clients from the settings there; so does
    a forked child, and whoever finds that addresses, secrets or time-outs in the environment are others by now.

    Attributes:
        home: Absolute folder of embedded shards, caches, work files and, by default, the object store.
        store_url: `file:///path` or `s3://bucket/prefix`.
        qdrant_url: Address of a server, or None for the embedded engine under `home`.
    """

    home: Path
    store_url: str
    qdrant_url: str | None = None

    @staticmethod
    def at(home: Path | str, store_url: str | None = None, qdrant_url: str | None = None) -> Place:
        """The place at `home`, what is not said filled in from the environment (`MINICOIL_STORE`, ...).

        Raises:
            UsageError: an address carries a secret.
        """
        folder = Path(home).expanduser().absolute()
        settings = settings_at(folder)
        place = Place(folder, store_url or settings.store_url, qdrant_url or settings.qdrant_url)
        for name, address in (("store", place.store_url), ("qdrant-url", place.qdrant_url)):
            if address is not None and has_secret(address):  # not repeated: this message is logged too
                raise UsageError(
                    f"--{name} carries a user name, password or key in its address, where it would be printed and "
                    "logged; set MINICOIL_S3_ACCESS_KEY_ID and MINICOIL_S3_SECRET_ACCESS_KEY, or "
                    "MINICOIL_QDRANT_API_KEY"
                )
        return place

    def objects(self) -> ObjectStore:
        """The client of the object store."""
        settings, clients = settings_at(self.home), self._clients
        made_with = (settings, outside_settings(self.store_url))
        with clients.lock:
            if clients.objects is None or clients.objects[0] != made_with:
                clients.objects = (made_with, open_store(self.store_url, settings))
            return clients.objects[1]

    def points(self) -> PointStore:
        """A client of the Qdrant engine; close it, or use it as a context manager.

        Whoever has one open at the same time shares it; the last one to close closes the connection.
        """
        return self._engine().lease()

    def wake_engine(self) -> None:
        """Let the embedded engine start while the caller is still at something else; a server is awake."""
        if self.qdrant_url is None:
            wake_engine(self.home)

    @contextmanager
    def one_engine(self) -> Iterator[None]:
        """Everybody who opens points in the body, one after the other too, shares a client, closed at the end."""
        leave = self._engine().hold()
        try:
            yield
        finally:
            leave()

    def _engine(self) -> SharedPoints:
        settings, clients = settings_at(self.home), self._clients
        key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None
        made_with = (key, settings.qdrant_timeout_seconds)
        with clients.lock:
            if clients.points is None or clients.points[0] != made_with:  # leases of the one before end as they will
                clients.points = (made_with, SharedPoints(partial(open_points, self.home, self.qdrant_url, *made_with)))
            return clients.points[1]

    @property
    def _clients(self) -> _Clients:
        # by process: sockets and locks that a forked child inherits are its parent's
        clients: _Clients = self.__dict__.setdefault(f"clients of {os.getpid()}", _Clients())
        return clients

    def __getstate__(self) -> dict[str, Any]:
        """Addresses alone: neither clients nor the secrets in them leave this process."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    @property
    def cache(self) -> Path:
        """Folder of things that can be made again: pulled releases, exported encoders."""
        return self.home / "cache"

    @property
    def work(self) -> Path:
        """Folder of a run's intermediate files; a run that finishes removes its own."""
        return self.home / "work"

    def work_on(self, request: str) -> Path:
        """Folder of the intermediate files of one request, by its digest: the same request run again finds them."""
        return self.work / request[:16]
