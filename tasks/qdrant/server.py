"""Qdrant as a server, through its own client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any

from qdrant_client import QdrantClient, models
from qdrant_client.local.siphash import point_id_slice

from minicoil.errors import CollectionError
from minicoil.sparse import SparseVector
from tasks.points import (
    CollectionSchema,
    CollectionShape,
    Hit,
    Point,
    PointFilter,
    PointId,
    Vector,
    VectorUpdate,
    field_root,
    not_found,
)
from tasks.qdrant.server_bounds import Bounds, batches, sized_batches
from tasks.qdrant.server_calls import call_patiently, make_client
from tasks.qdrant.server_features import ServerFeatures
from tasks.qdrant.server_finding import find_carriers
from tasks.qdrant.server_in_place import InPlaceChanges
from tasks.qdrant.server_models import from_model, plain_id, to_fields, to_filter, to_model, to_shape
from tasks.qdrant.server_optimising import clear_stale
from tasks.qdrant.server_schema import check_schema, create_options, index_kinds
from tasks.qdrant.server_writing import GuardedWriter, n_guarded, point_json, update_bytes

_IN_FLIGHT = 2  # writes at once: the server works on one while the next is made and sent


class ServerPoints(InPlaceChanges):
    """A `PointStore` on a `QdrantClient`; safe to use from several threads."""

    is_shared = True

    def __init__(self, client: QdrantClient) -> None:
        self._client = client
        self._infos: dict[str, models.CollectionInfo] = {}
        self._versions: list[str] = []
        self._leave: Callable[[], None] | None = None

    @staticmethod
    def connect(url: str, api_key: str | None, timeout_seconds: int = 60) -> ServerPoints:
        """A client of the server at `url`, which may have a path; the connection is made by the first call.

        Raises:
            UsageError: it is no address of a server.
        """
        return ServerPoints(make_client(url, api_key, timeout_seconds))

    @property
    def version(self) -> str:
        """That the server says it has; asked once by all who share the client."""
        if not self._versions:
            self._versions.append(str(call_patiently(self._client.info).version))
        return self._versions[0]

    @property
    def features(self) -> ServerFeatures:
        """By its version."""
        return ServerFeatures.of_version(self.version)

    def _ask(self, ask: Callable[..., Any], name: str, *arguments: Any, **options: Any) -> Any:
        """The client's answer about collection `name`; one that is not there is named with those that are."""
        try:
            return call_patiently(partial(ask, name, *arguments, **options))
        except CollectionError as error:
            if error.facts.get("status") == 400:
                self._infos.pop(name, None)  # perhaps its settings have changed since we looked
            if error.facts.get("status") == 404 and not self.exists(name):
                raise not_found(name, self.names()) from error
            raise

    def _post(self, name: str, method: str, path: str, body: bytes) -> Any:
        """The answer to a request whose body is made here: the client's own models cost as much as a server's work."""

        def send(collection: str) -> Any:
            return self._client.http.client.request(
                type_=Any,
                method=method,
                url="/collections/{collection_name}/" + path,
                path_params={"collection_name": collection},
                params={"wait": "true"},
                headers={"Content-Type": "application/json"},
                content=body,
            )

        return self._ask(send, name)

    def _info(self, name: str) -> models.CollectionInfo:
        info = self._infos[name] = self._infos.get(name) or self._ask(self._client.get_collection, name)
        return info  # not read back from there: another thread may drop it at any moment

    def _bounds(self, name: str) -> Bounds:
        return Bounds.of(self._info(name))

    def names(self) -> list[str]:
        return [entry.name for entry in call_patiently(self._client.get_collections).collections]

    def exists(self, name: str) -> bool:
        return bool(call_patiently(partial(self._client.collection_exists, name)))

    def ensure(self, name: str, schema: CollectionSchema) -> None:
        if not self.exists(name):
            self._create(name, schema)
        check_schema(name, self.describe(name), schema)
        self.index_fields(name, schema)

    def index_fields(self, name: str, schema: CollectionSchema) -> None:
        kinds, there = index_kinds(schema), set(self.describe(name).indexed)
        for field in [field for field in kinds if field not in there]:
            self._ask(self._client.create_payload_index, name, field, kinds[field], wait=True)
            self._infos.pop(name, None)

    def _create(self, name: str, schema: CollectionSchema) -> None:
        try:
            call_patiently(partial(self._client.create_collection, name, **create_options(schema)))
        except CollectionError:
            if not self.exists(name):  # otherwise another command was first
                raise

    def describe(self, name: str) -> CollectionShape:
        self._infos.pop(name, None)
        return to_shape(self._info(name))

    def drop(self, name: str) -> None:
        if not self.exists(name):
            raise not_found(name, self.names())
        self._infos.pop(name, None)
        self._ask(self._client.delete_collection, name)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        rows = [point_json(point) for point in points]
        for batch in sized_batches([(row, len(row)) for row in rows], self._bounds(name).n_points):
            self._post(name, "PUT", "points", b'{"points":[' + b",".join(batch) + b"]}")

    def get(
        self, name: str, ids: Sequence[PointId], payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        found: list[Point] = []
        for batch in batches(ids, self._bounds(name).n_looked_up):
            rows = self._ask(self._client.retrieve, name, list(batch), to_fields(payload), vectors)
            found += [from_model(row) for row in rows]
        return found

    def delete(self, name: str, ids: Sequence[PointId]) -> None:
        for batch in batches(ids, self._bounds(name).n_values):
            self._ask(self._client.delete, name, models.PointIdsList(points=list(batch)), wait=True)

    def count(self, name: str, where: PointFilter | None = None) -> int:
        conditions, rest = self._divide(name, where)
        bounds = self._bounds(name)
        if rest is not None or not bounds.exact:
            return sum(len(page) for page in self.scroll(name, where, payload=False, page=bounds.n_listed))
        return int(self._ask(self._client.count, name, conditions, exact=True).count)

    def scroll(
        self,
        name: str,
        where: PointFilter | None = None,
        payload: bool | Sequence[str] = True,
        vectors: bool = False,
        page: int = 1000,
        start: PointId | None = None,
    ) -> Iterator[list[Point]]:
        offset: Any = start
        conditions, rest = self._divide(name, where)
        if rest is not None and payload is not True:
            payload = sorted({*(payload or ()), *(field_root(field) for field in rest.fields)})
        options = {"with_payload": to_fields(payload), "with_vectors": vectors}
        limit = min(page, self._bounds(name).n_listed)
        while True:
            rows, offset = self._ask(self._client.scroll, name, conditions, limit, offset=offset, **options)
            points = [from_model(row) for row in rows]
            if rest is not None:
                points = [p for p in points if self._is_in(rest, p.id) and rest.holds(p.payload)]
            if points:
                yield points
            if offset is None:
                return

    def _divide(self, name: str, where: PointFilter | None) -> tuple[models.Filter | None, PointFilter | None]:
        """The part of a filter that the server is asked for, and the part that is looked at here; None where none is.

        What a server cannot do, or a strict one refuses for want of an index, is done here: slower, never wrong.
        """
        if where is None:
            return None, None
        bounds = self._bounds(name)
        refused = set() if bounds.reads_unindexed else where.fields - set(self._info(name).payload_schema)
        cuts = where.slice is None or self.features.slices
        if cuts and not refused:
            return to_filter(where, n_values=bounds.n_values), None
        asked = replace(where.of_fields(where.fields - refused), ids=where.ids, slice=where.slice)
        asked = replace(asked, has=where.has, lacks=where.lacks)
        rest = replace(where.of_fields(refused), slice=None if cuts else where.slice)
        return to_filter(asked, cuts, bounds.n_values), rest

    def _is_in(self, where: PointFilter, point: PointId) -> bool:
        """Whether a point is in the slice asked for."""
        if where.slice is None:
            return True
        index, total = where.slice
        return point_id_slice(point, total) == index

    def sample(
        self, name: str, where: PointFilter, n: int, payload: bool | Sequence[str] = True, vectors: bool = False
    ) -> list[Point]:
        drawn = models.SampleQuery(sample=models.Sample.RANDOM)
        limit = min(n, self._bounds(name).n_listed)
        options = {"query_filter": to_filter(where), "limit": limit, "with_payload": False}
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
        conditions, rest = self._divide(name, where)
        bounds = self._bounds(name)

        def ask(query: SparseVector, among: Sequence[PointId] | None, limit: int) -> list[PointId]:
            filtered = conditions if among is None else to_filter(PointFilter(ids=among), n_values=bounds.n_values)
            options = {"using": using, "query_filter": filtered, "limit": limit, "with_payload": False}
            rows = self._ask(self._client.query_points, name, query=to_model(query), **options).points
            return [plain_id(row.id) for row in rows]

        def pages(size: int) -> Iterable[list[PointId]]:
            for page in self.scroll(name, where, payload=False, page=size):
                yield [point.id for point in page]

        found = find_carriers(cells, bounds, ask, pages)
        if rest is None or not found:
            return found
        needed = sorted({field_root(field) for field in rest.fields})
        kept = self.get(name, [point for point in found if self._is_in(rest, point)], needed or False)
        return {point.id for point in kept if rest.holds(point.payload)}

    def write_vectors(
        self, name: str, updates: Sequence[VectorUpdate], stamp: Mapping[str, Any] | None = None
    ) -> list[PointId]:
        if not updates:
            return []
        bounds, indexed = self._bounds(name), set(self._info(name).payload_schema)
        writer = GuardedWriter(
            partial(self._post, name),
            partial(self.get, name),
            self.features.guarded_writes,
            bounds.writes_unindexed or all(field in indexed for u in updates for field in u.unchanged),
        )
        rows = [(update, update_bytes(update)) for update in updates]
        parts = list(sized_batches(rows, n_guarded(bounds, updates)))
        if len(parts) == 1:
            return writer.write(parts[0], stamp)
        with ThreadPoolExecutor(_IN_FLIGHT) as pool:
            return [point for done in pool.map(lambda part: writer.write(part, stamp), parts) for point in done]

    def set_payload(self, name: str, ids: Sequence[PointId], payload: Mapping[str, Any]) -> None:
        for batch in batches(ids, self._bounds(name).n_values):
            there = models.Filter(must=[models.HasIdCondition(has_id=list(batch))])
            # by ids, one that is gone would refuse them all
            self._ask(self._client.set_payload, name, dict(payload), there, wait=True)

    def optimize(self, name: str, is_ours: bool = False) -> None:
        clear_stale(self._client, name, self.describe(name), is_ours)

    def purge(self, name: str) -> bool:
        """Nothing a client can ask of a server: its optimiser frees the space of deleted points in its own time."""
        return False

    def close(self) -> None:
        (self._leave or self._client.close)()

    def lease(self, leave: Callable[[], None]) -> ServerPoints:
        lease = copy(self)  # with what is known of the server; collections it looks at anew
        lease._infos, lease._leave = {}, leave
        return lease

    def __enter__(self) -> ServerPoints:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()
