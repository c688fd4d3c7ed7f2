"""One collection of the double: its settings, its shards, and what strict mode says of requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np
from qdrant_double_bodies import bad_format, bad_request, field, wrong_input
from qdrant_double_filters import BadFilterError, Check, Path, compile_filter, id_bound, parse_path, values_at
from qdrant_double_segments import Shard, Sparse, Stored, Vector
from qdrant_double_shards import shard_of
from qdrant_double_strict import RateLimiter, check_bound, check_filter

OPTIMIZERS = {
    "deleted_threshold": 0.2,
    "vacuum_min_vector_number": 1000,
    "default_segment_number": 2,
    "max_segment_size": None,
    "memmap_threshold": None,
    "indexing_threshold": 10000,
    "flush_interval_sec": 5,
    "max_optimization_threads": None,
    "prevent_unoptimized": None,
}
HNSW = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000, "max_indexing_threads": 0, "on_disk": False}
WAL = {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1}
KINDS: dict[str, Any] = {  # of payload indexes -> types of values that they take
    **dict.fromkeys(("keyword", "text", "uuid", "datetime"), str),
    **dict.fromkeys(("integer", "float"), (int, float)),
    "bool": bool,
    "geo": dict,
}
DISTANCES = ("Cosine", "Dot", "Euclid", "Manhattan")


class Collection:
    """Points in shards, and the settings that the server tells of."""

    def __init__(self, body: Mapping[str, Any], n_shards: int, version: tuple[int, int], seed: int) -> None:
        vectors = body.get("vectors") or {}
        self.unnamed = "size" in vectors
        self.dense: dict[str, Any] = {"": dict(vectors)} if self.unnamed else deepcopy(dict(vectors))
        self.sparse: dict[str, Any] = deepcopy(dict(body.get("sparse_vectors") or {}))
        for entry in self.dense.values():
            if entry.get("distance") not in DISTANCES or not (entry.get("size") or 0) > 0:
                raise bad_format("data did not match any variant of untagged enum VectorsConfig", before_end=0)
        self.params = {
            "shard_number": body.get("shard_number") or n_shards,
            "replication_factor": body.get("replication_factor") or 1,
            "write_consistency_factor": body.get("write_consistency_factor") or 1,
            "on_disk_payload": body.get("on_disk_payload", True),
        }
        if body.get("sharding_method"):
            self.params["sharding_method"] = body["sharding_method"]
        self.hnsw = {**HNSW, **_given(body.get("hnsw_config"))}
        self.optimizers = {**OPTIMIZERS, **_given(body.get("optimizers_config"))}
        self.wal = {**WAL, **_given(body.get("wal_config"))}
        self.quantization = body.get("quantization_config")
        self.metadata = body.get("metadata")
        self.strict = _given(body.get("strict_mode_config")) if body.get("strict_mode_config") else None
        self.schema: dict[str, Any] = {}
        self.shards = [Shard() for _ in range(self.params["shard_number"])]
        self.op = 0
        self.version = version
        self.seed = seed
        self._sorted: list[Any] | None = None
        self._limiters: dict[str, RateLimiter] = {}
        self._has_been_written = False
        self.limit_rates(self.strict or {})  # a new collection does so whether strict mode is on or not

    # what it is

    def describe(self) -> dict[str, Any]:
        """The answer to a question for the collection."""
        vectors: Any = self.dense[""] if self.unnamed else dict(sorted(self.dense.items()))
        params = {"vectors": vectors, **self.params}
        if self.sparse:
            params["sparse_vectors"] = dict(sorted(self.sparse.items()))
        config = {
            "params": params,
            "hnsw_config": self.hnsw,
            "optimizer_config": self.optimizers,
            "wal_config": self.wal,
            "quantization_config": self.quantization,
        }
        if self.strict is not None:
            config["strict_mode_config"] = self.strict
        if self.metadata is not None:
            config["metadata"] = self.metadata
        return {
            "status": "green",
            "optimizer_status": "ok",
            "indexed_vectors_count": sum(shard.indexed_vectors() for shard in self.shards),
            "points_count": len(self),
            "segments_count": 2 * len(self.shards),
            "config": config,
            "payload_schema": {key: self._schema_entry(key, entry) for key, entry in self.schema.items()},
            "update_queue": {"length": 0},
        }

    def _schema_entry(self, key: str, entry: Any) -> dict[str, Any]:
        plain = isinstance(entry, str)
        kind, path = entry if plain else entry["type"], parse_path(key)
        shown: dict[str, Any] = {"data_type": kind}
        if not plain:
            shown["params"] = entry
        n_points = sum(_holds(stored.payload, path, kind) for shard in self.shards for stored in shard.points.values())
        return {**shown, "points": n_points}

    def __len__(self) -> int:
        return sum(len(shard.points) for shard in self.shards)

    def get(self, point_id: Any) -> Stored | None:
        return self.shard_of(point_id).points.get(point_id)

    def shard_of(self, point_id: Any) -> Shard:
        return self.shards[shard_of(point_id, len(self.shards))]

    def sorted_ids(self) -> list[Any]:
        """Integers first, then UUIDs."""
        if self._sorted is None:
            ids = [i for shard in self.shards for i in shard.points]
            self._sorted = sorted(ids, key=lambda i: (isinstance(i, str), i))
        return self._sorted

    def next_op(self) -> int:
        """The number of an operation on points that begins."""
        self.op += 1
        self._sorted = None
        return self.op

    def check(self, where: Mapping[str, Any] | None) -> Check:
        """The filter as a function of this collection's points."""
        try:
            return compile_filter(where, self.schema, self.version)
        except BadFilterError as error:
            raise bad_format(str(error), before_end=0) from None

    def matching(self, where: Mapping[str, Any] | None, shard: Shard | None = None) -> list[Any]:
        """Ids of the points that a filter holds for, in no order."""
        check, bound = self.check(where), id_bound(where)
        shards = self.shards if shard is None else [shard]
        if bound is not None and len(bound) < len(self):
            found = [(i, s.points[i]) for s in shards for i in bound if i in s.points]
            return [i for i, stored in found if check(i, stored)]
        return [i for s in shards for i, stored in s.points.items() if check(i, stored)]

    # what strict mode says

    def limit_rates(self, settings: Mapping[str, Any]) -> None:
        """Buckets as the settings ask for them, full; one for all shards, where the server has one each."""
        asked = {what: settings.get(f"{what}_rate_limit") for what in ("read", "write")}
        self._limiters = {what: RateLimiter(n, what.title()) for what, n in asked.items() if n}

    def take(self, what: str, cost: int) -> None:
        """Tokens for a read or a write; the first write of all is tried twice by the server, and pays twice."""
        if what not in self._limiters:
            return
        self._limiters[what].take(max(cost, 1))
        if what == "write" and not self._has_been_written:
            self._has_been_written = True
            self._limiters[what].take(max(cost, 1))

    @property
    def bounds(self) -> Mapping[str, Any]:
        """The settings of strict mode, where it is on."""
        return self.strict if self.strict and self.strict.get("enabled") else {}

    def check_read(self, where: Mapping[str, Any] | None, limit: int | None = None) -> None:
        check_bound(limit or 0, self.bounds.get("max_query_limit"), "limit")
        check_filter(where, self.schema, self.bounds, writes=False)

    def check_write(self, kind: str, body: Mapping[str, Any]) -> None:
        """Before anything is written; of a guard nothing is asked."""
        if kind in ("upsert", "update_vectors"):
            n = len(body["batch"]["ids"] if "batch" in body else body["points"])
            name = "upsert limit" if kind == "upsert" else "update limit"
            check_bound(n, self.bounds.get("upsert_max_batchsize"), name)
            most = self.bounds.get("max_points_count")
            if most is not None and len(self) >= most:
                raise bad_request(f"Max points count limit of {most} reached!")
        else:
            check_filter(body.get("filter"), self.schema, self.bounds, writes=True)

    # what is stored

    def check_names(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.dense and name not in self.sparse:
                raise wrong_input(f"Not existing vector name error: {name}")

    def check_sizes(self, vectors: Mapping[str, Vector]) -> None:
        """Refuse a dense vector of another size, before anything has a number."""
        for name, vector in vectors.items():
            if name in self.dense:
                size = self.dense[name]["size"]
                if not isinstance(vector, Sparse) and vector.shape[-1] != size:
                    of = f" for vector '{name}'" if name else ""
                    raise wrong_input(f"Vector dimension error: expected dim: {size}, got {vector.shape[-1]}{of}")

    def fit(self, vectors: Mapping[str, Vector]) -> dict[str, Vector]:
        """Vectors as they are stored; one for no place, or of another kind, is refused."""
        self.check_names(vectors)
        fitting: dict[str, Vector] = {}
        for name, vector in vectors.items():
            if (name in self.sparse) != isinstance(vector, Sparse):
                raise wrong_input("Conversion between sparse and regular vectors failed")
            if isinstance(vector, Sparse):
                order = np.argsort(vector.indices, kind="stable")
                fitting[name] = Sparse(vector.indices[order], vector.values[order])
            elif vector.shape[-1] != self.dense[name]["size"]:
                size = self.dense[name]["size"]
                raise wrong_input(f"Vector dimension error: expected dim: {size}, got {vector.shape[-1]}")
            else:
                fitting[name] = normal(vector) if self.dense[name]["distance"] == "Cosine" else vector
        return fitting

    def optimise(self) -> None:
        settings = self.optimizers
        for shard in self.shards:
            shard.optimise(
                settings["deleted_threshold"] or 0.0,
                settings["vacuum_min_vector_number"] or 0,
                (settings["indexing_threshold"] or 0) * 1024,
                settings["default_segment_number"] or 2,
            )

    # what is changed of its settings

    def change(self, body: Mapping[str, Any]) -> None:
        """Settings that are given take the place of those there."""
        for name, entry in (body.get("vectors") or {}).items():
            if name not in self.dense:
                raise wrong_input(f"Not existing vector name error: {name}")
            self.dense[name] |= _given(entry)
        for name, entry in (body.get("sparse_vectors") or {}).items():
            if name not in self.sparse:
                raise wrong_input(f"Not existing vector name error: {name}")
            self.sparse[name] |= _given(entry)
        self.params |= _given(body.get("params"))
        self.hnsw |= _given(body.get("hnsw_config"))
        self.optimizers |= _given(body.get("optimizers_config"))
        if body.get("quantization_config") is not None:
            disabled = body["quantization_config"] == "Disabled"
            self.quantization = None if disabled else body["quantization_config"]
        if body.get("metadata") is not None:
            self.metadata = {**(self.metadata or {}), **body["metadata"]}
        if body.get("strict_mode_config") is not None:
            self.strict = {**(self.strict or {}), **_given(body["strict_mode_config"])}
            self.limit_rates(self.bounds)
        self.optimise()

    def add_vector(self, name: str, body: Mapping[str, Any]) -> int:
        """A named vector, in place; the same once more changes nothing."""
        if not body.keys() & {"sparse", "dense"}:
            raise bad_format("data did not match any variant of untagged enum VectorNameConfig")
        kind = "sparse" if "sparse" in body else "dense"
        here, other = (self.sparse, self.dense) if kind == "sparse" else (self.dense, self.sparse)
        if name in other:
            raise wrong_input(f"Vector `{name}` already exists as a {'dense' if kind == 'sparse' else 'sparse'} vector")
        given = _given(body[kind])
        known = ("modifier", "datatype") if kind == "sparse" else ("size", "distance", "multivector_config", "datatype")
        if name in here and any(here[name].get(k) != given.get(k) for k in known):
            what = "Sparse vector" if kind == "sparse" else "Vector"
            raise wrong_input(f"{what} `{name}` already exists with a different configuration")
        here.setdefault(name, given)
        self.op += 2  # one of the collection, one of the request
        return self.op

    def delete_vector(self, name: str) -> int:
        for shard in self.shards:
            for stored in shard.points.values():
                stored.vectors.pop(name, None)
            for segment in (shard.plain, shard.indexed):
                segment.postings.pop(name, None)
        self.dense.pop(name, None)
        self.sparse.pop(name, None)
        self.op += 2
        return self.op

    def add_index(self, body: Mapping[str, Any]) -> int:
        most = self.bounds.get("max_payload_index_count")
        if most is not None and len(self.schema) >= most:
            raise bad_request(
                f"Collection already has the maximum number of payload indices ({most}). "
                "Help: Please delete an existing index before creating a new one."
            )
        key, schema = field(body, "field_name"), body.get("field_schema", body.get("field_type"))
        if schema is None:
            raise bad_request("Can't auto-detect field type, please specify `field_schema` in the request")
        if (schema if isinstance(schema, str) else schema.get("type")) not in KINDS:
            raise bad_format("data did not match any variant of untagged enum PayloadFieldSchema", before_end=0)
        self.schema[key] = schema if isinstance(schema, str) else _given(schema)
        self.op += 2
        return self.op

    def delete_index(self, field: str) -> int:
        self.schema.pop(field, None)
        self.op += 2
        return self.op


def normal(vector: np.ndarray) -> np.ndarray:
    """Of length one, row by row; a zero vector stays one, and so does what is nearly of length one, to the bit.

    Source: lib/segment/src/spaces/tools.rs, `is_length_zero_or_normalized`.
    """
    squared = np.sum(np.square(vector, dtype=np.float32), axis=-1, keepdims=True, dtype=np.float32)
    left_alone = (squared < np.finfo(np.float32).eps) | (np.abs(squared - 1) <= 1e-6)
    return (vector / np.where(left_alone, 1, np.sqrt(squared))).astype(np.float32)


def _holds(payload: dict[str, Any], path: Path, kind: str) -> bool:
    """Whether there is a value that an index of a kind takes."""
    types = KINDS[kind]
    found = [v for value in values_at(payload, path) for v in (value if isinstance(value, list) else [value])]
    return any(isinstance(v, types) and isinstance(v, bool) == (kind == "bool") for v in found)


def _given(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Settings without those that are null."""
    return {key: value for key, value in (settings or {}).items() if value is not None}
