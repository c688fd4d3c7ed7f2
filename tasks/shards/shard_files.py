"""What all shards share: the release they are worked on with, and folders that travel as one object."""

from __future__ import annotations

import errno
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minicoil.config import SamplingConfig
from minicoil.errors import ConflictError, StoreError, TrainingError
from minicoil.files import ZIP_ERRORS, load_array
from tasks.models import Parent, open_parent
from tasks.place import Place
from tasks.store import ObjectStore
from tasks.training import Features

_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO, errno.EMFILE}  # not of the archive


@dataclass(frozen=True)
class ShardModel:
    """What a shard is worked on with, wherever that is.

    Attributes:
        parent: Release that the channel serves while the shards are made; None for the empty model.
        encoder, dims, language: Of the empty model.
    """

    channel: str
    parent: int | None
    encoder: str
    role_model: str
    dims: int
    language: str = "en"

    def open(self, place: Place, key: str) -> Parent:
        """The release that the shard at `key` was cut for.

        Raises:
            ConflictError: the channel moved since.
        """
        parent = open_parent(place, self.channel, self.encoder, self.dims, language=self.language)
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
    """The archive at `key` as a folder, made anew.

    Raises:
        StoreError: it is damaged, and was removed.
    """
    archive = folder.with_name(folder.name + ".zip")
    archive.parent.mkdir(parents=True, exist_ok=True)
    store.download(key, archive)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
    except ZIP_ERRORS as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            raise
        raise damaged(store, key, error) from error
    finally:
        archive.unlink()
    return folder


def open_features(store: ObjectStore, key: str, folder: Path) -> Features:
    """The features in the archive at `key`, as `folder`.

    Raises:
        StoreError: they are damaged, and were removed.
    """
    unpack(store, key, folder)
    try:
        n = len(load_array(folder / "sentences" / "index.npy"))
        size = (folder / "sentences" / "embeddings.f16").stat().st_size
        return Features(folder, size // (2 * n) if n else 1)  # without an occurrence any width will do
    except (TrainingError, OSError, ValueError, TypeError) as error:
        raise damaged(store, key, error) from error


def damaged(store: ObjectStore, key: str, error: Exception) -> StoreError:
    """The error for a shard that cannot be read. It is removed: the next run would find it there and stop again."""
    store.delete(key)
    return StoreError(
        f"{store.url}/{key} is damaged ({error}); it was removed, run the same command again to make it anew"
    )


def refuse_version(store: ObjectStore, key: str, found: object, known: int) -> None:
    """Stop at a shard that another version of this program cut.

    Raises:
        ConflictError: it did; the shard stays, for those who can read it.
    """
    if found != known:
        raise ConflictError(
            f"{store.url}/{key} is a shard of version {str(found)[:40]}, this program reads version {known}; install "
            "the same version on all workers, then run the extension again"
        )
