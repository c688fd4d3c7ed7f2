"""Qdrant as a server, through its own client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from minicoil.errors import CollectionError, EngineUnavailableError
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

_BATCH = 256  # points a request
_IDS = 10_000  # ids a request
_TIMEOUT_SECONDS = 60
_TRANSIENT = {429, 502, 503, 504}


class ServerPoints:
    """A `PointStore` on a `QdrantClient`."""

    def __init__(self, client: QdrantClient) -> None:
        self._client = client

    @staticmethod
    def connect(url: str, api_key: str | None) -> ServerPoints:
        """A client of the server at `url`; the connection is made by the first call."""
        return ServerPoints(QdrantClient(url=url, api_key=api_key, timeout=_TIMEOUT_SECONDS, check_compatibility=False))

    def names(self) -> list[str]:
        with _translated():
            return [entry.name for entry in self._client.get_collections().collections]

    def exists(self, name: str) -> bool:
        with _translated():
            return bool(self._client.collection_exists(name))

    def ensure(self, name: str, schema: CollectionSchema) -> None:
        if not self.exists(name):
            self._create(name, schema)
        self._check(name, schema)
        fields: dict[str, Any] = dict.fromkeys(schema.keyword, models.PayloadSchemaType.KEYWORD)
        fields |= dict.fromkeys(schema.integer, models.PayloadSchemaType.INTEGER)
        words = models.TextIndexParams(
            type=models.TextIndexType.TEXT, tokenizer=models.TokenizerType.WORD, lowercase=True
        )
        fields |= dict.fromkeys(schema.text, words)
        with _translated():
            indexed = self._client.get_collection(name).payload_schema
            for key in fields.keys() - indexed.keys():
                self._client.create_payload_index(name, key, fields[key])

    def _create(self, name: str, schema: CollectionSchema) -> None:
        dense = {
            key: models.VectorParams(size=size, distance=models.Distance.COSINE) for key, size in schema.dense.items()
        }
        sparse = {key: models.SparseVectorParams(modifier=models.Modifier.IDF) for key in schema.sparse}
        try:
            with _translated():
                self._client.create_collection(name, vectors_config=dense, sparse_vectors_config=sparse)
        except CollectionError:
            if not self.exists(name):  # otherwise another command was first
                raise

    def _check(self, name: str, schema: CollectionSchema) -> None:
        with _translated():
            params = self._client.get_collection(name).config.params
        dense = params.vectors if isinstance(params.vectors, dict) else {}
        for key, size in schema.dense.items():
            width = dense[key].size if key in dense else None
            if width != size:
                raise CollectionError(
                    f"collection '{name}' has another shape: vector '{key}' has {width or 'no'} dimensions, "
                    f"{size} expected; index into a new one"
                )
        found = params.sparse_vectors or {}
        for key in schema.sparse:
            if key not in found:
                raise CollectionError(
                    f"collection '{name}' has another shape: no sparse vector '{key}' "
                    f"(it has {', '.join(found) or 'none'}); index into a new one"
                )
            if found[key].modifier != models.Modifier.IDF:
                raise CollectionError(
                    f"collection '{name}': vector '{key}' lacks the IDF modifier; index into a new one"
                )

    def drop(self, name: str) -> None:
        self._require(name)
        with _translated():
            self._client.delete_collection(name)

    def _require(self, name: str) -> None:
        if not self.exists(name):
            raise not_found(name, self.names())

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        for start in range(0, len(points), _BATCH):
            batch = [
                models.PointStruct(
                    id=p.id, payload=dict(p.payload), vector={k: _to_model(v) for k, v in p.vectors.items()}
                )
                for p in points[start : start + _BATCH]
            ]
            with _translated(self, name):
                self._client.upsert(name, batch, wait=True)

    def get(
        self, name: str, ids: Sequence[PointId], payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        found: list[Point] = []
        for start in range(0, len(ids), _BATCH):
            with _translated(self, name):
                rows = self._client.retrieve(name, list(ids[start : start + _BATCH]), _fields(payload), vectors)
            found += [_from_model(row) for row in rows]
        return found

    def delete(self, name: str, ids: Sequence[PointId]) -> None:
        for start in range(0, len(ids), _IDS):
            with _translated(self, name):
                self._client.delete(name, models.PointIdsList(points=list(ids[start : start + _IDS])), wait=True)

    def count(self, name: str, where: PointFilter | None = None) -> int:
        with _translated(self, name):
            return self._client.count(name, _filter(where), exact=True).count

    def scroll(
        self,
        name: str,
        where: PointFilter | None = None,
        payload: bool | Sequence[str] = True,
        vectors: bool = False,
        page: int = 1000,
    ) -> Iterator[list[Point]]:
        offset: Any = None
        while True:
            with _translated(self, name):
                rows, offset = self._client.scroll(
                    name, _filter(where), page, offset=offset, with_payload=_fields(payload), with_vectors=vectors
                )
            if rows:
                yield [_from_model(row) for row in rows]
            if offset is None:
                return

    def sample(
        self, name: str, where: PointFilter, n: int, payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        drawn = models.SampleQuery(sample=models.Sample.RANDOM)
        with _translated(self, name):
            answer = self._client.query_points(
                name, query=drawn, query_filter=_filter(where), limit=n, with_payload=False
            )
        return self.get(name, [_plain_id(row.id) for row in answer.points], payload, vectors)

    def search(self, name: str, using: str, vector: Vector, limit: int, where: PointFilter | None = None) -> list[Hit]:
        with _translated(self, name):
            answer = self._client.query_points(
                name, query=_to_model(vector), using=using, query_filter=_filter(where), limit=limit
            )
        return [Hit(_plain_id(row.id), row.score, row.payload or {}) for row in answer.points]

    def write_vectors(
        self, name: str, updates: Sequence[VectorUpdate], stamp: Mapping[str, Any] | None = None
    ) -> list[PointId]:
        written: list[PointId] = []
        for start in range(0, len(updates), _BATCH):
            kept = self._unchanged(name, updates[start : start + _BATCH])
            if not kept:
                continue
            # the server looks once more at the moment of writing: a text that changed since keeps its own vectors
            guard = models.Filter(should=[_guard(u) for u in kept])
            vectors = [
                models.PointVectors(id=u.id, vector={k: _to_model(v) for k, v in u.vectors.items()}) for u in kept
            ]
            with _translated(self, name, gone_is_fine=True):
                self._client.update_vectors(name, vectors, wait=True, update_filter=guard)
            if stamp:
                with _translated(self, name):
                    self._client.set_payload(name, dict(stamp), guard, wait=True)
            # a server before 1.16 ignores the guard of vectors, and no server tells what it left out
            written += [u.id for u in self._unchanged(name, kept)]
        return written

    def _unchanged(self, name: str, updates: Sequence[VectorUpdate]) -> list[VectorUpdate]:
        """Those whose point is there and still has the text they were made from."""
        hashes = {p.id: p.payload.get(HASH_FIELD) for p in self.get(name, [u.id for u in updates], [HASH_FIELD])}
        return [u for u in updates if u.id in hashes and u.text_hash in (None, hashes[u.id])]

    def set_payload(self, name: str, ids: Sequence[PointId], payload: Mapping[str, Any]) -> None:
        for start in range(0, len(ids), _IDS):
            there = models.Filter(must=[models.HasIdCondition(has_id=list(ids[start : start + _IDS]))])
            with _translated(self, name):  # by ids, one that is gone would refuse them all
                self._client.set_payload(name, dict(payload), there, wait=True)

    def optimize(self, name: str) -> None:
        """A server optimises by itself."""

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> ServerPoints:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()


@contextmanager
def _translated(store: ServerPoints | None = None, name: str = "", gone_is_fine: bool = False) -> Iterator[None]:
    """Qdrant's errors as ours: what may be tried again, and what may not.

    With `gone_is_fine`, a point deleted meanwhile is none: the server writes all others, then answers 404.
    """
    try:
        yield
    except KeyError:  # that 404 in the client's local mode
        if not gone_is_fine:
            raise
    except ResponseHandlingException as error:
        raise EngineUnavailableError(f"Qdrant does not answer ({error}); check --qdrant-url and the server") from error
    except UnexpectedResponse as error:
        if error.status_code in _TRANSIENT:
            raise EngineUnavailableError(f"Qdrant is busy ({error.status_code}); try again") from error
        if error.status_code == 404 and store is not None:
            if not store.exists(name):
                raise not_found(name, store.names()) from error
            if gone_is_fine:
                return
        if error.status_code in (401, 403):
            raise CollectionError("Qdrant refused the API key; set MINICOIL_QDRANT_API_KEY") from error
        raise CollectionError(f"Qdrant refused: {error}") from error
    except ValueError as error:  # the client's local mode
        if store is not None and "not found" in str(error).lower():
            raise not_found(name, store.names()) from error
        raise


def _guard(update: VectorUpdate) -> models.Filter:
    """True of the update's own point, as long as its text is the one the vectors were made from."""
    must: list[Any] = [models.HasIdCondition(has_id=[update.id])]
    if update.text_hash is not None:
        must.append(models.FieldCondition(key=HASH_FIELD, match=models.MatchValue(value=update.text_hash)))
    return models.Filter(must=must)


def _fields(payload: bool | Sequence[str]) -> Any:
    return payload if isinstance(payload, bool) else list(payload)


def _to_model(vector: Vector) -> Any:
    if isinstance(vector, SparseVector):
        return models.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())
    return vector.tolist()


def _from_model(row: Any) -> Point:
    vectors: dict[str, Vector] = {}
    for name, value in (row.vector or {}).items() if isinstance(row.vector, dict) else ():
        if isinstance(value, models.SparseVector):
            vectors[name] = SparseVector(np.asarray(value.indices, np.int32), np.asarray(value.values, np.float32))
        else:
            vectors[name] = np.asarray(value, dtype=np.float32)
    return Point(_plain_id(row.id), row.payload or {}, vectors)


def _plain_id(value: Any) -> PointId:
    return value if isinstance(value, int) else str(value)


def _filter(where: PointFilter | None) -> models.Filter | None:
    if where is None:
        return None
    make = models.FieldCondition
    must: list[Any] = [make(key=key, match=models.MatchAny(any=list(values))) for key, values in where.any_of.items()]
    must += [make(key=k, match=models.MatchTextAny(text_any=" ".join(words))) for k, words in where.text_any.items()]
    must += [make(key=key, match=models.MatchValue(value=value)) for key, value in where.equal.items()]
    if where.ids is not None:
        must.append(models.HasIdCondition(has_id=list(where.ids)))
    must_not: list[Any] = [make(key=k, match=models.MatchValue(value=v)) for k, v in where.not_equal.items()]
    return models.Filter(must=must or None, must_not=must_not or None)
