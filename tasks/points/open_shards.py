"""The shards of a home that are open, each merged a little at a time.

Points are written to one segment, which the engine merges into others when it is told to: all that was written since,
at once, in its own memory, much of which it keeps until the shard is closed (docs/benchmarks.md, "Merging").
So whoever writes much is made to merge every few thousand points, into segments of bounded size, and the shard is
opened anew.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from minicoil.errors import CollectionError, EngineUnavailableError
from tasks.points.conversion import indexed_fields, to_index
from tasks.points.purging import MERGED_POINTS, SHARD, copy_shard, settle_shard, swap_shard
from tasks.points.records import CollectionSchema
from tasks.points.reshaping import settle_vectors

# The engine counts what was overwritten in IDF until it is vacuumed; by default it would leave a fifth of it.
STALE_SHARE, STALE_POINTS = 0.001, 100
_STALE_MEANWHILE = 0.5  # while more is to be written: each segment would be written anew for every few of its points
_SEGMENT_KB = 64 * 1024  # vectors of a segment at most, some 50,000 points
_SEGMENTS = 8  # more than these are merged, the smallest first


class OpenShards:
    """Shards by collection, opened when they are first asked for; for one thread at a time.

    Args:
        folder: Of all collections.
        schema_of: The schema of a collection that is there.
    """

    def __init__(self, folder: Path, schema_of: Callable[[str], CollectionSchema]) -> None:
        self._folder, self._schema_of = folder, schema_of
        self._shards: dict[str, Any] = {}
        self._written: Counter[str] = Counter()  # since the last merge
        self._meanwhile: set[str] = set()  # opened to be written on

    def create(self, name: str, schema: CollectionSchema) -> None:
        """A shard in the collection's folder, which has none."""
        folder = self._folder / name / SHARD
        folder.mkdir(parents=True)
        self._shards[name] = _create(folder, schema)
        self._written.pop(name, None)  # of one of that name that was dropped

    def get(self, name: str) -> Any:
        """The engine's shard of a collection that is there.

        Raises:
            CollectionError: it does not open.
            EngineUnavailableError: another process has it open.
        """
        if name not in self._shards:
            self._load(name, STALE_SHARE)
        return self._shards[name]

    def note_written(self, name: str, n: int) -> None:
        """Merge, where so many points have been written since the last time."""
        self._written[name] += n
        if self._written[name] >= MERGED_POINTS:
            self.close(name)
            self._load(name, _STALE_MEANWHILE)
            self._meanwhile.add(name)
            self._merge(name)

    def merge(self, name: str) -> None:
        """Merge what has been written, and write every segment anew that holds what was overwritten."""
        if name in self._meanwhile:
            self.close(name)
        self.get(name)
        if self._merge(name) and self._shards[name].info().points_count >= MERGED_POINTS:
            self.close(name)

    def _merge(self, name: str) -> bool:
        """Whether there was anything to merge."""
        self._written[name] = 0
        return bool(self._shards[name].optimize())

    def purge(self, name: str) -> None:
        """Put a copy of what is alive in the place of a shard."""
        shard, schema, folder = self.get(name), self._schema_of(name), self._folder / name
        copy_shard(folder, shard, lambda new: _create(new, schema), lambda new: _load(new, schema, STALE_SHARE))
        self.close(name)
        swap_shard(folder)

    def close(self, name: str) -> None:
        """Close one shard, if it is open; it is opened again by whoever asks for it."""
        shard = self._shards.pop(name, None)
        self._meanwhile.discard(name)
        if shard is not None:
            shard.close()
            give_back_memory()

    def close_all(self) -> None:
        """Close every shard."""
        for name in list(self._shards):
            self.close(name)

    def _load(self, name: str, stale_share: float) -> None:
        folder = self._folder / name
        try:
            shard, schema = settle_shard(folder), self._schema_of(name)
            settle_vectors(shard, schema)
            self._shards[name] = _load(shard, schema, stale_share)
        except Exception as error:  # the engine has one kind for everything
            if "WouldBlock" in str(error):
                raise EngineUnavailableError(
                    f"the shard of collection '{name}' is open in another process; run the same again when it has ended"
                ) from error
            raise CollectionError(
                f"the shard of collection '{name}' does not open ({error}): it is damaged, or another version of the "
                f"engine wrote it; restore {folder} from a copy, or remove that folder and index the corpus anew"
            ) from error


def give_back_memory() -> None:
    """Return freed memory to the system, which glibc keeps otherwise; nothing elsewhere."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _create(folder: Path, schema: CollectionSchema) -> Any:
    shard = edge.EdgeShard.create(str(folder), _config(schema, STALE_SHARE))
    for name, kind in indexed_fields(schema):
        shard.update(edge.UpdateOperation.create_field_index(name, to_index(kind)))
    return shard


def _load(folder: Path, schema: CollectionSchema, stale_share: float) -> Any:
    return edge.EdgeShard.load(str(folder), _config(schema, stale_share))


def _config(schema: CollectionSchema, stale_share: float) -> Any:
    """How a shard of this shape is kept, the same whenever it is opened but for what is vacuumed."""
    flat = edge.HnswIndexConfig(m=0, ef_construct=16, full_scan_threshold=10)
    dense = {
        name: edge.EdgeVectorParams(size=size, distance=edge.Distance.Cosine, hnsw_config=flat)
        for name, size in schema.dense.items()
    }
    sparse = {name: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf) for name in schema.sparse}
    merging = edge.EdgeOptimizersConfig(
        deleted_threshold=stale_share,
        vacuum_min_vector_number=STALE_POINTS,
        default_segment_number=_SEGMENTS,
        max_segment_size=_SEGMENT_KB,
    )
    # without the WAL there is no lock, and kill -9 loses everything since the last flush
    return edge.EdgeConfig(dense, sparse, wal_enabled=True, optimizers=merging)
