"""Whoever writes much merges a little at a time: nothing is lost by it, whoever else asks meanwhile, and IDF is right."""

import math
import threading
import time

import numpy as np
import pytest
import qdrant_edge as edge

from minicoil.errors import CollectionError, EngineUnavailableError
from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter, VectorUpdate, open_shards, purging
from tasks.points.engine import EdgeEngine

SCHEMA = CollectionSchema(sparse=("cells",), keyword=("doc",))
BATCH, MERGED = 50, 400


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """One that merges as often as a large collection would."""
    monkeypatch.setattr(open_shards, "MERGED_POINTS", MERGED)
    monkeypatch.setattr(purging, "MERGED_POINTS", MERGED)
    engine = EdgeEngine(tmp_path)
    engine.ensure("docs", SCHEMA)
    yield engine
    engine.close()


def vector(cell, value=1.0):
    return SparseVector(np.array([cell], np.int32), np.array([value], np.float32))


def write(engine, n):
    for start in range(0, n, BATCH):
        rows = range(start, min(start + BATCH, n))
        engine.upsert("docs", [Point(i, {"doc": f"d{i % 7}", "n": i}, {"cells": vector(i % 5)}) for i in rows])


def content(engine):
    rows, following = [], None
    while True:
        page, following = engine.page("docs", None, True, True, following, 500)
        rows += page
        if following is None:
            return {row.id: (row.payload, row.vectors["cells"].as_dict()) for row in rows}


@pytest.fixture
def merges(monkeypatch):
    """How many points had been written at each merge."""
    found = []
    real = open_shards.OpenShards._merge
    monkeypatch.setattr(
        open_shards.OpenShards, "_merge", lambda self, name: (found.append(self._written[name]), real(self, name))[1]
    )
    return found


def test_many_points_are_merged_while_they_are_written_and_all_are_there(engine, merges):
    write(engine, 1050)
    assert merges == [400, 400]
    engine.optimize("docs")
    assert merges == [400, 400, 250]
    assert content(engine) == {i: ({"doc": f"d{i % 7}", "n": i}, {i % 5: 1.0}) for i in range(1050)}
    assert engine.count("docs", PointFilter(any_of={"doc": ["d3"]})) == len(range(3, 1050, 7))


def test_vectors_and_payload_written_over_count_too(engine, merges):
    write(engine, 300)
    engine.write_vectors("docs", [VectorUpdate(i, {"cells": vector(9, 2.0)}) for i in range(90)])
    assert merges == []
    engine.set_payload("docs", list(range(100, 110)), {"doc": "other"})
    assert merges == [400]
    found = content(engine)
    assert [key for key, (_, cells) in found.items() if cells == {9: 2.0}] == list(range(90))
    assert [key for key, (payload, _) in found.items() if payload["doc"] == "other"] == list(range(100, 110))


def test_what_was_overwritten_counts_for_nothing_once_all_is_merged(engine, monkeypatch):
    """In between it does: each segment would be written anew for every few of its points."""
    wide = 60  # cells that each point has besides, so that segments are large enough to be closed
    small = {"max_segment_size": 100, "indexing_threshold": 10}
    whole = edge.EdgeOptimizersConfig
    monkeypatch.setattr(open_shards.edge, "EdgeOptimizersConfig", lambda **options: whole(**{**options, **small}))
    engine._shards.close("docs")  # and opened with these
    rng = np.random.default_rng(1)

    def padded(cell):
        cells = np.concatenate([[cell], 100 + rng.choice(900, wide, replace=False)])
        return SparseVector(np.sort(cells).astype(np.int32), np.ones(wide + 1, np.float32))

    for start in range(0, 2000, BATCH):
        engine.upsert("docs", [Point(i, {}, {"cells": padded(i % 5)}) for i in range(start, start + BATCH)])
    assert engine._shard("docs").info().segments_count > 3
    changed = [i for i in range(2000) if i % 5 == 3 and i % 20 < 15] + list(range(0, 300, 5))  # by no means evenly
    for start in range(0, len(changed), BATCH):
        some = changed[start : start + BATCH]
        engine.write_vectors("docs", [VectorUpdate(i, {"cells": padded(9)}) for i in some])
    engine.optimize("docs")
    held = {i: 9 if i in set(changed) else i % 5 for i in range(2000)}
    for cell in (0, 1, 3, 9):
        n = sum(value == cell for value in held.values())
        score = engine.search("docs", "cells", vector(cell), 1)[0].score
        assert score == pytest.approx(math.log(1 + (2000 - n + 0.5) / (n + 0.5)), rel=1e-4)


@pytest.fixture
def onlookers(engine):
    """Two threads that ask what the collection is, as `minicoil status` does; what failed of it."""
    failed, over = [], threading.Event()

    def look():
        while not over.is_set():
            try:
                engine.describe("docs"), engine.unlike("docs", "docs", [])
            except Exception as error:
                failed.append(error)
            time.sleep(0.0003)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield failed
    over.set()
    for thread in threads:
        thread.join()


def test_somebody_who_looks_meanwhile_breaks_no_merge_and_no_purge(engine, onlookers, monkeypatch):
    monkeypatch.setattr(open_shards, "MERGED_POINTS", 100)
    write(engine, 600)
    engine.delete("docs", [1])
    for _ in range(4):
        assert engine.purge("docs") and engine.count("docs") == 599
    assert onlookers == []


def test_a_shard_that_was_closed_to_merge_is_the_same_for_whoever_asks_next(engine, merges):
    write(engine, MERGED)
    assert merges == [400]
    reopened = engine._shard("docs")
    engine.delete("docs", [3])
    assert engine.count("docs") == MERGED - 1 and engine._shard("docs") is reopened


def test_a_copy_without_what_was_deleted_is_merged_a_little_at_a_time(engine, monkeypatch):
    write(engine, 1000)
    engine.delete("docs", list(range(0, 1000, 3)))
    loads = []
    real = open_shards._load
    monkeypatch.setattr(open_shards, "_load", lambda folder, *rest: (loads.append(folder.name), real(folder, *rest))[1])
    before = content(engine)
    assert engine.purge("docs")
    assert loads == ["shard.new"]  # 666 points, 512 a page
    assert content(engine) == before and len(before) == 666


def test_a_shard_that_does_not_open_any_more_is_one_error_with_its_folder(engine, tmp_path):
    write(engine, 10)
    engine.close()
    (tmp_path / "docs" / "shard" / "edge_config.json").write_text("{")
    with pytest.raises(CollectionError, match=rf"'docs' does not open .*restore {tmp_path / 'docs'} from a copy"):
        engine.count("docs")
    engine.drop("docs")  # it can be dropped all the same
    assert not engine.exists("docs") and engine.names() == []


def test_a_shard_that_another_process_has_open_is_not_called_damaged(engine, tmp_path):
    write(engine, 10)
    second = EdgeEngine(tmp_path)
    with pytest.raises(EngineUnavailableError, match="'docs' is open in another process; run the same again"):
        second.count("docs")
    assert engine.count("docs") == 10
