"""The example runs as it is printed against the service, and brings no model of its own."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError

import pytest
from qdrant_client import QdrantClient
from vector_server import VectorServer

import minicoil

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "embed_client.py"
pytestmark = pytest.mark.filterwarnings("ignore")  # of qdrant-client's local mode


@pytest.fixture(scope="module")
def service(bundle):
    with VectorServer(bundle, "--avg-len", 8) as server:
        yield server.ready["url"]


def test_vectors_are_those_of_the_library_and_qdrant_finds_with_them(example, bundle, service):
    model, client = minicoil.load(bundle, avg_len=8.0, threads=1), QdrantClient(":memory:")
    for kind, encode in (("document", model.embed), ("query", model.query_embed)):
        for found, expected in zip(
            example.embed(service, example.DOCUMENTS, kind), encode(example.DOCUMENTS), strict=True
        ):
            assert found.indices == expected.indices.tolist()
            assert found.values == pytest.approx(expected.values, abs=2e-6)
    example.fill(client, service, example.DOCUMENTS)
    assert [point.id for point in example.search(client, service, "swimmers", limit=1)] == [1]
    assert example.search(client, service, "a queue of tasks")[0].id == 0


def test_what_the_service_refuses_is_raised(example, service):
    with pytest.raises(HTTPError, match="400"):
        example.embed(service, ["pool"], "quarry")


def test_it_needs_neither_this_package_nor_a_model():
    nodes = list(ast.walk(ast.parse(EXAMPLE.read_text("utf-8"))))
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert not any(name.split(".")[0] in {"minicoil", "tasks", "fastembed"} for name in names)


def test_the_example_runs_from_the_command_line(service):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, str(EXAMPLE), f"{service}/", "a queue of tasks"]
    environment["PYTHONWARNINGS"] = "ignore"
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].endswith("A pool of workers takes tasks from a queue and runs them.")
