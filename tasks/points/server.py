"""Qdrant as a server, through its own client."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

from qdrant_client import QdrantClient, models
from qdrant_client.local.siphash import point_id_slice

from minicoil.errors import CollectionError
from tasks.points.records import (
    CELLS_PER_PROBE,
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
from tasks.points.server_calls import call_patiently
from tasks.points.server_models import from_model, plain_id, to_fields, to_filter, to_guard, to_model, to_shape

_Item = TypeVar("_Item")
_BATCH = 256  # points a request
_IDS = 10_000  # ids a request
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class ServerFeatures:
    """What a server of some version can do; what it cannot has a fallback, named here.

    Attributes:
        guarded_writes: Looks at a filter at the moment of writing vectors (1.16); else a text that changes between our
            look and the write may keep vectors of its old text until the next sweep.
        slices: Cuts the id space itself (1.19); else every worker reads all candidates and keeps its own.
        idf_corpus: Counts IDF over a filter (1.19); else over the whole shard.
    """

    guarded_writes: bool
    slices: bool
    idf_corpus: bool

    @staticmethod
    def of_version(version: str) -> ServerFeatures:
        """Of "1.16.3", "1.20.0-dev"; of something unreadable, none."""
        found = re.match(r"(\d+)\.(\d+)", version)
        number = (int(found.group(1)), int(found.group(2))) if found else (0, 0)
        return ServerFeatures(number >= (1, 16), number >= (1, 19), number >= (1, 19))


class ServerPoints:
    """A `PointStore` on a `QdrantClient`."""

    is_shared = True

    def __init__(self, client: QdrantClient) -> None:
        self._client = client

    @staticmethod
    def connect(url: str, api_key: str | None) -> ServerPoints:
        """A client of the server at `url`; the connection is made by the first call."""
        return ServerPoints(QdrantClient(url=url, api_key=api_key, timeout=_TIMEOUT_SECONDS, check_compatibility=False))

    @cached_property
    def features(self) -> ServerFeatures:
        """By the version that the server says it has."""
        return ServerFeatures.of_version(call_patiently(self._client.info).version)

    def _ask(self, ask: Callable[..., Any], name: str, *arguments: Any, **options: Any) -> Any:
        """The client's answer about collection `name`; one that is not there is named with those that are."""
        try:
            return call_patiently(partial(ask, name, *arguments, **options))
        except CollectionError as error:
            if error.facts.get("status") == 404 and not self.exists(name):
                raise not_found(name, self.names()) from error
            raise

    def names(self) -> list[str]:
        return [entry.name for entry in call_patiently(self._client.get_collections).collections]

    def exists(self, name: str) -> bool:
        return bool(call_patiently(partial(self._client.collection_exists, name)))

    def ensure(self, name: str, schema: CollectionSchema) -> None:
        if not self.exists(name):
            self._create(name, schema)
        self._check(name, schema)
        self.index_fields(name, schema)

    def index_fields(self, name: str, schema: CollectionSchema) -> None:
        fields: dict[str, Any] = dict.fromkeys(schema.keyword, models.PayloadSchemaType.KEYWORD)
        fields |= dict.fromkeys(schema.integer, models.PayloadSchemaType.INTEGER)
        words = models.TextIndexParams(
            type=models.TextIndexType.TEXT, tokenizer=models.TokenizerType.WORD, lowercase=True
        )
        fields |= dict.fromkeys(schema.text, words)
        for key in fields.keys() - set(self.describe(name).indexed):
            self._ask(self._client.create_payload_index, name, key, fields[key])

    def _create(self, name: str, schema: CollectionSchema) -> None:
        dense = {
            key: models.VectorParams(size=size, distance=models.Distance.COSINE) for key, size in schema.dense.items()
        }
        sparse = {key: models.SparseVectorParams(modifier=models.Modifier.IDF) for key in schema.sparse}
        try:
            create = partial(self._client.create_collection, name)
            call_patiently(partial(create, vectors_config=dense, sparse_vectors_config=sparse))
        except CollectionError:
            if not self.exists(name):  # otherwise another command was first
                raise

    def describe(self, name: str) -> CollectionShape:
        return to_shape(self._ask(self._client.get_collection, name))

    def _check(self, name: str, schema: CollectionSchema) -> None:
        shape = self.describe(name)
        for key, size in schema.dense.items():
            if shape.dense.get(key) != size:
                raise CollectionError(
                    f"collection '{name}' has another shape: vector '{key}' has {shape.dense.get(key) or 'no'} "
                    f"dimensions, {size} expected; index into a new one"
                )
        for key in schema.sparse:
            if key not in shape.sparse:
                raise CollectionError(
                    f"collection '{name}' has another shape: no sparse vector '{key}' "
                    f"(it has {', '.join(shape.sparse) or 'none'}); index into a new one"
                )
            if not shape.sparse[key]:
                raise CollectionError(
                    f"collection '{name}': vector '{key}' lacks the IDF modifier; index into a new one"
                )

    def drop(self, name: str) -> None:
        if not self.exists(name):
            raise not_found(name, self.names())
        self._ask(self._client.delete_collection, name)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        for batch in _batches(points, _BATCH):
            rows = [
                models.PointStruct(
                    id=p.id, payload=dict(p.payload), vector={k: to_model(v) for k, v in p.vectors.items()}
                )
                for p in batch
            ]
            self._ask(self._client.upsert, name, rows, wait=True)

    def get(
        self, name: str, ids: Sequence[PointId], payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        found: list[Point] = []
        for batch in _batches(ids, _BATCH):
            rows = self._ask(self._client.retrieve, name, list(batch), to_fields(payload), vectors)
            found += [from_model(row) for row in rows]
        return found

    def delete(self, name: str, ids: Sequence[PointId]) -> None:
        for batch in _batches(ids, _IDS):
            self._ask(self._client.delete, name, models.PointIdsList(points=list(batch)), wait=True)

    def count(self, name: str, where: PointFilter | None = None) -> int:
        if where is not None and where.slice is not None and not self.features.slices:
            return sum(len(page) for page in self.scroll(name, where, payload=False, page=_IDS))
        return int(self._ask(self._client.count, name, to_filter(where), exact=True).count)

    def scroll(
        self,
        name: str,
        where: PointFilter | None = None,
        payload: bool | Sequence[str] = True,
        vectors: bool = False,
        page: int = 1000,
    ) -> Iterator[list[Point]]:
        offset: Any = None
        conditions = self._filter(where)
        while True:
            options = {"offset": offset, "with_payload": to_fields(payload), "with_vectors": vectors}
            rows, offset = self._ask(self._client.scroll, name, conditions, page, **options)
            if points := [from_model(row) for row in rows if self._is_in(where, plain_id(row.id))]:
                yield points
            if offset is None:
                return

    def _filter(self, where: PointFilter | None) -> models.Filter | None:
        return to_filter(where, with_slice=where is None or where.slice is None or self.features.slices)

    def _is_in(self, where: PointFilter | None, point: PointId) -> bool:
        """Whether a point is in the slice asked for, where the server cuts none."""
        if where is None or where.slice is None or self.features.slices:
            return True
        index, total = where.slice
        return point_id_slice(point, total) == index

    def sample(
        self, name: str, where: PointFilter, n: int, payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        drawn = models.SampleQuery(sample=models.Sample.RANDOM)
        options = {"query_filter": to_filter(where), "limit": n, "with_payload": False}
        answer = self._ask(self._client.query_points, name, query=drawn, **options)
        return self.get(name, [plain_id(row.id) for row in answer.points], payload, vectors)

    def search(
        self,
        name: str,
        using: str,
        vector: Vector,
        limit: int,
        where: PointFilter | None = None,
        corpus: PointFilter | None = None,
    ) -> list[Hit]:
        params = None
        if corpus is not None and self.features.idf_corpus:
            over = to_filter(corpus)
            assert over is not None
            params = models.SearchParams(idf=models.IdfCorpusParams(corpus=over))
        options = {"using": using, "query_filter": to_filter(where), "limit": limit, "search_params": params}
        answer = self._ask(self._client.query_points, name, query=to_model(vector), **options)
        return [Hit(plain_id(row.id), row.score, row.payload or {}) for row in answer.points]

    def find(self, name: str, using: str, cells: Sequence[int], where: PointFilter | None = None) -> set[PointId]:
        options = {"using": using, "query_filter": self._filter(where), "limit": _IDS, "with_payload": False}
        found: set[PointId] = set()
        for some in _batches(cells, CELLS_PER_PROBE):
            for query in map(to_model, probes(some)):
                start, rows = 0, [None] * _IDS
                while len(rows) == _IDS:
                    rows = self._ask(self._client.query_points, name, query=query, offset=start, **options).points
                    found.update(i for row in rows if self._is_in(where, i := plain_id(row.id)))
                    start += _IDS
        return found

    def write_vectors(
        self, name: str, updates: Sequence[VectorUpdate], stamp: Mapping[str, Any] | None = None
    ) -> list[PointId]:
        written: list[PointId] = []
        for batch in _batches(updates, _BATCH):
            kept = self._unchanged(name, batch)
            if not kept:
                continue
            # the server looks once more at the moment of writing: a text that changed since keeps its own vectors
            guard = to_guard(kept)
            vectors = [
                models.PointVectors(id=u.id, vector={k: to_model(v) for k, v in u.vectors.items()}) for u in kept
            ]
            conditions = {"update_filter": guard} if self.features.guarded_writes else {}
            try:
                self._ask(self._client.update_vectors, name, vectors, wait=True, **conditions)
            except CollectionError as error:
                if error.facts.get("status") != 404:  # of a point deleted meanwhile; all others are written
                    raise
            if stamp:
                self._ask(self._client.set_payload, name, dict(stamp), guard, wait=True)
            # no server tells what it left out
            written += [u.id for u in self._unchanged(name, kept)]
        return written

    def _unchanged(self, name: str, updates: Sequence[VectorUpdate]) -> list[VectorUpdate]:
        """Those whose point is there and still has the payload they were made from."""
        fields = sorted({name.split(".")[0] for u in updates for name in u.unchanged})
        payloads = {p.id: p.payload for p in self.get(name, [u.id for u in updates], fields)}
        return [u for u in updates if u.id in payloads and u.holds(payloads[u.id])]

    def set_payload(self, name: str, ids: Sequence[PointId], payload: Mapping[str, Any]) -> None:
        for batch in _batches(ids, _IDS):
            there = models.Filter(must=[models.HasIdCondition(has_id=list(batch))])
            # by ids, one that is gone would refuse them all
            self._ask(self._client.set_payload, name, dict(payload), there, wait=True)

    def point_alias(self, alias: str, name: str) -> None:
        aliases = {entry.alias_name for entry in call_patiently(self._client.get_aliases).aliases}
        steps: list[Any] = []
        if alias in aliases:
            steps.append(models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)))
        create = models.CreateAlias(collection_name=name, alias_name=alias)
        steps.append(models.CreateAliasOperation(create_alias=create))
        call_patiently(partial(self._client.update_collection_aliases, steps))

    def optimize(self, name: str) -> None:
        """A server optimises by itself."""

    def purge(self, name: str) -> bool:
        """Nothing a client can ask of a server: its optimiser frees the space of deleted points in its own time."""
        return False

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> ServerPoints:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()


def _batches(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
