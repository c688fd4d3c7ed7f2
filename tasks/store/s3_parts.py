"""An upload to S3 in parts: those sent from here, and those that another object has already."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tasks.store.object_store import Like, ObjectStore

SMALLEST_PART_BYTES = 5 * 2**20  # S3's rule for every part but the last
LARGEST_PART_BYTES = 2**30  # of a copied one; S3 allows five times that
PART_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Part:
    """Bytes `start` to `end` of an upload, from the file at hand or from the object `source`."""

    start: int
    end: int
    source: str | None = None


def compose_parts(size: int, like: Like) -> list[Part]:
    """Parts of an upload of `size` bytes that takes what it can from `like.source`; one part where that is nothing.

    >>> mib = 2**20
    >>> [(p.start // mib, p.end // mib, p.source) for p in compose_parts(30 * mib, Like("old", 1 * mib, 28 * mib))]
    [(0, 5, None), (5, 28, 'old'), (28, 30, None)]
    """
    start, end = max(like.start, SMALLEST_PART_BYTES if like.start else 0), min(like.end, size)
    if end - start < SMALLEST_PART_BYTES:
        return [Part(0, size)]
    parts = [Part(at, min(at + PART_BYTES, start)) for at in range(0, start, PART_BYTES)]
    if len(parts) > 1 and parts[-1].end - parts[-1].start < SMALLEST_PART_BYTES:
        parts[-2:] = [Part(parts[-2].start, parts[-1].end)]
    n_copies = -(-(end - start) // LARGEST_PART_BYTES)
    edges = [start + (end - start) * i // n_copies for i in range(n_copies + 1)]
    parts += [Part(one, other, like.source) for one, other in pairwise(edges)]
    tail = range(end, size, PART_BYTES)
    return [*parts, *(Part(at, min(at + PART_BYTES, size)) for at in tail)]


def copy_through(store: ObjectStore, source: str, target: str) -> None:
    """Copy an object by way of this machine's disk, where a store does not do it inside itself."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "object"
        store.download(source, path)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        store.upload(target, path, digest)
