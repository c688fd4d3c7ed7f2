"""The example runs as it is printed, and its two rankings are fused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

import minicoil

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "hybrid_search.py"
pytestmark = pytest.mark.filterwarnings("ignore")  # of qdrant-client's local mode


def test_a_collection_is_filled_and_queried_with_both_vectors(example, bundle):
    model = minicoil.load(bundle, avg_len=8.0, threads=1)
    client = QdrantClient(":memory:")
    example.fill(client, model, example.DOCUMENTS)
    points, _ = client.scroll(example.COLLECTION, with_vectors=True)
    assert [set(point.vector) for point in points] == [{"dense", "minicoil"}] * len(example.DOCUMENTS)
    assert len(points[0].vector["dense"]) == 384
    best = example.search(client, model, "a pool with workers")[0]
    assert best.id == 0
    assert best.score == pytest.approx(1.0)  # first in both rankings: 1/2 and 1/2
    # a word none of the documents has: the dense ranking alone still answers
    assert example.search(client, model, "bathing")[0].id == 1


def test_the_example_runs_from_the_command_line(bundle):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(EXAMPLE), str(bundle), "a pool with workers"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].endswith("A pool of workers takes tasks from a queue and runs them.")
