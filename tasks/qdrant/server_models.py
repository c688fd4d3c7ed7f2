"""Our records as qdrant-client's models, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from minicoil.sparse import SparseVector, as_indices
from tasks.points import CollectionShape, Point, PointFilter, PointId, Vector
from tasks.qdrant.server_bounds import batches


def to_fields(payload: bool | Sequence[str]) -> Any:
    """Which payload fields to return: all, none, or these."""
    return payload if isinstance(payload, bool) else list(payload)


def to_model(vector: Vector) -> Any:
    """A vector for the client."""
    if isinstance(vector, SparseVector):
        return models.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())
    return vector.tolist()


def from_model(row: Any) -> Point:
    """A point from what a retrieval or a scroll returned; of unnamed and multi-vectors only what is plain."""
    vectors: dict[str, Vector] = {}
    held = row.vector if isinstance(row.vector, dict) else {"": row.vector} if row.vector else {}
    for name, value in held.items():
        if isinstance(value, models.SparseVector):
            vectors[name] = SparseVector(as_indices(value.indices), np.asarray(value.values, np.float32))
        else:
            vectors[name] = np.asarray(value, dtype=np.float32)
    return Point(plain_id(row.id), row.payload or {}, vectors)


def to_shape(info: Any) -> CollectionShape:
    """The shape of a collection from what the server says of it."""
    params = info.config.params
    dense = params.vectors if isinstance(params.vectors, dict) else {"": params.vectors} if params.vectors else {}
    sparse = {name: entry.modifier == models.Modifier.IDF for name, entry in (params.sparse_vectors or {}).items()}
    optimizer = info.config.optimizer_config
    return CollectionShape(
        {name: entry.size for name, entry in dense.items()},
        sparse,
        tuple(info.payload_schema),
        params.shard_number or 1,
        optimizer.deleted_threshold,
        optimizer.vacuum_min_vector_number,
        tuple(name for name, entry in dense.items() if entry.distance == models.Distance.COSINE),
    )


def plain_id(value: Any) -> PointId:
    """An integer, or the string of a UUID."""
    return value if isinstance(value, int) else str(value)


def to_filter(where: PointFilter | None, with_slice: bool = True, n_values: int | None = None) -> models.Filter | None:
    """The client's filter of our conditions.

    Args:
        where: The conditions.
        with_slice: False leaves the slice out, where the server knows none.
        n_values: Most values or ids that one condition may hold; more are divided.
    """
    if where is None:
        return None
    make = models.FieldCondition
    must: list[Any] = []
    for key, values in where.any_of.items():
        parts = [make(key=key, match=models.MatchAny(any=list(some))) for some in _divided(values, n_values)]
        must.append(_any(parts))
    must += [make(key=k, match=models.MatchTextAny(text_any=" ".join(words))) for k, words in where.text_any.items()]
    must += [make(key=key, match=models.MatchValue(value=value)) for key, value in where.equal.items()]
    must += [models.IsEmptyCondition(is_empty=models.PayloadField(key=key)) for key in where.missing]
    if where.ids is not None:
        must.append(_any([models.HasIdCondition(has_id=list(some)) for some in _divided(where.ids, n_values)]))
    if where.has is not None:
        must.append(models.HasVectorCondition(has_vector=where.has))
    if where.slice is not None and with_slice:
        index, total = where.slice
        must.append(models.SliceCondition(slice=models.Slice(total=total, index=index)))
    must_not: list[Any] = [make(key=k, match=models.MatchValue(value=v)) for k, v in where.not_equal.items()]
    if where.lacks is not None:
        must_not.append(models.HasVectorCondition(has_vector=where.lacks))
    return models.Filter(must=must or None, must_not=must_not or None) if must or must_not else None


def _divided(values: Sequence[Any], n_values: int | None) -> list[Sequence[Any]]:
    return [values] if n_values is None or len(values) <= n_values else list(batches(values, n_values))


def _any(conditions: list[Any]) -> Any:
    return conditions[0] if len(conditions) == 1 else models.Filter(should=conditions)
