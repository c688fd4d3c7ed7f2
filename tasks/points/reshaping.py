"""An embedded collection's shape changed where it stands.

A shard opens with fewer vectors named than it has, and not with more: so the shape that a collection is opened with
names a vector after it was made, and forgets it before it goes. Killed in between, the same call goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import qdrant_edge as edge

from tasks.points.conversion import indexed_fields
from tasks.points.records import CollectionSchema

Keep = Callable[[CollectionSchema], None]  # writes the shape down


def add_vectors(shard: Any, found: CollectionSchema, sparse: Sequence[str], keep: Keep) -> None:
    """Sparse vectors with IDF that an open shard lacks."""
    lacking = [name for name in sparse if name not in found.sparse]
    for name in lacking:
        shard.update(edge.UpdateOperation.create_sparse_vector(name, edge.Modifier.Idf))
    if lacking:
        shard.flush()
        keep(replace(found, sparse=(*found.sparse, *lacking)))


def remove_vectors(shard: Any, found: CollectionSchema, names: Sequence[str], keep: Keep) -> None:
    """Vectors out of an open shard, and out of its points."""
    dense = {name: size for name, size in found.dense.items() if name not in names}
    keep(replace(found, dense=dense, sparse=tuple(name for name in found.sparse if name not in names)))
    for name in names:
        shard.update(edge.UpdateOperation.delete_vector_name(name))
    shard.flush()


def remove_indexes(shard: Any, found: CollectionSchema, fields: Sequence[str], keep: Keep) -> None:
    """Payload indexes of fields."""
    there = [field for field, _ in indexed_fields(found) if field in fields]

    def left(kind: Sequence[str]) -> tuple[str, ...]:
        return tuple(field for field in kind if field not in there)

    keep(replace(found, keyword=left(found.keyword), integer=left(found.integer), text=left(found.text)))
    for field in there:
        shard.update(edge.UpdateOperation.delete_field_index(field))


def like(source: CollectionSchema, without: Collection[str], sparse: Sequence[str]) -> CollectionSchema:
    """The shape of a copy: without some vectors, and with sparse ones of its own."""
    dense = {name: size for name, size in source.dense.items() if name not in without}
    kept = [name for name in source.sparse if name not in without]
    return replace(source, dense=dense, sparse=tuple(dict.fromkeys([*kept, *sparse])))


def find_unlike(copy: CollectionSchema, source: CollectionSchema, without: Collection[str]) -> list[str]:
    """Vectors and payload indexes of a collection that its copy lacks, or has otherwise."""
    dense = [name for name, size in source.dense.items() if copy.dense.get(name) != size]
    lacking = [*dense, *(name for name in source.sparse if name not in copy.sparse)]
    indexes = set(indexed_fields(source)) - set(indexed_fields(copy))
    vectors = [f"vector '{name}'" for name in lacking if name not in without]
    return sorted([*vectors, *(f"index of '{field}'" for field, _ in indexes)])
