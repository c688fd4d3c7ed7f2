"""Every point that has a cell is found, at any size, on any number of shards, in linear time."""

import numpy as np
import pytest
from qdrant_client import models
from qdrant_places import SERVER_KINDS, open_server

from minicoil.sparse.cells import SparseVector
from tasks.points import Point, PointFilter
from tasks.qdrant.server_bounds import Bounds
from tasks.qdrant.server_finding import find_carriers


def test_an_answer_well_below_the_limit_is_believed():
    asked = []

    def ask(query, among, limit):
        asked.append(among)
        return [1, 2, 3]

    assert find_carriers([5], Bounds(), ask, lambda size: pytest.fail("no ids are read")) == {1, 2, 3}
    assert asked == [None, None]  # two probes, since products may cancel


def test_an_answer_that_may_be_cut_is_completed_by_asking_for_ids():
    everyone = list(range(1000))

    def ask(query, among, limit):
        return everyone[: limit // 2] if among is None else [i for i in among if i % 2 == 0][:limit]

    def pages(size):
        assert size <= 25
        return (everyone[start : start + size] for start in range(0, 1000, size))

    found = find_carriers([5], Bounds(n_listed=100, n_shards=4), ask, pages)
    assert set(range(0, 1000, 2)) <= found


@pytest.mark.parametrize("kind", SERVER_KINDS)
@pytest.mark.parametrize("shards", [1, 4])
def test_a_cell_that_thousands_of_points_have_is_found_in_all_of_them(kind, shards):
    n = 60_000 if kind == "server" else 6_000  # the double is asked for less than its real one
    with open_server(kind) as store:
        sparse = {"minicoil": models.SparseVectorParams(modifier=models.Modifier.IDF)}
        store._client.create_collection("docs", vectors_config={}, sparse_vectors_config=sparse, shard_number=shards)
        ones = SparseVector(np.array([7, 9], np.int32), np.ones(2, np.float32))
        plain = SparseVector(np.array([7], np.int32), np.ones(1, np.float32))
        for start in range(0, n, 2000):
            rows = [Point(i, {"n": i % 4}, {"minicoil": plain if i % 3 else ones}) for i in range(start, start + 2000)]
            store.upsert("docs", rows)
        assert store.find("docs", "minicoil", [7]) == set(range(n))
        assert store.find("docs", "minicoil", [9]) == set(range(0, n, 3))
        assert store.find("docs", "minicoil", [7], PointFilter(equal={"n": 1})) == set(range(1, n, 4))
        assert store.find("docs", "minicoil", [77]) == set()
