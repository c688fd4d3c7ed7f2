"""IDF read off an engine's scores is the engine's own."""

import numpy as np
import pytest

from minicoil.retrieval.exact_index import ExactIndex
from minicoil.sparse.cells import SparseVector
from tasks.collections.engine_idf import EngineIdf
from tasks.points import CollectionSchema, Point
from tasks.qdrant import open_points


def random_vectors(rng, n, n_cells=60):
    """Vectors with cells of every frequency and values of both signs."""
    weights = 1 / np.arange(1, n_cells + 1)
    answer = []
    for _ in range(n):
        size = int(rng.integers(1, 12))
        cells = np.sort(rng.choice(n_cells, size, replace=False, p=weights / weights.sum()))
        answer.append(SparseVector(cells.astype(np.int32), rng.normal(0.4, 0.8, size).astype(np.float32)))
    return answer


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with open_points(tmp_path_factory.mktemp("engine")) as points:
        yield points


@pytest.fixture(scope="module")
def random_collection(engine):
    vectors = random_vectors(np.random.default_rng(3), 400)
    engine.ensure("random", CollectionSchema(sparse=("a",)))
    engine.upsert("random", [Point(i, {}, {"a": vector}) for i, vector in enumerate(vectors)])
    engine.optimize("random")
    return vectors


def test_the_engines_own_idf_is_read_off_its_scores(engine, random_collection):
    some = random_collection[:50]
    read = EngineIdf(engine, "random", "a", some, list(range(50)))
    cells = np.unique(np.concatenate([vector.indices for vector in some]))
    np.testing.assert_allclose(read(cells), ExactIndex(random_collection).idf(cells), rtol=1e-4)
    assert read(np.asarray([10_000], np.int32)).tolist() == [0.0]
