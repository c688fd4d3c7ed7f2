"""Immutable, numbered model folders in object storage; the manifest, written last, is the commit."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from minicoil.bundle import file_digest
from minicoil.errors import ConflictError, ObjectNotFoundError, ReleaseError
from tasks.object_store import ObjectStore
from tasks.progress import progress

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1
_NUMBER = re.compile(r"releases/(\d+)/manifest\.json")


def _inside(path: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or not path or "\0" in path or ":" in path:
        raise ValueError(f"path '{path}' leads outside the release")
    return path


class FileEntry(BaseModel):
    """One file of a release."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size_bytes: Annotated[int, Field(ge=0)]


class Manifest(BaseModel):
    """What a release is; its presence makes the release exist."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=1, le=MANIFEST_VERSION)] = MANIFEST_VERSION
    release: Annotated[int, Field(ge=1)]
    parent: int | None
    created_at: str
    content_digest: str
    files: dict[Annotated[str, AfterValidator(_inside)], FileEntry]
    facts: dict[str, Any]


def release_key(number: int, path: str = "") -> str:
    """Key of a release's file, or of its folder."""
    return f"releases/{number}/{path}" if path else f"releases/{number}"


def read_manifest(store: ObjectStore, number: int) -> Manifest:
    """The manifest of a complete release.

    Raises:
        ReleaseError: there is none, or it was damaged or edited by hand.
    """
    try:
        data = store.read(release_key(number, MANIFEST))
    except ObjectNotFoundError as error:
        raise ReleaseError(
            f"release {number} was not found in {store.url}; `minicoil release list` shows them"
        ) from error
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise ReleaseError(f"the manifest of release {number} is damaged at {where}: {problem['msg']}") from error
    if manifest.release != number or manifest.content_digest != _digest(
        manifest.files, manifest.parent, manifest.facts
    ):
        raise ReleaseError(f"the manifest of release {number} was changed after publishing; restore it from a backup")
    return manifest


def release_numbers(store: ObjectStore) -> list[int]:
    """Numbers of complete releases, ascending."""
    matches = (_NUMBER.fullmatch(entry.key) for entry in store.list("releases/"))
    return sorted(int(match.group(1)) for match in matches if match)


def claim_release(store: ObjectStore) -> int:
    """The next free number, ours from now on; one that is never published is skipped for ever."""
    return _claim(store, release_numbers(store))


def find_request(store: ObjectStore, request: str) -> Manifest | None:
    """The newest release that answered a request (fact `request`), if one did."""
    for number in reversed(release_numbers(store)):
        if (manifest := read_manifest(store, number)).facts.get("request") == request:
            return manifest
    return None


def publish_release(
    store: ObjectStore, folder: Path, parent: int | None, facts: Mapping[str, Any], number: int | None = None
) -> Manifest:
    """Publish a folder as a release and return its manifest.

    A folder whose content is a complete release already is not published again. Files that the parent has are copied
    inside the store. Killed at any point, it leaves a claimed number without manifest, which nobody ever reads.

    Args:
        store: Where to.
        folder: A complete model folder; every file in it is part of the release.
        parent: Number it grew from.
        facts: JSON for people and programs: dims, words, accuracies.
        number: One from `claim_release`; None claims the next.

    Raises:
        StoreError: an upload failed for good.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {
        path.relative_to(folder).as_posix(): FileEntry(sha256=file_digest(path), size_bytes=path.stat().st_size)
        for path in paths
    }
    digest = _digest(files, parent, facts)
    known = release_numbers(store)
    for earlier in reversed(known[-20:]):
        if (manifest := read_manifest(store, earlier)).content_digest == digest:
            return manifest
    number = _claim(store, known) if number is None else number
    inherited = read_manifest(store, parent).files if parent is not None else {}
    with progress("publishing", sum(entry.size_bytes for entry in files.values()), "bytes") as advance:
        for path, entry in files.items():
            if parent is not None and inherited.get(path) == entry:
                store.copy(release_key(parent, path), release_key(number, path))
            else:
                store.upload(release_key(number, path), folder / path, entry.sha256)
            advance(entry.size_bytes)
    for path, entry in files.items():
        arrived = store.stat(release_key(number, path))
        if arrived is None or arrived.size_bytes != entry.size_bytes:
            raise ReleaseError(f"{path} of release {number} is not whole in {store.url}; run the same command again")
    manifest = Manifest(
        release=number,
        parent=parent,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        content_digest=digest,
        files=files,
        facts=dict(facts),
    )
    store.write(release_key(number, MANIFEST), manifest.model_dump_json(indent=1).encode(), if_absent=True)
    return manifest


def _claim(store: ObjectStore, known: list[int]) -> int:
    claimed = {int(entry.key.split("/")[1]) for entry in store.list("releases/") if entry.key.split("/")[1].isdigit()}
    number = max([0, *known, *claimed]) + 1
    while True:
        try:
            store.write(release_key(number, ".claim"), os.urandom(8).hex().encode(), if_absent=True)
            return number
        except ConflictError:
            number += 1


def _digest(files: Mapping[str, FileEntry], parent: int | None, facts: Mapping[str, Any]) -> str:
    document = [{path: files[path].sha256 for path in sorted(files)}, parent, facts]
    return hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()


def pull_release(store: ObjectStore, number: int, folder: Path) -> Path:
    """Copy a release into `folder`, every file checked; a folder that is there and whole is left alone.

    Raises:
        ReleaseError: a file is missing or is not what the manifest says; nothing is left behind.
    """
    manifest = read_manifest(store, number)
    if _is_whole(folder, manifest):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    try:
        with (
            progress(f"pulling release {number}", len(manifest.files), "files") as advance,
            ThreadPoolExecutor(4) as pool,
        ):
            for _ in pool.map(lambda item: _fetch(store, number, part, *item), manifest.files.items()):
                advance(1)
        (part / MANIFEST).write_text(manifest.model_dump_json(indent=1))
        if folder.exists():
            shutil.rmtree(folder)
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _fetch(store: ObjectStore, number: int, part: Path, path: str, entry: FileEntry) -> None:
    target = part / path
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        store.download(release_key(number, path), target)
    except ObjectNotFoundError as error:
        raise ReleaseError(f"{path} of release {number} is missing in {store.url}; restore it or roll back") from error
    if target.stat().st_size != entry.size_bytes or file_digest(target) != entry.sha256:
        raise ReleaseError(
            f"{path} of release {number} is damaged in {store.url}; restore it from a backup or roll back"
        )


def _is_whole(folder: Path, manifest: Manifest) -> bool:
    """By manifest and sizes; hashes were checked when it was pulled."""
    try:
        if Manifest.model_validate_json((folder / MANIFEST).read_bytes()).content_digest != manifest.content_digest:
            return False
        return all((folder / path).stat().st_size == entry.size_bytes for path, entry in manifest.files.items())
    except (OSError, ValidationError):
        return False


def verify_release(store: ObjectStore, number: int) -> list[str]:
    """Problems found by reading and hashing every file again; empty where there are none."""
    manifest = read_manifest(store, number)
    problems = []
    for path, entry in manifest.files.items():
        try:
            data = store.read(release_key(number, path))
        except ObjectNotFoundError:
            problems.append(f"{path} is missing")
            continue
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            problems.append(f"{path} is damaged")
    return problems


def open_release(store: ObjectStore, number: int, cache: Path) -> Path:
    """A working folder of a release: in place where the store is on this machine, else pulled into `cache`.

    qdrant-client and FastEmbed cache loaded models by path, so every release has a folder name of its own.
    """
    place = store.local_path(release_key(number))
    if place is not None:
        read_manifest(store, number)
        return place
    name = hashlib.sha256(store.url.encode()).hexdigest()[:12]
    return pull_release(store, number, cache / "releases" / name / f"release-{number}")
