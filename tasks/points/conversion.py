"""Our records as Edge's, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import qdrant_edge as edge

from minicoil.sparse import SparseVector, as_indices
from tasks.points.records import CollectionSchema, Point, PointFilter, PointId, Vector


def indexed_fields(schema: CollectionSchema) -> list[tuple[str, str]]:
    """Payload fields to index, each with the name of its kind."""
    return [(field, kind) for kind in ("keyword", "integer", "text") for field in getattr(schema, kind)]


def to_index(kind: str) -> Any:
    """Edge's description of a payload index."""
    if kind == "text":
        return edge.TextIndexParams(tokenizer=edge.TokenizerType.Word, lowercase=True)
    return edge.PayloadSchemaType.Keyword if kind == "keyword" else edge.PayloadSchemaType.Integer


def to_fields(payload: bool | Sequence[str]) -> bool | list[str]:
    """Which payload fields to return: all, none, or these."""
    return payload if isinstance(payload, bool) else list(payload)


def to_edge(vector: Vector) -> Any:
    """A vector for Edge."""
    if isinstance(vector, SparseVector):
        return edge.SparseVector(vector.indices.tolist(), vector.values.tolist())
    return vector.tolist()


def from_edge(record: Any) -> Point:
    """A point from what a retrieval, a scroll or a query returned."""
    vectors: dict[str, Vector] = {}
    for name, value in (record.vector or {}).items():
        if isinstance(value, edge.SparseVector):
            vectors[name] = SparseVector(as_indices(value.indices), np.asarray(value.values, np.float32))
        else:
            vectors[name] = np.asarray(value, dtype=np.float32)
    return Point(plain_id(record.id), record.payload or {}, vectors)


def plain_id(value: Any) -> PointId:
    """An integer, or the string of a UUID."""
    return value if isinstance(value, int) else str(value)


def to_filter(where: PointFilter | None) -> Any:
    """Edge's filter of our conditions."""
    if where is None:
        return None
    make: Callable[..., Any] = edge.FieldCondition
    must = [make(key, match=edge.MatchAny(list(values))) for key, values in where.any_of.items()]
    must += [make(key, match=edge.MatchTextAny(" ".join(words))) for key, words in where.text_any.items()]
    must += [make(key, match=edge.MatchValue(value)) for key, value in where.equal.items()]
    if where.ids is not None:
        must.append(edge.HasIdCondition(set(where.ids)))
    must += [edge.IsEmptyCondition(key) for key in where.missing]
    if where.has is not None:
        must.append(edge.HasVectorCondition(where.has))
    if where.slice is not None:
        index, total = where.slice
        must.append(edge.SliceCondition(total, index))  # type: ignore[attr-defined]  # the stub forgets it
    must_not: list[Any] = [make(key, match=edge.MatchValue(value)) for key, value in where.not_equal.items()]
    if where.lacks is not None:
        must_not.append(edge.HasVectorCondition(where.lacks))
    return edge.Filter(must=must or None, must_not=must_not or None)
