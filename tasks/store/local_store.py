"""Object storage in a folder: atomic renames, and compare-and-swap under a lock the kernel releases."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from minicoil.errors import ConflictError, ObjectNotFoundError, StoreError
from tasks.disk import lock_file, way_out
from tasks.store.object_store import Like, ObjectInfo, aside_key

_PART = ".part-"
_DOCUMENT = ".json"


class LocalStore:
    """An `ObjectStore` in a folder; an object is a file of the same name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = folder.as_uri()

    def _path(self, key: str) -> Path:
        path = self.folder / key
        if not key or "\0" in key or ".." in Path(key).parts or Path(key).is_absolute():
            raise StoreError(f"'{key}' is no key of an object; keys are relative and stay inside the store")
        return path

    def read(self, key: str) -> bytes:
        return self.read_tagged(key)[0]

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        try:
            data = self._path(key).read_bytes()
        except OSError as error:
            raise self._unreadable(key, error) from error
        return data, _tag(data)

    def _unreadable(self, key: str, error: OSError) -> StoreError:
        """Why an object cannot be read: not there, or something else stands in its place."""
        path = self._path(key)
        if path.is_symlink() and not path.exists():
            return StoreError(f"{self.url}/{key} is a link to nothing ({os.readlink(path)})")
        if path.is_dir() and path.suffix == _DOCUMENT:
            return StoreError(f"{self.url}/{key} is a folder where a file belongs")
        if isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
            return ObjectNotFoundError(f"{self.url}/{key} was not found")
        return StoreError(f"{self.url}/{key} cannot be read: {error.strerror}")

    def write(self, key: str, data: bytes, *, if_tag: str | None = None, if_absent: bool = False) -> str:
        path = self._path(key)
        with self._locked():
            found = self._found(key)
            if if_absent and found is not None:
                raise ConflictError(f"{self.url}/{key} exists already")
            if if_tag is not None and found != if_tag:
                raise ConflictError(f"{self.url}/{key} was changed by somebody else meanwhile")
            with self._fresh(path) as part:
                part.write_bytes(data)
        return _tag(data)

    def _found(self, key: str) -> str | None:
        """The tag of what is there, None where nothing is."""
        try:
            return self.read_tagged(key)[1]
        except ObjectNotFoundError:
            return None

    def upload(self, key: str, path: Path, sha256: str, like: Like | None = None) -> int:
        with self._fresh(self._path(key)) as part:
            shutil.copyfile(path, part)
            with part.open("rb") as file:
                arrived = hashlib.file_digest(file, "sha256").hexdigest()
            if arrived != sha256:
                raise StoreError(f"{path} arrived damaged at {self.url}/{key}, or changed meanwhile; run it again")
        return path.stat().st_size

    def download(self, key: str, path: Path) -> None:
        try:
            shutil.copyfile(self._path(key), path)
        except OSError as error:
            if error.filename == str(self._path(key)):
                raise self._unreadable(key, error) from error
            raise StoreError(f"{self.url}/{key} cannot be copied to {path}: {error}") from error

    def copy(self, source: str, target: str) -> None:
        with self._fresh(self._path(target)) as part:
            self.download(source, part)

    def digest(self, key: str) -> str:
        try:
            with self._path(key).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise self._unreadable(key, error) from error

    def stat(self, key: str) -> ObjectInfo | None:
        path = self._path(key)
        return _info(key, path) if path.is_file() else None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        # an S3 prefix may end inside a name; the folder part narrows the walk
        base = self.folder / prefix.rpartition("/")[0]
        below = base.rglob("*") if base.is_dir() else ()
        found = ((path.relative_to(self.folder).as_posix(), path) for path in below)
        for key, path in sorted(found):  # as S3 orders them: "a.json" before "a/b", unlike paths
            if key.startswith(prefix) and _is_object(key, path) and _PART not in path.name and path.name != ".lock":
                yield _info(key, path)

    def set_aside(self, key: str) -> str:
        path, aside = self._path(key), aside_key(key)
        target = self._path(aside)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)  # whatever it is: a file, a folder, a link to nothing
        except OSError as error:
            raise StoreError(f"{self.url}/{key} cannot be moved to {aside}: {error.strerror}") from error
        return aside

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{self.url}/{key} cannot be removed: {error.strerror}") from error
        for parent in path.parents:
            if parent == self.folder:
                break
            try:
                parent.rmdir()
            except OSError:
                break  # not empty

    def drop_unfinished(self, older_than_seconds: float, dry_run: bool = False) -> int:
        before, n_dropped = time.time() - older_than_seconds, 0
        for part in self.folder.rglob(f"*{_PART}*") if self.folder.is_dir() else ():
            if part.is_file() and part.stat().st_mtime < before:
                n_dropped += 1
                if not dry_run:
                    self.delete(part.relative_to(self.folder).as_posix())
        return n_dropped

    def local_path(self, key: str) -> Path | None:
        return self._path(key)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                stack.enter_context(lock_file(self.folder / ".lock", patience_seconds=None))
            except OSError as error:
                raise StoreError(f"{self.url} cannot be written: {error}; {way_out(error)}") from error
            yield

    @contextmanager
    def _fresh(self, path: Path) -> Iterator[Path]:
        """A temporary sibling that becomes `path` when the body ends well, and is on disk by then."""
        part = path.with_name(f"{path.name}{_PART}{uuid.uuid4().hex}")
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            yield part
            with part.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(part, path)
        except OSError as error:
            raise StoreError(f"{self.url}: {path.name} cannot be written: {error}; {way_out(error)}") from error
        finally:
            with suppress(OSError):  # not there; or a file stands where its folder would be, which was said already
                part.unlink()


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _is_object(key: str, path: Path) -> bool:
    """Whether an object is here, or something in its place: that cannot be read, and must not be overlooked.

    Only reports have folders that are called by other people's names.
    """
    if path.is_symlink() and not path.exists():
        return True
    return path.is_file() or (path.suffix == _DOCUMENT and path.is_dir() and not key.startswith("reports/"))


def _info(key: str, path: Path) -> ObjectInfo:
    status = path.lstat() if path.is_symlink() and not path.exists() else path.stat()
    return ObjectInfo(key, status.st_size, f"{status.st_mtime_ns}-{status.st_size}")
