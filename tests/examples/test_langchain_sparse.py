"""The example runs as it is printed, and LangChain's store finds by miniCOIL's vectors; where langchain-qdrant is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

import minicoil

pytest.importorskip("langchain_qdrant", reason="langchain-qdrant is not installed; `make examples` installs it")
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "langchain_sparse.py"
pytestmark = pytest.mark.filterwarnings("ignore")  # of LangChain and of qdrant-client's local mode


def test_vectors_are_the_model_s_own_and_a_query_s_is_no_document_s(example, bundle):
    embeddings, model = example.MiniCoilSparse(str(bundle), avg_len=8.0), minicoil.load(bundle, avg_len=8.0)
    (document,), (query,) = model.embed("a pool of workers"), model.query_embed("a pool of workers")
    ours = (embeddings.embed_documents(["a pool of workers"])[0], embeddings.embed_query("a pool of workers"))
    for found, expected in zip(ours, (document, query), strict=True):
        assert found.indices == expected.indices.tolist() and found.values == expected.values.tolist()
    assert ours[0].values != ours[1].values


def test_the_store_answers_with_the_product_of_both_vectors_weighed_by_idf(example, bundle):
    store = example.open_store(QdrantClient(":memory:"), example.MiniCoilSparse(str(bundle), avg_len=8.0))
    store.add_texts(example.DOCUMENTS)
    found = store.similarity_search_with_score("pool", k=3)
    assert {document.page_content for document, _ in found} == {
        example.DOCUMENTS[0],
        example.DOCUMENTS[1],
        example.DOCUMENTS[2],
    }
    assert store.similarity_search("swimmers", k=1)[0].page_content == example.DOCUMENTS[1]
    assert store.client.get_collection(example.COLLECTION).config.params.sparse_vectors[example.NAME].modifier == "idf"


def test_the_example_runs_from_the_command_line(bundle):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(EXAMPLE), str(bundle), "a queue of tasks"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].endswith("A pool of workers takes tasks from a queue and runs them.")
