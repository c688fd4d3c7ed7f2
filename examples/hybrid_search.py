"""Hybrid search with one forward pass a text: miniCOIL's sparse vector and the encoder's dense one, fused by Qdrant.

    python examples/hybrid_search.py path/to/model "pool of workers"

The model is a folder that `minicoil release pull production path/to/model` gives.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from qdrant_client import QdrantClient, models

import minicoil

COLLECTION = "hybrid"
DOCUMENTS = (
    "A pool of workers takes tasks from a queue and runs them.",
    "The pool is heated, and swimmers must shower before they enter the water.",
    "Connections to the database are pooled, because opening one is slow.",
    "Workers of the mine went on strike for better pay.",
)


def fill(client: QdrantClient, model: minicoil.MiniCoil, documents: Sequence[str]) -> None:
    """A collection with both vectors of every document; sizes come from the model."""
    client.create_collection(
        COLLECTION,
        vectors_config={"dense": models.VectorParams(size=model.stack.shape[1], distance=models.Distance.COSINE)},
        # Qdrant counts in how many documents a word occurs; without it, no BM25
        sparse_vectors_config={"minicoil": models.SparseVectorParams(modifier=models.Modifier.IDF)},
    )
    points = [
        models.PointStruct(
            id=number, payload={"text": text}, vector={"dense": both.dense.tolist(), "minicoil": sparse(both)}
        )
        for number, (text, both) in enumerate(zip(documents, model.embed_hybrid(documents), strict=True))
    ]
    client.upsert(COLLECTION, points)


def search(client: QdrantClient, model: minicoil.MiniCoil, query: str, limit: int = 3) -> list[models.ScoredPoint]:
    """The best documents of both rankings, fused by reciprocal rank."""
    (both,) = model.query_embed_hybrid(query)
    found = client.query_points(
        COLLECTION,
        prefetch=[
            models.Prefetch(query=both.dense.tolist(), using="dense", limit=20),
            models.Prefetch(query=sparse(both), using="minicoil", limit=20),
        ],
        query=models.FusionQuery(fusion=models.Fusion.RRF),
        limit=limit,
    )
    return found.points


def sparse(both: minicoil.HybridVector) -> models.SparseVector:
    """As qdrant-client takes it."""
    return models.SparseVector(indices=both.sparse.indices.tolist(), values=both.sparse.values.tolist())


def main(folder: str, query: str) -> None:
    """Fill a collection in memory and search it."""
    model = minicoil.load(folder, avg_len=8.0)
    client = QdrantClient(":memory:")
    fill(client, model, DOCUMENTS)
    for point in search(client, model, query):
        sys.stdout.write(f"{point.score:.3f}  {(point.payload or {})['text']}\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
