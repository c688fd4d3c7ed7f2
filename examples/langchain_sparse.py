"""miniCOIL as the sparse embeddings of LangChain's Qdrant store; needs `pip install langchain-qdrant`.

    python examples/langchain_sparse.py path/to/model "pool of workers"

The model is a folder that `minicoil release pull production path/to/model` gives, or an address such as
`s3://bucket/prefix@production`. A query's vector is not a document's: LangChain asks for each by its own method.
"""

import sys

from langchain_qdrant import QdrantVectorStore, RetrievalMode, SparseEmbeddings, SparseVector
from qdrant_client import QdrantClient, models

import minicoil

COLLECTION, NAME = "langchain", "minicoil"
DOCUMENTS = (
    "A pool of workers takes tasks from a queue and runs them.",
    "The pool is heated, and swimmers must shower before they enter the water.",
    "Connections to the database are pooled, because opening one is slow.",
    "Workers of the mine went on strike for better pay.",
)


class MiniCoilSparse(SparseEmbeddings):
    """Sparse vectors of a model; `avg_len` is the mean length of the collection's documents in words."""

    def __init__(self, model: str, avg_len: float) -> None:
        self._model = minicoil.load(model, avg_len=avg_len)

    def embed_documents(self, texts: list[str]) -> list[SparseVector]:
        """One vector a text, in order."""
        return [as_langchain(vector) for vector in self._model.embed(texts)]

    def embed_query(self, text: str) -> SparseVector:
        """The vector that finds documents."""
        (vector,) = self._model.query_embed(text)
        return as_langchain(vector)


def as_langchain(vector: minicoil.SparseVector) -> SparseVector:
    """As LangChain takes it."""
    return SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())


def open_store(client: QdrantClient, embeddings: SparseEmbeddings) -> QdrantVectorStore:
    """A store over a new collection. Qdrant counts in how many documents a word occurs: without IDF no BM25."""
    client.create_collection(COLLECTION, {}, {NAME: models.SparseVectorParams(modifier=models.Modifier.IDF)})
    mode = RetrievalMode.SPARSE  # HYBRID with `embedding=` a dense model beside
    return QdrantVectorStore(
        client, COLLECTION, sparse_embedding=embeddings, sparse_vector_name=NAME, retrieval_mode=mode
    )


if __name__ == "__main__":
    store = open_store(QdrantClient(":memory:"), MiniCoilSparse(sys.argv[1], avg_len=8.0))
    store.add_texts(DOCUMENTS)
    for document, score in store.similarity_search_with_score(sys.argv[2], k=3):
        sys.stdout.write(f"{score:.3f}  {document.page_content}\n")
