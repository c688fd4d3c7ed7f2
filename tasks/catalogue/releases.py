"""Immutable, numbered model folders in object storage; the manifest, written last, is the commit."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from minicoil.errors import (
    ConflictError,
    ObjectNotFoundError,
    ReleaseError,
    StoreError,
    StoreUnavailableError,
    UsageError,
)
from minicoil.files import replacing_folder, write_json
from minicoil.folder import file_digest
from tasks.catalogue.manifest import (
    MANIFEST,
    MANIFEST_VERSION,
    FileEntry,
    Manifest,
    content_digest,
    read_manifest,
    read_sound,
    release_key,
    write_manifest,
)
from tasks.progress import progress
from tasks.store import DamageError, Like, ObjectStore, read_document, write_document

REPORT = "report.html"  # where a release was judged
CLAIM = ".claim"
BLOCK_BYTES = 5 * 2**20  # the smallest part that S3 copies
_NUMBER = re.compile(r"releases/(\d+)/manifest\.json")


def release_numbers(store: ObjectStore) -> list[int]:
    """Numbers of complete releases, ascending."""
    matches = (_NUMBER.fullmatch(entry.key) for entry in store.list("releases/"))
    return sorted(int(match.group(1)) for match in matches if match)


def claim_release(store: ObjectStore) -> int:
    """The next free number, ours from now on; one that is never published is skipped for ever."""
    return _claim(store, release_numbers(store))


@dataclass(frozen=True)
class Publication:
    """A release, and what publishing it moved.

    Attributes:
        uploaded_bytes: Travelled to the store; 0 where the release was there already.
        copied_bytes: Taken from the parent inside the store.
    """

    manifest: Manifest
    uploaded_bytes: int = 0
    copied_bytes: int = 0

    @property
    def release(self) -> int:
        """Its number."""
        return self.manifest.release


def publish_release(
    store: ObjectStore, folder: Path, parent: int | None, facts: Mapping[str, Any], number: int | None = None
) -> Publication:
    """Publish a folder as a release.

    A folder whose content is a complete release already is not published again. Files that the parent has, and the
    unchanged stretch of those that grew, are copied inside the store where it can. Killed at any point, it leaves a
    claimed number without manifest, which nobody ever reads.

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
    files = {path.relative_to(folder).as_posix(): describe_file(path) for path in paths}
    digest = content_digest(files, parent, facts)
    known = release_numbers(store)
    for earlier in reversed(known[-20:]):
        manifest = read_sound(store, earlier)
        if manifest is not None and manifest.content_digest == digest:
            return Publication(manifest)
    number = _claim(store, known) if number is None else number
    grown_from = read_manifest(store, parent) if parent is not None else None
    uploaded = 0
    with progress("publishing", sum(entry.size_bytes for entry in files.values()), "bytes") as advance:
        for path, entry in files.items():
            old = grown_from.files.get(path) if grown_from else None
            if old is not None and parent is not None and old.sha256 == entry.sha256:
                store.copy(release_key(parent, path), release_key(number, path))
            else:
                like = None
                if old is not None and parent is not None:
                    like = unchanged_stretch(folder / path, old, release_key(parent, path))
                uploaded += store.upload(release_key(number, path), folder / path, entry.sha256, like)
            advance(entry.size_bytes)
    for path, entry in files.items():
        arrived = store.stat(release_key(number, path))
        if arrived is None or arrived.size_bytes != entry.size_bytes:
            raise ReleaseError(f"{path} of release {number} is not whole in {store.url}; run the same command again")
    published = Manifest(
        release=number,
        parent=parent,
        ancestors=() if grown_from is None else (*grown_from.ancestors, grown_from.release),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        content_digest=digest,
        files=files,
        facts=dict(facts),
    )
    write_manifest(store, published)
    total = sum(entry.size_bytes for entry in files.values())
    return Publication(published, uploaded, total - uploaded)


def describe_file(path: Path) -> FileEntry:
    """Size and digests of a file, read once."""
    whole, blocks, size = hashlib.sha256(), [], 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            whole.update(block)
            blocks.append(hashlib.sha256(block).hexdigest())
            size += len(block)
    return FileEntry(sha256=whole.hexdigest(), size_bytes=size, blocks=tuple(blocks) if len(blocks) > 1 else ())


def unchanged_stretch(path: Path, old: FileEntry, source: str) -> Like | None:
    """The longest run of blocks that `path` has in common with its earlier state at `source`, None where none is."""
    best, start = (0, 0), 0
    with path.open("rb") as file:
        for place, digest in enumerate(old.blocks):
            length = min(BLOCK_BYTES, old.size_bytes - place * BLOCK_BYTES)
            if hashlib.sha256(file.read(length)).hexdigest() != digest:
                start = (place + 1) * BLOCK_BYTES
            elif place * BLOCK_BYTES + length - start > best[1] - best[0]:
                best = (start, place * BLOCK_BYTES + length)
    return Like(source, *best) if best[1] else None


def _claim(store: ObjectStore, known: list[int]) -> int:
    claimed = {int(entry.key.split("/")[1]) for entry in store.list("releases/") if entry.key.split("/")[1].isdecimal()}
    number = max([0, *known, *claimed]) + 1
    while True:
        try:
            claim = {"nonce": os.urandom(8).hex(), "at": time.time()}
            store.write(release_key(number, CLAIM), write_json(claim).encode(), if_absent=True)
            return number
        except ConflictError:
            number += 1


def pull_release(store: ObjectStore, number: int, folder: Path) -> Path:
    """Copy a release into `folder`, every file checked; a folder that is there and whole is left alone.

    Raises:
        ReleaseError: a file is missing or is not what the manifest says; nothing is left behind.
    """
    manifest = read_manifest(store, number)
    if _is_whole(folder, manifest):
        return folder
    with replacing_folder(folder) as part:
        with (
            progress(f"pulling release {number}", len(manifest.files), "files") as advance,
            ThreadPoolExecutor(4) as pool,
        ):
            for _ in pool.map(lambda item: _fetch(store, number, part, *item), manifest.files.items()):
                advance(1)
        (part / MANIFEST).write_bytes(write_document(manifest))
    return folder


def folder_to_fill(directory: str) -> Path:
    """The absolute path of a folder that a release may be pulled into.

    Raises:
        UsageError: it holds something else.
    """
    folder = Path(directory).expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / MANIFEST).exists())):
        raise UsageError(f"{folder} exists and is no release; give a folder that is empty or does not exist")
    return folder


def _fetch(store: ObjectStore, number: int, part: Path, path: str, entry: FileEntry) -> None:
    target = part / path
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        store.download(release_key(number, path), target)
    except ObjectNotFoundError as error:
        raise ReleaseError(f"{path} of release {number} is missing in {store.url}; restore it or roll back") from error
    except StoreUnavailableError:
        raise
    except StoreError as error:
        raise ReleaseError(f"{path} of release {number} is damaged: {error}; restore it or roll back") from error
    if target.stat().st_size != entry.size_bytes or file_digest(target) != entry.sha256:
        raise ReleaseError(
            f"{path} of release {number} is damaged in {store.url}; restore it from a backup or roll back"
        )


def _is_whole(folder: Path, manifest: Manifest) -> bool:
    """By manifest and sizes; hashes were checked when it was pulled."""
    try:
        found = read_document(Manifest, (folder / MANIFEST).read_bytes(), str(folder), MANIFEST_VERSION)
        if found.content_digest != manifest.content_digest:
            return False
        return all((folder / path).stat().st_size == entry.size_bytes for path, entry in manifest.files.items())
    except (OSError, DamageError):
        return False


def verify_release(store: ObjectStore, number: int) -> list[str]:
    """Problems found by reading and hashing every file again; empty where there are none."""
    manifest = read_manifest(store, number)
    problems = []
    with progress(
        f"verifying release {number}", sum(e.size_bytes for e in manifest.files.values()), "bytes"
    ) as advance:
        for path, entry in manifest.files.items():
            try:
                if store.digest(release_key(number, path)) != entry.sha256:
                    problems.append(f"{path} is damaged")
            except ObjectNotFoundError:
                problems.append(f"{path} is missing")
            except StoreUnavailableError:
                raise
            except StoreError as error:
                problems.append(f"{path} is damaged: {error}")
            advance(entry.size_bytes)
    return problems


def open_release(store: ObjectStore, number: int, cache: Path) -> Path:
    """A working folder of a release: in place where the store is on this machine, else pulled into `cache`.

    qdrant-client and FastEmbed cache loaded models by path, so every release has a folder name of its own.
    """
    place = store.local_path(release_key(number))
    if place is not None:
        for path, entry in read_manifest(store, number).files.items():
            file = place / path
            if not file.is_file() or file.stat().st_size != entry.size_bytes:
                raise ReleaseError(
                    f"{file} is missing or not the {entry.size_bytes:,} bytes that were published; restore it from a "
                    "backup, or roll back"
                )
        return place
    name = hashlib.sha256(store.url.encode()).hexdigest()[:12]
    return pull_release(store, number, cache / "releases" / name / f"release-{number}")


def language_of(store: ObjectStore, number: int) -> str:
    """ISO 639 code of the texts that a release is for."""
    return str(read_manifest(store, number).facts.get("language", "en"))


def language_fact(code: str) -> dict[str, str]:
    """What a release's manifest says of its language: of English nothing, as before there were others."""
    return {} if code == "en" else {"language": code}


def role_model_of(store: ObjectStore, number: int) -> str | None:
    """The role model that a release's words were trained on, or those it grew from; None where nobody said.

    A release that only removes words, or that was made elsewhere, says nothing of its own.
    """
    parent: int | None = number
    while parent:
        manifest = read_manifest(store, parent)
        if (found := manifest.facts.get("role_model")) is not None:
            return str(found)
        parent = manifest.parent
    return None
