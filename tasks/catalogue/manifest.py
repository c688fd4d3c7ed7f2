"""What a release says of itself: files and digests, parent, facts; where that lies. Anybody may have written it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from minicoil.errors import DamagedReleaseError, ReleaseError
from minicoil.files import BundleLayout, Bytes, Release, ReleaseOrEmpty
from tasks.store import DamageError, Documents, ObjectStore, read_document

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1
IMPORTANCE = BundleLayout(Path()).importance.name
_LONGEST_NAME = 255  # bytes, on every file system that people have
_LONGEST_PATH = 1000


def check_inside(path: str) -> str:
    """The path, where it names one file below the release's folder on every system, and nothing else.

    Raises:
        ValueError: it is absolute, leads upwards, has another system's separators, control characters, a name that is
            too long, or is not written in its one plain way ("a/./b", "a//b", "a/").
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or any(c in "\\:" or ord(c) < 32 or ord(c) == 127 for c in path):
        raise ValueError(f"path {path[:100]!r} leads outside the release, or is not a plain path")
    if len(path) > _LONGEST_PATH or any(len(part.encode("utf-8", "replace")) > _LONGEST_NAME for part in parts):
        raise ValueError(f"path {path[:100]!r}... is too long")
    return path


class FileEntry(BaseModel):
    """One file of a release; `blocks` are digests of its `BLOCK_BYTES` pieces, of files larger than one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size_bytes: Bytes
    blocks: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = ()


class Manifest(BaseModel):
    """What a release is; its presence makes the release exist."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=1, le=MANIFEST_VERSION)] = MANIFEST_VERSION
    release: Release
    parent: Release | None
    ancestors: tuple[ReleaseOrEmpty, ...] = ()
    created_at: str
    content_digest: str
    files: dict[Annotated[str, AfterValidator(check_inside)], FileEntry]
    facts: dict[str, Any]

    @model_validator(mode="after")
    def _check_tree(self) -> Self:
        """No file may stand where another one's folder must."""
        folders = {str(parent) for path in self.files for parent in PurePosixPath(path).parents}
        if both := folders.intersection(self.files):
            raise ValueError(f"path '{min(both)}' is a file and a folder at once")
        return self


def content_digest(files: Mapping[str, FileEntry], parent: int | None, facts: Mapping[str, Any]) -> str:
    """Digest of what a release is: its files, what it grew from, its facts."""
    document = [{path: files[path].sha256 for path in sorted(files)}, parent, facts]
    return hashlib.sha256(json.dumps(document, sort_keys=True, default=str, allow_nan=False).encode()).hexdigest()


def release_key(number: int, path: str = "") -> str:
    """Key of a release's file, or of its folder."""
    return f"releases/{number}/{path}" if path else f"releases/{number}"


def _what_is_wrong(manifest: Manifest, number: str) -> str | None:
    digest = content_digest(manifest.files, manifest.parent, manifest.facts)
    is_ours = manifest.release == int(number) and manifest.content_digest == digest
    return None if is_ours else "was changed after publishing"


_MANIFESTS = Documents(
    Manifest,
    MANIFEST_VERSION,
    "releases/",
    f"/{MANIFEST}",
    title=lambda number: f"the manifest of release {number}",
    names_address=False,
    way_out=lambda number: "restore it from a backup; `minicoil release list` shows the others",
    damaged=DamagedReleaseError,
    newer=ReleaseError,
    stray=_what_is_wrong,
)


def read_manifest(store: ObjectStore, number: int) -> Manifest:
    """The manifest of a complete release.

    Raises:
        ReleaseError: there is none, or a newer version of this program wrote it.
        DamagedReleaseError: it was damaged, or edited by hand.
    """
    return _found(_MANIFESTS.find(store, str(number)), store, number)


def _found(manifest: Manifest | None, store: ObjectStore, number: int) -> Manifest:
    if manifest is None:
        raise ReleaseError(f"release {number} was not found in {store.url}; `minicoil release list` shows them")
    return manifest


def parse_manifest(data: bytes, what: str) -> Manifest:
    """A manifest that came by another way than a store of ours, checked against itself.

    Args:
        data: Its JSON.
        what: As messages call it.

    Raises:
        ReleaseError: a newer version of this program wrote it.
        DamagedReleaseError: it is damaged, or was edited by hand.
    """
    try:
        manifest = read_document(Manifest, data, what, MANIFEST_VERSION, "push the release again")
    except DamageError as error:
        raise (ReleaseError if error.is_newer else DamagedReleaseError)(str(error)) from error
    if wrong := _what_is_wrong(manifest, str(manifest.release)):
        raise DamagedReleaseError(f"{what} {wrong}; push the release again")
    return manifest


def change_manifest(store: ObjectStore, number: int, change: Callable[[Manifest], Manifest]) -> Manifest:
    """Change what a release says of itself by compare-and-swap; what it says then.

    Raises:
        ReleaseError: as for `read_manifest`.
    """
    return _MANIFESTS.change(store, str(number), lambda found: change(_found(found, store, number)))


def importance_of(store: ObjectStore, number: int) -> str:
    """Digest of the importance that a release carries; "" where it carries none, as the empty model 0.

    Raises:
        ReleaseError: as for `read_manifest`.
    """
    entry = read_manifest(store, number).files.get(IMPORTANCE) if number else None
    return "" if entry is None else entry.sha256  # which is what `minicoil.importance` takes for its digest


def read_sound(store: ObjectStore, number: int) -> Manifest | None:
    """The manifest of a release; None where it is damaged, which is told once, or gone meanwhile."""
    return _MANIFESTS.find_sound(store, str(number))


def write_manifest(store: ObjectStore, manifest: Manifest) -> None:
    """Commit a release whose files are all there.

    Raises:
        ConflictError: it has a manifest already.
    """
    _MANIFESTS.write(store, str(manifest.release), manifest, if_absent=True)
