"""An embedded collection's shape changed where it stands.

A shard opens with exactly the vectors named that it has. So the shape that a collection is opened with names a vector
after it was made, and forgets it before it goes; what a shard has besides is left of a change that was killed, and goes
when the shard is opened. The same call goes on then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from minicoil.files import parse_json
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


def settle_vectors(folder: Path, found: CollectionSchema) -> None:
    """Take out of a shard that is not open what a change of its vectors left that was killed."""
    described = folder / "edge_config.json"
    document = parse_json(described.read_text()) if described.is_file() else {}
    there = [name for kind in ("vectors", "sparse_vectors") for name in document.get(kind) or ()]
    left = [name for name in there if name not in found.dense and name not in found.sparse]
    if left:
        shard = edge.EdgeShard.load(str(folder))  # as it says of itself
        for name in left:
            shard.update(edge.UpdateOperation.delete_vector_name(name))
        shard.flush()
        shard.close()


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
