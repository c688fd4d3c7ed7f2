"""Qdrant's engine inside this process: one Edge shard per collection, under one folder. Only the owner opens it."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as edge

from minicoil.errors import CollectionError
from minicoil.sparse import SparseVector
from tasks.points.records import (
    HASH_FIELD,
    CollectionSchema,
    Hit,
    Point,
    PointFilter,
    PointId,
    Vector,
    VectorUpdate,
    not_found,
)

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_UPSERT = 512  # points of one WAL record


class EdgeEngine:
    """Collections in a folder; every operation on one collection is serialised.

    Args:
        folder: Created if missing; at most one engine may have it open.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shards: dict[str, Any] = {}
        self._schemas: dict[str, CollectionSchema] = {}
        self._lock = threading.RLock()
        folder.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        return sorted(path.parent.name for path in self._folder.glob("*/schema.json"))

    def exists(self, name: str) -> bool:
        return (self._folder / name / "schema.json").exists()

    def ensure(self, name: str, schema: CollectionSchema) -> None:
        if not _NAME.fullmatch(name):
            raise CollectionError(f"'{name}' cannot name a collection; use letters, digits, _, . and -")
        with self._lock:
            if self.exists(name):
                found = self._schema(name)
                if found != schema:
                    raise CollectionError(f"collection '{name}' has another shape: found {found}, expected {schema}")
                return
            folder = self._folder / name
            shutil.rmtree(folder, ignore_errors=True)  # a creation that was killed before its schema was written
            (folder / "shard").mkdir(parents=True)
            self._shards[name] = self._create(folder / "shard", schema)
            part = folder / "schema.part"
            part.write_text(json.dumps(asdict(schema)))
            os.replace(part, folder / "schema.json")

    def _create(self, folder: Path, schema: CollectionSchema) -> Any:
        flat = edge.HnswIndexConfig(m=0, ef_construct=16, full_scan_threshold=10)
        dense = {
            name: edge.EdgeVectorParams(size=size, distance=edge.Distance.Cosine, hnsw_config=flat)
            for name, size in schema.dense.items()
        }
        sparse = {name: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf) for name in schema.sparse}
        # without the WAL there is no lock, and kill -9 loses everything since the last flush
        shard = edge.EdgeShard.create(str(folder), edge.EdgeConfig(dense, sparse, wal_enabled=True))
        words = edge.TextIndexParams(tokenizer=edge.TokenizerType.Word, lowercase=True)
        fields: list[tuple[str, Any]] = [(name, edge.PayloadSchemaType.Keyword) for name in schema.keyword]
        fields += [(name, edge.PayloadSchemaType.Integer) for name in schema.integer]
        fields += [(name, words) for name in schema.text]
        for name, kind in fields:
            shard.update(edge.UpdateOperation.create_field_index(name, kind))
        return shard

    def _schema(self, name: str) -> CollectionSchema:
        if name not in self._schemas:
            document = json.loads((self._folder / name / "schema.json").read_text())
            lists = {key: tuple(value) for key, value in document.items() if key != "dense"}
            self._schemas[name] = CollectionSchema(dense=document["dense"], **lists)
        return self._schemas[name]

    def _shard(self, name: str) -> Any:
        if not self.exists(name):
            raise not_found(name, self.names())
        if name not in self._shards:
            self._shards[name] = edge.EdgeShard.load(str(self._folder / name / "shard"))
        return self._shards[name]

    def drop(self, name: str) -> None:
        with self._lock:
            self._shard(name).close()
            del self._shards[name]
            self._schemas.pop(name, None)
            (self._folder / name / "schema.json").unlink()  # from here on it does not exist, whatever happens
            shutil.rmtree(self._folder / name)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        with self._lock:
            shard = self._shard(name)
            for start in range(0, len(points), _UPSERT):
                batch = [
                    edge.Point(p.id, {key: _to_edge(v) for key, v in p.vectors.items()}, dict(p.payload))
                    for p in points[start : start + _UPSERT]
                ]
                shard.update(edge.UpdateOperation.upsert_points(batch))

    def get(
        self, name: str, ids: Sequence[PointId], payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        with self._lock:
            return [_from_edge(r) for r in self._shard(name).retrieve(list(ids), _fields(payload), vectors)]

    def delete(self, name: str, ids: Sequence[PointId]) -> None:
        with self._lock:
            self._shard(name).update(edge.UpdateOperation.delete_points(list(ids)))

    def count(self, name: str, where: PointFilter | None = None) -> int:
        with self._lock:
            return int(self._shard(name).count(edge.CountRequest(exact=True, filter=_filter(where))))

    def page(
        self,
        name: str,
        where: PointFilter | None,
        payload: bool | Sequence[str],
        vectors: bool,
        offset: PointId | None,
        limit: int,
    ) -> tuple[list[Point], PointId | None]:
        """One page of a scroll in id order, and where the next one starts."""
        request = edge.ScrollRequest(
            offset=offset, limit=limit, filter=_filter(where), with_payload=_fields(payload), with_vector=vectors
        )
        with self._lock:
            records, following = self._shard(name).scroll(request)
        return [_from_edge(r) for r in records], None if following is None else _plain_id(following)

    def sample(
        self, name: str, where: PointFilter, n: int, payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        request = edge.QueryRequest(
            limit=n,
            query=edge.Sample.Random,
            filter=_filter(where),
            with_payload=_fields(payload),
            with_vector=vectors,
        )
        with self._lock:
            return [_from_edge(r) for r in self._shard(name).query(request)]

    def search(self, name: str, using: str, vector: Vector, limit: int, where: PointFilter | None = None) -> list[Hit]:
        request = edge.QueryRequest(
            limit=limit,
            query=edge.Query.Nearest(_to_edge(vector), using=using),
            filter=_filter(where),
            with_payload=True,
        )
        with self._lock:
            return [Hit(_plain_id(r.id), float(r.score), r.payload or {}) for r in self._shard(name).query(request)]

    def write_vectors(self, name: str, updates: Sequence[VectorUpdate]) -> list[PointId]:
        with self._lock:  # nobody else writes between the look and the write
            shard = self._shard(name)
            guarded = [u.id for u in updates if u.text_hash is not None]
            hashes = {p.id: p.payload.get(HASH_FIELD) for p in self.get(name, guarded, [HASH_FIELD])} if guarded else {}
            kept = [u for u in updates if u.text_hash is None or hashes.get(u.id) == u.text_hash]
            if kept:
                vectors = [edge.PointVectors(u.id, {k: _to_edge(v) for k, v in u.vectors.items()}) for u in kept]
                shard.update(edge.UpdateOperation.update_vectors(vectors))
            return [u.id for u in kept]

    def set_payload(self, name: str, ids: Sequence[PointId], payload: Mapping[str, Any]) -> None:
        with self._lock:
            self._shard(name).update(edge.UpdateOperation.set_payload(list(ids), dict(payload)))

    def optimize(self, name: str) -> None:
        with self._lock:
            self._shard(name).optimize()

    def close(self) -> None:
        with self._lock:
            for shard in self._shards.values():
                shard.close()
            self._shards.clear()


def _fields(payload: bool | Sequence[str]) -> bool | list[str]:
    return payload if isinstance(payload, bool) else list(payload)


def _to_edge(vector: Vector) -> Any:
    if isinstance(vector, SparseVector):
        return edge.SparseVector(vector.indices.tolist(), vector.values.tolist())
    return vector.tolist()


def _from_edge(record: Any) -> Point:
    vectors: dict[str, Vector] = {}
    for name, value in (record.vector or {}).items():
        if isinstance(value, edge.SparseVector):
            vectors[name] = SparseVector(np.asarray(value.indices, np.int32), np.asarray(value.values, np.float32))
        else:
            vectors[name] = np.asarray(value, dtype=np.float32)
    return Point(_plain_id(record.id), record.payload or {}, vectors)


def _plain_id(value: Any) -> PointId:
    return value if isinstance(value, int) else str(value)


def _filter(where: PointFilter | None) -> Any:
    if where is None:
        return None
    make: Callable[..., Any] = edge.FieldCondition
    must = [make(key, match=edge.MatchAny(list(values))) for key, values in where.any_of.items()]
    must += [make(key, match=edge.MatchTextAny(" ".join(words))) for key, words in where.text_any.items()]
    must += [make(key, match=edge.MatchValue(value)) for key, value in where.equal.items()]
    if where.ids is not None:
        must.append(edge.HasIdCondition(set(where.ids)))
    must_not = [make(key, match=edge.MatchValue(value)) for key, value in where.not_equal.items()]
    return edge.Filter(must=must or None, must_not=must_not or None)
