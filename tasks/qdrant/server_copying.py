"""A collection created on a Qdrant server in the likeness of another: its settings kept, or refused by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from pydantic import ValidationError
from qdrant_client import QdrantClient, models

Ask = Callable[..., Any]


def find_uncopyable(info: models.CollectionInfo) -> Iterator[str]:
    """What a copy could not keep, each for people."""
    params = info.config.params
    for name, entry in _dense(params).items():
        if entry.multivector_config is not None:
            yield f"vector '{name}' holds several vectors a point"
    if params.sharding_method == models.ShardingMethod.CUSTOM:
        yield "its points are divided by custom shard keys"
    try:
        _strict(info)
    except ValidationError:
        yield "its strict mode has settings that this version does not know"


def create_options(info: models.CollectionInfo, without: Collection[str], sparse: Sequence[str]) -> dict[str, Any]:
    """What a collection in the likeness of another is created with.

    Args:
        info: What the server says of the other.
        without: Vectors of it that are left out.
        sparse: Sparse vectors with IDF that come to it.
    """
    config, params = info.config, info.config.params
    dense: Any = {name: entry for name, entry in _dense(params).items() if name not in without}
    kept = {name: entry for name, entry in (params.sparse_vectors or {}).items() if name not in without}
    fresh = {name: models.SparseVectorParams(modifier=models.Modifier.IDF) for name in sparse}
    options: dict[str, Any] = {
        "vectors_config": dense[""] if set(dense) == {""} else dense,
        "sparse_vectors_config": {**kept, **fresh},
        "shard_number": params.shard_number,
        "replication_factor": params.replication_factor,
        "write_consistency_factor": params.write_consistency_factor,
        "on_disk_payload": params.on_disk_payload,
        "payload": params.payload,
        "id_tracker": params.id_tracker,
        "hnsw_config": _as(models.HnswConfigDiff, config.hnsw_config),
        "optimizers_config": _as(models.OptimizersConfigDiff, config.optimizer_config),
        "wal_config": _as(models.WalConfigDiff, config.wal_config),
        "quantization_config": config.quantization_config,
        "strict_mode_config": _strict(info),
        "metadata": config.metadata,
    }
    return {name: value for name, value in options.items() if value is not None}


def copy_indexes(
    ask: Ask, client: QdrantClient, name: str, like: models.CollectionInfo, there: Collection[str]
) -> None:
    """The payload indexes of another collection, each with its parameters."""
    for field, entry in like.payload_schema.items():
        if field not in there:
            ask(client.create_payload_index, name, field, entry.params or entry.data_type, wait=True)


def set_reading(ask: Ask, client: QdrantClient, name: str, like: models.CollectionInfo) -> None:
    """How reads are spread over replicas, which no collection can be created with."""
    params = like.config.params
    if params.read_fan_out_factor is not None or params.read_fan_out_delay_ms is not None:
        spread = models.CollectionParamsDiff(
            read_fan_out_factor=params.read_fan_out_factor, read_fan_out_delay_ms=params.read_fan_out_delay_ms
        )
        ask(client.update_collection, name, collection_params=spread)


def find_unlike(one: models.CollectionInfo, copy: models.CollectionInfo, without: Collection[str]) -> list[str]:
    """Settings of a collection that its copy has not, or has otherwise; what the copy has besides does not count."""
    left, right = _settings(one, without), _settings(copy, ())
    return sorted(name for name, value in left.items() if right.get(name) != value)


def _settings(info: models.CollectionInfo, without: Collection[str]) -> dict[str, Any]:
    """Setting, vector or index -> what it is."""
    document = info.config.model_dump(mode="json", exclude_none=True)
    params = document.pop("params")
    params.pop("vectors", None)
    params.pop("sparse_vectors", None)
    settings = {**params, **document}
    vectors = {**_dense(info.config.params), **(info.config.params.sparse_vectors or {})}
    for name, entry in vectors.items():
        if name not in without:
            settings[f"vector '{name}'"] = entry.model_dump(mode="json", exclude_none=True)
    for field, index in info.payload_schema.items():
        settings[f"index of '{field}'"] = index.model_dump(mode="json", exclude_none=True, exclude={"points"})
    return settings


def _dense(params: models.CollectionParams) -> dict[str, models.VectorParams]:
    """Vector name -> its settings; an unnamed one is named ""."""
    vectors = params.vectors
    return dict(vectors) if isinstance(vectors, dict) else {"": vectors} if vectors else {}


def _as(kind: Any, settings: Any) -> Any:
    """The same settings in the shape that a request takes; those it does not know are the server's own."""
    if settings is None:
        return None
    known = settings.model_dump(exclude_none=True, include=set(kind.model_fields))
    return kind.model_validate(known)


def _strict(info: models.CollectionInfo) -> models.StrictModeConfig | None:
    found = info.config.strict_mode_config
    return None if found is None else models.StrictModeConfig.model_validate(found.model_dump(exclude_none=True))
