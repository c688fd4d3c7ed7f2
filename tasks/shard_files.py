"""What all shards share: the release they are worked on with, and folders that travel as one object."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minicoil.config import SamplingConfig
from minicoil.errors import ConflictError
from tasks.bundles import Parent, open_parent
from tasks.object_store import ObjectStore
from tasks.place import Place


@dataclass(frozen=True)
class ShardModel:
    """What a shard is worked on with, wherever that is.

    Attributes:
        parent: Release that the channel serves while the shards are made; None for the empty model.
    """

    channel: str
    parent: int | None
    encoder: str
    role_model: str
    dims: int

    def open(self, place: Place, key: str) -> Parent:
        """The release that the shard at `key` was cut for.

        Raises:
            ConflictError: the channel moved since.
        """
        parent = open_parent(place, self.channel, self.encoder, self.dims)
        if parent.release != self.parent:
            raise ConflictError(
                f"{key} was cut for release {self.parent}, channel '{self.channel}' is at {parent.release} by now; "
                "run the extension again"
            )
        return parent


def sampling_from(values: Mapping[str, Any]) -> SamplingConfig:
    """The config that went through JSON, where tuples become lists."""
    read: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return SamplingConfig(**read)


def pack(folder: Path, archive: Path) -> None:
    """The files of a folder in one archive."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:  # half-precision noise does not compress
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.write(path, path.relative_to(folder).as_posix())


def unpack(store: ObjectStore, key: str, folder: Path) -> Path:
    """The archive at `key` as a folder, made anew."""
    archive = folder.with_name(folder.name + ".zip")
    archive.parent.mkdir(parents=True, exist_ok=True)
    store.download(key, archive)
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    archive.unlink()
    return folder
