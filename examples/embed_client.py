"""A query encoder without miniCOIL in it: vectors come over HTTP from `minicoil serve-embeddings`, Qdrant searches.

    minicoil serve-embeddings path/to/model --avg-len 8
    python examples/embed_client.py http://127.0.0.1:8300 "pool of workers"

Another language does the same: one POST for vectors, one query of Qdrant with both lists as they came.
"""

import json
import sys
import urllib.request
from collections.abc import Sequence

from qdrant_client import QdrantClient, models

COLLECTION = "over-http"
DOCUMENTS = (
    "A pool of workers takes tasks from a queue and runs them.",
    "The pool is heated, and swimmers must shower before they enter the water.",
    "Connections to the database are pooled, because opening one is slow.",
    "Workers of the mine went on strike for better pay.",
)


def embed(service: str, texts: Sequence[str], kind: str) -> list[models.SparseVector]:
    """Vectors of texts, in order. `kind` is "query" or "document": the wrong one looks right and ranks badly."""
    body = json.dumps({"texts": list(texts), "kind": kind}).encode()
    with urllib.request.urlopen(f"{service}/embed", body, timeout=60) as answer:  # 4xx and 5xx raise HTTPError
        return [models.SparseVector(**vector) for vector in json.load(answer)["vectors"]]


def fill(client: QdrantClient, service: str, documents: Sequence[str]) -> None:
    """A collection of the documents. Qdrant counts in how many of them a word occurs: without IDF no BM25."""
    client.create_collection(COLLECTION, {}, {"minicoil": models.SparseVectorParams(modifier=models.Modifier.IDF)})
    vectors = [{"minicoil": vector} for vector in embed(service, documents, "document")]
    client.upload_collection(COLLECTION, vectors, [{"text": text} for text in documents], range(len(documents)))


def search(client: QdrantClient, service: str, query: str, limit: int = 3) -> list[models.ScoredPoint]:
    """The best documents."""
    (vector,) = embed(service, [query], "query")
    return client.query_points(COLLECTION, query=vector, using="minicoil", limit=limit).points


if __name__ == "__main__":
    client, service = QdrantClient(":memory:"), sys.argv[1].rstrip("/")
    fill(client, service, DOCUMENTS)
    for point in search(client, service, sys.argv[2]):
        sys.stdout.write(f"{point.score:.3f}  {(point.payload or {})['text']}\n")
