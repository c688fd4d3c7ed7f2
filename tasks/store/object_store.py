"""Object storage behind one seam: a local folder or S3, with compare-and-swap."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

ASIDE = "damaged/"  # where damaged documents are kept once others took their places


@dataclass(frozen=True)
class ObjectInfo:
    """What a listing says of one object; `tag` changes with every write."""

    key: str
    size_bytes: int
    tag: str


@dataclass(frozen=True)
class Like:
    """Bytes `start` to `end` of a file are those of the object `source` at the same place."""

    source: str
    start: int
    end: int


class ObjectStore(Protocol):
    """What this service asks of object storage. Keys are relative, with slashes.

    Every method may raise `StoreUnavailableError` (worth trying again) and `StoreError` (for good).
    """

    url: str

    def read(self, key: str) -> bytes:
        """The object's bytes. Raises `ObjectNotFoundError`."""

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        """The object's bytes and tag. Raises `ObjectNotFoundError`."""

    def write(self, key: str, data: bytes, *, if_tag: str | None = None, if_absent: bool = False) -> str:
        """Write a small object at once and return its tag.

        Raises:
            ConflictError: its tag is not `if_tag` any more, or it exists in spite of `if_absent`.
        """

    def upload(self, key: str, path: Path, sha256: str, like: Like | None = None) -> int:
        """Write a file and return how many of its bytes travelled; what arrived is checked against its digests.

        Args:
            key: Where to.
            path: The file.
            sha256: Hex digest of the whole file.
            like: A stretch that another object has too, copied inside the store where it can.
        """

    def download(self, key: str, path: Path) -> None:
        """Write the object to a file, whole or not at all. Raises `ObjectNotFoundError`."""

    def copy(self, source: str, target: str) -> None:
        """Copy inside the store, without the bytes passing through here where it can."""

    def digest(self, key: str) -> str:
        """Hex sha256 of the object as it is now, read in pieces. Raises `ObjectNotFoundError`."""

    def stat(self, key: str) -> ObjectInfo | None:
        """Size and tag of the object; None where there is none."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key begins with `prefix`, by key."""

    def set_aside(self, key: str) -> str:
        """Move a damaged object out of the way, under `damaged/`, and return its new key; nothing of it is lost."""

    def delete(self, key: str) -> None:
        """Remove the object, if it is there."""

    def drop_unfinished(self, older_than_seconds: float, dry_run: bool = False) -> int:
        """Remove what writers that died in the middle of a write left, which no listing shows; how many there were."""

    def local_path(self, key: str) -> Path | None:
        """Where the object or folder lies on this machine, if it does."""


def aside_key(key: str) -> str:
    """A key of its own for what was at `key`."""
    return f"{ASIDE}{key}.{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
