"""The engine's IDF of rewritten words: right again after our own collections are cleared, measured and said elsewhere."""

import time

import numpy as np
import pytest
from qdrant_double import QdrantDouble
from qdrant_places import SERVER_KINDS, open_server

from minicoil.sparse.cells import SparseVector
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.registry import CollectionRecord
from tasks.points import CollectionSchema, Point, VectorUpdate
from tasks.qdrant.server_schema import CLEARED_SHARE, STALE_POINTS, STALE_SHARE
from tasks.rewriting.idf_deviation import IdfDeviation, measure_idf

VOCABULARY, IDS = Vocabulary.empty(capacity=100).apply({"pod": ["pods"], "node": ["nodes"]})
RECORD = CollectionRecord(
    name="docs",
    channel="production",
    k=1.2,
    b=0.75,
    avg_len=40.0,
    dims=4,
    shift=64000,
    encoder="minilm",
    encoder_digest="",
)
N = 4000


def vector(i, scale=1.0):
    """Every twentieth point has the word "pod"; all have something else."""
    start = IDS["pod"] * 4
    cells = [*range(start, start + 4)] if i % 20 == 0 else []
    others = sorted({70_000 + (31 * i + 97 * j) % 3000 for j in range(30)})  # enough that a real server indexes them
    values = [0.5 * scale] * len(cells) + [1.0] * len(others)
    return SparseVector(np.array([*cells, *others], np.int32), np.array(values, np.float32))


@pytest.fixture(params=SERVER_KINDS)
def rewritten(request):
    """A collection in an indexed segment, the points of one word rewritten."""
    with QdrantDouble() as double, open_server(request.param, double if request.param == "double" else None) as points:
        points.ensure("docs", CollectionSchema(sparse=("minicoil",)))
        settle = {
            "default_segment_number": 1,
            "indexing_threshold": 200,
            "deleted_threshold": 0.2,
            "vacuum_min_vector_number": 1000,
        }
        points._client.update_collection("docs", optimizers_config=settle)
        for start in range(0, N, 1000):
            points.upsert("docs", [Point(i, {}, {"minicoil": vector(i)}) for i in range(start, start + 1000)])
        if request.param == "double":
            double.index()
        points.optimize("docs")  # the real one indexes in its own time
        points.write_vectors("docs", [VectorUpdate(i, {"minicoil": vector(i, 2.0)}) for i in range(0, N, 20)])
        yield points


def test_a_deviation_is_measured_and_gone_when_the_optimiser_was_made_to_clear(rewritten):
    points = rewritten
    (before,) = measure_idf(points, RECORD, VOCABULARY, ["pod", "node", "unheard"])
    assert before.word == "pod" and before.n_points == N // 20 and before.is_off and before.share < -0.05
    points.optimize("docs")
    assert measure_idf(points, RECORD, VOCABULARY, ["pod"])[0].is_off  # somebody else's is left as it is
    points.optimize("docs", is_ours=True)
    (after,) = measure_idf(points, RECORD, VOCABULARY, ["pod"])
    n_shards = points.describe("docs").n_shards  # each counts for itself, and one answer is measured
    assert not after.is_off and abs(after.share) < (1e-3 if n_shards == 1 else after.noise)
    shape = points.describe("docs")
    assert (shape.stale_share, shape.stale_points) == (0.2, 1000)  # as it was found


def test_points_that_other_writers_change_meanwhile_are_not_measured(rewritten, monkeypatch):
    """Between being found and being looked at, points are deleted, or replaced without the vector or the word."""
    find = rewritten.find

    def find_and_lose(*asked):
        ids = list(find(*asked))
        rewritten.delete("docs", ids[::4])
        rewritten.upsert("docs", [Point(i, {}, {}) for i in ids[1::4]])
        rewritten.upsert("docs", [Point(i, {}, {"minicoil": vector(1)}) for i in ids[2::4]])
        return ids

    expected = measure_idf(rewritten, RECORD, VOCABULARY, ["pod"])[0].engine
    monkeypatch.setattr(rewritten, "find", find_and_lose)
    (found,) = measure_idf(rewritten, RECORD, VOCABULARY, ["pod"])
    assert found.engine == pytest.approx(expected, rel=0.3) and found.engine > 0
    monkeypatch.setattr(rewritten, "find", lambda *asked: rewritten.delete("docs", ids := list(find(*asked))) or ids)
    assert measure_idf(rewritten, RECORD, VOCABULARY, ["pod"]) == []


def test_a_threshold_that_a_killed_run_left_is_set_to_what_ours_should_be(rewritten):
    points = rewritten
    low = {"deleted_threshold": CLEARED_SHARE, "vacuum_min_vector_number": STALE_POINTS}
    points._client.update_collection("docs", optimizers_config=low)
    await_settings(points, CLEARED_SHARE, STALE_POINTS)
    points.optimize("docs", is_ours=True)
    await_settings(points, STALE_SHARE, STALE_POINTS)


def await_settings(points, *wanted):
    """A node of a cluster may tell of the settings before for a moment."""
    until = time.monotonic() + 10
    while ((shape := points.describe("docs")).stale_share, shape.stale_points) != wanted:
        assert time.monotonic() < until, (shape.stale_share, shape.stale_points)
        time.sleep(0.2)


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_collections_made_here_clear_soon_and_training_data_gets_no_graph(kind):
    with open_server(kind) as points:
        points.ensure("_sentences", CollectionSchema(dense={"role": 4}, text=("text",)))
        points.ensure("searched", CollectionSchema(dense={"role": 4}, is_searched=True))
        shape = points.describe("_sentences")
        assert (shape.stale_share, shape.stale_points) == (STALE_SHARE, STALE_POINTS)
        graphs = [points._info(name).config.params.vectors["role"].hnsw_config for name in ("_sentences", "searched")]
        assert graphs[0].m == 0 and graphs[1] is None


def test_what_shards_make_of_it_by_chance_is_no_deviation():
    assert IdfDeviation("pod", 40, 4.8, 5.0, 0.0).is_off
    assert not IdfDeviation("pod", 40, 4.8, 5.0, 0.02).is_off
    assert not IdfDeviation("pod", 40, 4.95, 5.0, 0.0).is_off
    assert IdfDeviation("pod", 40, 4.8, 5.0, 0.0).row()["share"] == -0.04
