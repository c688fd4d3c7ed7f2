"""Hybrid search with one forward pass a text: miniCOIL's sparse vector and the encoder's dense one, fused by Qdrant.

    python examples/hybrid_search.py path/to/model "pool of workers"

The model is a folder that `minicoil release pull production path/to/model` gives.
"""

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
    vectors = [{"dense": both.dense.tolist(), "minicoil": sparse(both)} for both in model.embed_hybrid(documents)]
    client.upload_collection(COLLECTION, vectors, [{"text": text} for text in documents], range(len(documents)))


def search(client: QdrantClient, model: minicoil.MiniCoil, query: str, limit: int = 3) -> list[models.ScoredPoint]:
    """The best documents of both rankings, fused by reciprocal rank."""
    (both,) = model.query_embed_hybrid(query)
    dense = models.Prefetch(query=both.dense.tolist(), using="dense", limit=20)
    words = models.Prefetch(query=sparse(both), using="minicoil", limit=20)
    fused = models.FusionQuery(fusion=models.Fusion.RRF)
    return client.query_points(COLLECTION, prefetch=[dense, words], query=fused, limit=limit).points


def sparse(both: minicoil.HybridVector) -> models.SparseVector:
    """As qdrant-client takes it."""
    return models.SparseVector(indices=both.sparse.indices.tolist(), values=both.sparse.values.tolist())


if __name__ == "__main__":
    client, model = QdrantClient(":memory:"), minicoil.load(sys.argv[1], avg_len=8.0)
    fill(client, model, DOCUMENTS)
    for point in search(client, model, sys.argv[2]):
        sys.stdout.write(f"{point.score:.3f}  {(point.payload or {})['text']}\n")
