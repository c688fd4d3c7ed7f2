"""Our records as qdrant-client's models, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from minicoil.sparse import SparseVector
from tasks.points.records import CollectionShape, Point, PointFilter, PointId, Vector, VectorUpdate


def to_guard(updates: Sequence[VectorUpdate]) -> models.Filter:
    """True of the updates' own points, each as long as its payload is the one its vectors were made from."""
    return models.Filter(should=[models.Filter(must=_conditions(update)) for update in updates])


def _conditions(update: VectorUpdate) -> list[Any]:
    must: list[Any] = [models.HasIdCondition(has_id=[update.id])]
    for name, value in update.unchanged.items():
        if value is None:
            must.append(models.IsEmptyCondition(is_empty=models.PayloadField(key=name)))
        for one in value if isinstance(value, list) else [value] if value is not None else []:
            # numbers with a fraction can only be compared, not matched
            how: dict[str, Any] = (
                {"range": models.Range(gte=one, lte=one)}
                if isinstance(one, float)
                else {"match": models.MatchValue(value=one)}
            )
            must.append(models.FieldCondition(key=name, **how))
    return must


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
            vectors[name] = SparseVector(np.asarray(value.indices, np.int32), np.asarray(value.values, np.float32))
        else:
            vectors[name] = np.asarray(value, dtype=np.float32)
    return Point(plain_id(row.id), row.payload or {}, vectors)


def to_shape(info: Any) -> CollectionShape:
    """The shape of a collection from what the server says of it."""
    params = info.config.params
    dense = params.vectors if isinstance(params.vectors, dict) else {"": params.vectors} if params.vectors else {}
    sparse = {name: entry.modifier == models.Modifier.IDF for name, entry in (params.sparse_vectors or {}).items()}
    return CollectionShape({name: entry.size for name, entry in dense.items()}, sparse, tuple(info.payload_schema))


def plain_id(value: Any) -> PointId:
    """An integer, or the string of a UUID."""
    return value if isinstance(value, int) else str(value)


def to_filter(where: PointFilter | None, with_slice: bool = True) -> models.Filter | None:
    """The client's filter of our conditions; without the slice, where the server knows none."""
    if where is None:
        return None
    make = models.FieldCondition
    must: list[Any] = [make(key=key, match=models.MatchAny(any=list(values))) for key, values in where.any_of.items()]
    must += [make(key=k, match=models.MatchTextAny(text_any=" ".join(words))) for k, words in where.text_any.items()]
    must += [make(key=key, match=models.MatchValue(value=value)) for key, value in where.equal.items()]
    must += [models.IsEmptyCondition(is_empty=models.PayloadField(key=key)) for key in where.missing]
    if where.ids is not None:
        must.append(models.HasIdCondition(has_id=list(where.ids)))
    if where.slice is not None and with_slice:
        index, total = where.slice
        must.append(models.SliceCondition(slice=models.Slice(total=total, index=index)))
    must_not: list[Any] = [make(key=k, match=models.MatchValue(value=v)) for k, v in where.not_equal.items()]
    return models.Filter(must=must or None, must_not=must_not or None)
