"""How this service makes a collection on a Qdrant server, and whether one that is there will do."""

from __future__ import annotations

from typing import Any

from qdrant_client import models

from minicoil.errors import CollectionError
from tasks.points import CollectionSchema, CollectionShape

# IDF counts a cell of an overwritten point until the optimiser clears the point away. A server's defaults leave a fifth
# of a segment; a tenth of a percent would keep it rewriting segments under any steady writer.
STALE_SHARE, STALE_POINTS = 0.01, 100
CLEARED_SHARE = 1e-6  # while a re-encoding's remains are cleared away: any dead posting counts


def create_options(schema: CollectionSchema) -> dict[str, Any]:
    """What a collection of the schema is created with."""
    graph = None if schema.is_searched else models.HnswConfigDiff(m=0)  # training data is sampled and scanned
    dense = {
        name: models.VectorParams(size=size, distance=models.Distance.COSINE, hnsw_config=graph)
        for name, size in schema.dense.items()
    }
    sparse = {name: models.SparseVectorParams(modifier=models.Modifier.IDF) for name in schema.sparse}
    return {
        "vectors_config": dense,
        "sparse_vectors_config": sparse,
        "optimizers_config": models.OptimizersConfigDiff(
            deleted_threshold=STALE_SHARE, vacuum_min_vector_number=STALE_POINTS
        ),
        **({"shard_number": 1} if schema.is_whole else {}),
    }


def index_kinds(schema: CollectionSchema) -> dict[str, Any]:
    """Payload fields to index, with the kind of index."""
    words = models.TextIndexParams(type=models.TextIndexType.TEXT, tokenizer=models.TokenizerType.WORD, lowercase=True)
    kinds: dict[str, Any] = dict.fromkeys(schema.keyword, models.PayloadSchemaType.KEYWORD)
    return kinds | dict.fromkeys(schema.integer, models.PayloadSchemaType.INTEGER) | dict.fromkeys(schema.text, words)


def check_schema(name: str, shape: CollectionShape, schema: CollectionSchema) -> None:
    """Nothing, where a collection has the vectors of the schema.

    Raises:
        CollectionError: one is missing or of another kind.
    """
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
            raise CollectionError(f"collection '{name}': vector '{key}' lacks the IDF modifier; index into a new one")
