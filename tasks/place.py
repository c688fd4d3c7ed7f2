"""Where one command works: its home folder, its object store, its Qdrant. Small, printable, free of secrets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from minicoil.errors import UsageError
from tasks.points import PointStore, open_points
from tasks.settings import Settings, has_secret
from tasks.store import ObjectStore, open_store


@dataclass(frozen=True)
class Place:
    """Addresses that every task opens its own clients from.

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
        settings = Settings(home=folder)
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
        """A client of the object store."""
        return open_store(self.store_url, Settings(home=self.home))

    def points(self) -> PointStore:
        """A client of the Qdrant engine; close it, or use it as a context manager."""
        settings = Settings(home=self.home)
        key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None
        return open_points(self.home, self.qdrant_url, key, settings.qdrant_timeout_seconds)

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
