"""What a release says of itself: files with their digests, its parent, facts. Anybody may have written it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from minicoil.files import Bytes, Release, ReleaseOrEmpty

MANIFEST_VERSION = 1
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
