"""IDF read off an engine's scores is the engine's own."""

import numpy as np
import pytest

from minicoil.retrieval.exact_index import ExactIndex
from minicoil.sparse.cells import SparseVector
from tasks.collections.engine_idf import EngineIdf
from tasks.points import CollectionSchema, Point
from tasks.qdrant import open_points

N_CELLS = 40


@pytest.fixture(scope="module")
def documents():
    """Vectors with cells of every frequency and values of both signs."""
    rng, weights = np.random.default_rng(3), 1 / np.arange(1, N_CELLS + 1)
    answer = []
    for _ in range(150):
        size = int(rng.integers(1, 9))
        cells = np.sort(rng.choice(N_CELLS, size, replace=False, p=weights / weights.sum()))
        answer.append(SparseVector(cells.astype(np.int32), rng.normal(0.4, 0.8, size).astype(np.float32)))
    return answer


@pytest.fixture(scope="module")
def engine(documents, tmp_path_factory):
    with open_points(tmp_path_factory.mktemp("engine")) as points:
        points.ensure("docs", CollectionSchema(sparse=("a",)))
        points.upsert("docs", [Point(i, {}, {"a": vector}) for i, vector in enumerate(documents)])
        points.optimize("docs")
        yield points


def test_the_engines_own_idf_is_read_off_its_scores(engine, documents):
    some = documents[:50]
    read = EngineIdf(engine, "docs", "a", some, list(range(50)))
    cells = np.unique(np.concatenate([vector.indices for vector in some]))
    np.testing.assert_allclose(read(cells), ExactIndex(documents).idf(cells), rtol=1e-4)
    assert read(np.asarray([10_000], np.int32)).tolist() == [0.0]


def test_each_cell_is_asked_for_once_however_often_it_is_wanted(engine, documents, monkeypatch):
    asked, search = [], type(engine).search
    monkeypatch.setattr(
        type(engine), "search", lambda self, *arguments: asked.append(arguments) or search(self, *arguments)
    )
    read = EngineIdf(engine, "docs", "a", documents[:5], list(range(5)))
    cells = np.unique(np.concatenate([vector.indices for vector in documents[:5]]))
    first = read(cells)
    np.testing.assert_array_equal(read(np.repeat(cells, 3)), np.repeat(first, 3))
    assert len(asked) == len(cells)


def test_a_cell_is_asked_for_at_the_point_that_has_most_of_it(engine, monkeypatch):
    """A small value would be divided by, and its rounding told as IDF."""
    one = SparseVector(np.asarray([1, 2], np.int32), np.asarray([0.001, 0.5], np.float32))
    other = SparseVector(np.asarray([1], np.int32), np.asarray([-3.0], np.float32))
    asked = []
    monkeypatch.setattr(type(engine), "search", lambda self, *arguments: asked.append(arguments) or [])
    read = EngineIdf(engine, "docs", "a", [one, other], [7, 8])
    assert read(np.asarray([1, 2], np.int32)).tolist() == [0.0, 0.0]  # both points are gone meanwhile
    assert [where.ids for *_, where in asked] == [[8], [7]]
    assert [arguments[2].values.tolist() for arguments in asked] == [[-1.0], [1.0]]
