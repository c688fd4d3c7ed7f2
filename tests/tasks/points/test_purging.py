"""What was deleted is off the disk after a purge, whatever is killed in between, and everything else is as it was."""

import numpy as np
import pytest
from folders import files_with
from qdrant_places import open_server

from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter
from tasks.points.engine import EdgeEngine
from tasks.points.open_shards import STALE_SHARE, _create, _load
from tasks.points.purging import copy_shard, settle_shard, swap_shard
from tasks.qdrant import open_points

SCHEMA = CollectionSchema(dense={"role": 4}, sparse=("cells",), keyword=("doc",), text=("text",))
PLANTED = "zyxwquark"


def make_points(n):
    rng = np.random.default_rng(3)
    rows = []
    for i in range(n):
        vectors = {"cells": SparseVector(np.array([i], np.int32), np.array([1.5], np.float32))}
        if i % 3:
            vectors["role"] = rng.normal(size=4).astype(np.float32)
        rows.append(Point(i + 1, {"text": f"sentence number {i}", "doc": f"d{i % 7}"}, vectors))
    planted = Point(10_000, {"text": f"the {PLANTED} sentence", "doc": "secret"}, {"role": np.ones(4, np.float32)})
    return [*rows, planted]


def content(points):
    return {
        p.id: (
            p.payload,
            {name: v.tolist() if isinstance(v, np.ndarray) else v.values.tolist() for name, v in p.vectors.items()},
        )
        for page in points.scroll("docs", vectors=True)
        for p in page
    }


def test_deleted_text_is_off_the_disk_and_the_rest_is_unchanged(tmp_path):
    with open_points(tmp_path) as points:
        points.ensure("docs", SCHEMA)
        points.upsert("docs", make_points(1300))
        points.delete("docs", [10_000])
        points.optimize("docs")
        before = content(points)
        assert files_with(tmp_path, PLANTED)  # deleting alone leaves it there: this is why a purge exists
        assert points.purge("docs") is True
        assert not files_with(tmp_path, PLANTED)
        assert content(points) == before and len(before) == 1300
        assert points.count("docs", PointFilter(text_any={"text": ["number"]})) == 1300
        assert points.count("docs", PointFilter(any_of={"doc": ["d3"]})) == len(range(3, 1300, 7))
        points.upsert("docs", make_points(1)[:1])
        assert (
            points.search("docs", "cells", SparseVector(np.array([5], np.int32), np.ones(1, np.float32)), 3)[0].id == 6
        )


@pytest.mark.parametrize("killed", ["while copying", "before the renames", "between the renames", "before clearing"])
def test_a_purge_killed_anywhere_leaves_a_whole_collection(tmp_path, killed, monkeypatch):
    engine = EdgeEngine(tmp_path)
    engine.ensure("docs", SCHEMA)
    engine.upsert("docs", make_points(20))
    engine.delete("docs", [10_000])
    folder, shard = tmp_path / "docs", engine._shard("docs")
    copy_shard(folder, shard, lambda new: _create(new, SCHEMA), lambda new: _load(new, SCHEMA, STALE_SHARE))
    engine.close()
    if killed == "while copying":
        (folder / "shard.new" / "edge_config.json").unlink()
    elif killed == "between the renames":
        (folder / "shard").rename(folder / "shard.old")
    elif killed == "before clearing":
        monkeypatch.setattr("shutil.rmtree", lambda *a, **k: None)
        swap_shard(folder)
        monkeypatch.undo()
    engine = EdgeEngine(tmp_path)
    assert engine.count("docs") == 20
    assert sorted(path.name for path in folder.iterdir()) == ["schema.json", "shard"]
    assert engine.purge("docs") and engine.count("docs") == 20 and not files_with(tmp_path, PLANTED)
    engine.close()


def test_a_copy_that_fails_leaves_the_collection_open_and_whole(tmp_path, monkeypatch):
    engine = EdgeEngine(tmp_path)
    engine.ensure("docs", SCHEMA)
    engine.upsert("docs", make_points(20))
    monkeypatch.setattr("tasks.points.purging.to_edge", lambda vector: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        engine.purge("docs")
    assert engine.count("docs") == 21 and not (tmp_path / "docs" / "shard.new").exists()
    engine.close()


def test_a_server_says_that_it_frees_space_itself():
    with open_server("double") as points:
        assert points.purge("docs") is False


def test_the_last_shard_there_is_is_never_cleared_away(tmp_path):
    for name in ("shard.old", "shard.new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "whose").write_text(name)
    assert (settle_shard(tmp_path) / "whose").read_text() == "shard.new"
    (tmp_path / "shard").rename(tmp_path / "shard.old")
    assert (settle_shard(tmp_path) / "whose").read_text() == "shard.new"  # alone: it goes back
    with pytest.raises(FileNotFoundError):
        swap_shard(tmp_path)  # without a copy
    assert (tmp_path / "shard" / "whose").exists()
