"""Qdrant's engine inside this process: one Edge shard per collection, under one folder. Only the owner opens it."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from minicoil.errors import CollectionError
from minicoil.files import parse_json, write_json, write_whole
from tasks.points import wire
from tasks.points.conversion import from_edge, indexed_fields, plain_id, to_edge, to_fields, to_filter, to_index
from tasks.points.open_shards import STALE_POINTS, STALE_SHARE, OpenShards
from tasks.points.payload_paths import field_root
from tasks.points.records import (
    CollectionSchema,
    CollectionShape,
    Hit,
    Point,
    PointFilter,
    PointId,
    Vector,
    VectorUpdate,
    not_found,
    probes,
)
from tasks.points.reshaping import add_vectors, find_unlike, like, remove_indexes, remove_vectors

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_RETRIEVE = 64  # points looked up at once; a page may end after each of them


class EdgeEngine:
    """Collections in a folder; every operation on one collection is serialised.

    Args:
        folder: Created if missing; at most one engine may have it open.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shards = OpenShards(folder, self._schema)
        self._schemas: dict[str, CollectionSchema] = {}
        self._lock = threading.RLock()
        folder.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        return sorted(path.parent.name for path in self._folder.glob("*/schema.json"))

    def exists(self, name: str) -> bool:
        return bool(_NAME.fullmatch(name)) and (self._folder / name / "schema.json").exists()

    def ensure(self, name: str, schema: CollectionSchema) -> None:
        if not _NAME.fullmatch(name):
            raise CollectionError(f"'{name}' cannot name a collection; use letters, digits, _, . and -")
        with self._lock:
            if self.exists(name):
                self._complete(name, schema)
                return
            # a creation that was killed before its schema was written
            shutil.rmtree(self._folder / name, ignore_errors=True)
            self._shards.create(name, schema)
            self._write_schema(name, schema)

    def _complete(self, name: str, schema: CollectionSchema) -> None:
        """Check the vectors of a collection that is there and add the payload indexes it lacks."""
        found = self._schema(name)
        kinds = dict(indexed_fields(found))
        lacking = [(field, kind) for field, kind in indexed_fields(schema) if field not in kinds]
        other = [field for field, kind in indexed_fields(schema) if kinds.get(field, kind) != kind]
        if dict(found.dense) != dict(schema.dense) or set(found.sparse) != set(schema.sparse) or other:
            raise CollectionError(
                f"collection '{name}' has another shape: found {found}, expected {schema}; index into a new one"
            )
        for field, kind in lacking:
            self._shard(name).update(edge.UpdateOperation.create_field_index(field, to_index(kind)))
        if lacking:
            both = indexed_fields(found) + lacking
            keyword, integer, text = (tuple(f for f, k in both if k == kind) for kind in ("keyword", "integer", "text"))
            self._write_schema(name, replace(found, keyword=keyword, integer=integer, text=text))

    def describe(self, name: str) -> CollectionShape:
        with self._lock:
            self._shard(name)
            schema = self._schema(name)
        fields = tuple(field for field, _ in indexed_fields(schema))
        idf, vacuum = dict.fromkeys(schema.sparse, True), (STALE_SHARE, STALE_POINTS)
        return CollectionShape(dict(schema.dense), idf, fields, 1, *vacuum, tuple(schema.dense))

    def index_fields(self, name: str, schema: CollectionSchema) -> None:
        with self._lock:
            self._shard(name)
            found = self._schema(name)
            self._complete(name, replace(schema, dense=found.dense, sparse=found.sparse))

    def _write_schema(self, name: str, schema: CollectionSchema) -> None:
        write_whole(self._folder / name / "schema.json", write_json(asdict(schema), ascii_only=True))
        self._schemas[name] = schema

    def _schema(self, name: str) -> CollectionSchema:
        if name not in self._schemas:
            document = parse_json((self._folder / name / "schema.json").read_text())
            self._schemas[name] = CollectionSchema(**document)
        return self._schemas[name]

    def _shard(self, name: str) -> Any:
        """For whoever holds the lock: another thread may close the shard to merge or to purge it."""
        if not self.exists(name):
            raise not_found(name, self.names())
        return self._shards.get(name)

    def drop(self, name: str) -> None:
        with self._lock:
            if not self.exists(name):
                raise not_found(name, self.names())
            self._shards.close(name)  # not opened for it: one that is damaged can go too
            self._schemas.pop(name, None)
            (self._folder / name / "schema.json").unlink()  # from here on it does not exist, whatever happens
            shutil.rmtree(self._folder / name)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        with self._lock:
            batch = [
                edge.Point(p.id, {key: to_edge(v) for key, v in p.vectors.items()}, dict(p.payload)) for p in points
            ]
            self._shard(name).update(edge.UpdateOperation.upsert_points(batch))
            self._shards.note_written(name, len(batch))

    def get(
        self, name: str, ids: Sequence[PointId], payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> tuple[list[Point], int]:
        """Points of the first ids, as many as fill a frame, and how many ids were looked up."""
        found: list[Point] = []
        total = n_asked = 0
        with self._lock:
            shard = self._shard(name)
            while n_asked < len(ids) and total < wire.FRAME_BYTES:
                rows = shard.retrieve(list(ids[n_asked : n_asked + _RETRIEVE]), to_fields(payload), vectors)
                n_asked += _RETRIEVE
                points = [from_edge(row) for row in rows]
                total += sum(wire.size_bytes(point) for point in points)
                found += points
        return found, min(n_asked, len(ids))

    def delete(self, name: str, ids: Sequence[PointId]) -> None:
        with self._lock:
            self._shard(name).update(edge.UpdateOperation.delete_points(list(ids)))

    def count(self, name: str, where: PointFilter | None = None) -> int:
        with self._lock:
            return int(self._shard(name).count(edge.CountRequest(exact=True, filter=to_filter(where))))

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
            offset=offset, limit=limit, filter=to_filter(where), with_payload=to_fields(payload), with_vector=vectors
        )
        with self._lock:
            records, following = self._shard(name).scroll(request)
        points = [from_edge(r) for r in records]
        n_kept = wire.n_fitting(points)
        if n_kept < len(points):
            return points[:n_kept], points[n_kept].id
        return points, None if following is None else plain_id(following)

    def sample(self, name: str, where: PointFilter, n: int) -> list[PointId]:
        """Ids of at most `n` random points."""
        request = edge.QueryRequest(limit=n, query=edge.Sample.Random, filter=to_filter(where), with_payload=False)
        with self._lock:
            return [plain_id(r.id) for r in self._shard(name).query(request)]

    def search(
        self,
        name: str,
        using: str,
        vector: Vector,
        limit: int,
        where: PointFilter | None = None,
        corpus: PointFilter | None = None,
    ) -> list[Hit]:
        idf = edge.IdfParams(to_filter(corpus)) if corpus is not None else None
        request = edge.QueryRequest(
            limit=limit,
            query=edge.Query.Nearest(to_edge(vector), using=using),
            filter=to_filter(where),
            with_payload=True,
            params=edge.SearchParams(idf=idf),
        )
        with self._lock:
            return [Hit(plain_id(r.id), float(r.score), r.payload or {}) for r in self._shard(name).query(request)]

    def find(self, name: str, using: str, cells: Sequence[int], where: PointFilter | None = None) -> list[PointId]:
        """Ids, each once; see `PointStore.find`."""
        found: dict[PointId, None] = {}
        with self._lock:
            shard = self._shard(name)
            for vector in probes(cells):
                query = edge.Query.Nearest(to_edge(vector), using=using)
                most = int(shard.count(edge.CountRequest(exact=True)))
                request = edge.QueryRequest(limit=most, query=query, filter=to_filter(where), with_payload=False)
                found |= dict.fromkeys(plain_id(row.id) for row in shard.query(request))
        return list(found)

    def write_vectors(
        self, name: str, updates: Sequence[VectorUpdate], stamp: Mapping[str, Any] | None = None
    ) -> list[PointId]:
        with self._lock:  # nobody else writes between the look and the write
            shard = self._shard(name)
            held = sorted({field_root(name) for u in updates for name in u.unchanged})
            rows = shard.retrieve([u.id for u in updates], held, False)
            payloads = {plain_id(row.id): row.payload or {} for row in rows}
            kept = [u for u in updates if u.id in payloads and u.holds(payloads[u.id])]
            if kept:
                vectors = [edge.PointVectors(u.id, {k: to_edge(v) for k, v in u.vectors.items()}) for u in kept]
                shard.update(edge.UpdateOperation.update_vectors(vectors))
                if stamp:
                    shard.update(edge.UpdateOperation.set_payload([u.id for u in kept], dict(stamp)))
                for u in kept:
                    if u.payload:
                        shard.update(edge.UpdateOperation.set_payload([u.id], {**u.payload, **(stamp or {})}))
                self._shards.note_written(name, len(kept))
            return [u.id for u in kept]

    def set_payload(self, name: str, ids: Sequence[PointId], payload: Mapping[str, Any]) -> None:
        there = edge.Filter(must=[edge.HasIdCondition(set(ids))])  # by ids, one that is gone would refuse them all
        with self._lock:
            self._shard(name).update(edge.UpdateOperation.set_payload_by_filter(there, dict(payload)))
            self._shards.note_written(name, len(ids))  # a point is written anew for its payload, too

    def add_vectors(self, name: str, sparse: Sequence[str]) -> None:
        self._reshape(add_vectors, name, sparse)

    def create_like(self, name: str, source: str, without: Sequence[str], sparse: Sequence[str]) -> None:
        with self._lock:
            self._shard(source)
            self.ensure(name, like(self._schema(source), without, sparse))

    def unlike(self, name: str, source: str, without: Sequence[str]) -> list[str]:
        with self._lock:
            self._shard(name), self._shard(source)
            return find_unlike(self._schema(name), self._schema(source), without)

    def remove_vectors(self, name: str, names: Sequence[str]) -> None:
        self._reshape(remove_vectors, name, names)

    def remove_indexes(self, name: str, fields: Sequence[str]) -> None:
        self._reshape(remove_indexes, name, fields)

    def _reshape(self, change: Callable[..., None], name: str, what: Sequence[str]) -> None:
        with self._lock:
            change(self._shard(name), self._schema(name), what, partial(self._write_schema, name))

    def remove_payload(self, name: str, ids: Sequence[PointId], fields: Sequence[str]) -> None:
        there = edge.Filter(must=[edge.HasIdCondition(set(ids))])
        with self._lock:
            self._shard(name).update(edge.UpdateOperation.delete_payload_by_filter(there, list(fields)))
            self._shards.note_written(name, len(ids))

    def optimize(self, name: str, is_ours: bool = False) -> None:
        with self._lock:
            self._shard(name)
            self._shards.merge(name)

    def purge(self, name: str) -> bool:
        with self._lock:
            self._shard(name)
            self._shards.purge(name)
            return True

    def close(self) -> None:
        with self._lock:
            self._shards.close_all()
