"""The owner process: one per home, started by whoever comes first, replaced when it dies, gone with its last client."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from minicoil.errors import CollectionError, EngineUnavailableError
from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter
from tasks.points.embedded import EmbeddedPoints
from tasks.points.owner import GRACE_SECONDS
from tasks.points.owner_address import engine_folder, socket_path

SCHEMA = CollectionSchema(sparse=("minicoil",), keyword=("keys", "mc_hash"), text=("text",))


def make(number: int, text: str = "pod on node") -> Point:
    vector = SparseVector(np.array([7], np.int32), np.array([1.0], np.float32))
    return Point(number, {"text": text, "keys": text.split()[:5], "mc_hash": f"h{number}"}, {"minicoil": vector})


def owner_of(home: Path) -> int:
    return int((engine_folder(home) / "owner.lock").read_text())


def n_owners(home: Path) -> int:
    return (engine_folder(home) / "owner.log").read_text().count(" serving ")


def test_clients_that_start_together_share_one_owner(tmp_path):
    stores = [EmbeddedPoints(tmp_path) for _ in range(6)]
    gate = threading.Barrier(len(stores))

    def write(number, store):
        gate.wait()
        store.ensure("docs", SCHEMA)
        store.upsert("docs", [make(number * 100 + i) for i in range(50)])

    with ThreadPoolExecutor(len(stores)) as pool:
        list(pool.map(write, range(len(stores)), stores))
    assert stores[0].count("docs") == 300
    assert n_owners(tmp_path) == 1
    for store in stores:
        store.close()


def test_a_killed_owner_is_replaced_and_what_it_acknowledged_is_there_with_its_indexes(tmp_path):
    acknowledged: list[int] = []
    killed: list[int] = []
    with EmbeddedPoints(tmp_path) as store:
        store.ensure("docs", SCHEMA)

        def kill():
            for _ in range(3):
                enough = len(acknowledged) + 60
                while len(acknowledged) < enough:  # the owner of now has answered: it is alive, and at work
                    time.sleep(0.005)
                killed.append(owner_of(tmp_path))
                os.kill(killed[-1], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        while killer.is_alive():
            ids = range(len(acknowledged), len(acknowledged) + 20)
            try:
                store.upsert("docs", [make(number) for number in ids])
            except EngineUnavailableError:
                continue  # not acknowledged; the same points come again
            acknowledged += ids
        killer.join()
        assert len(set(killed)) == 3
        found = {point.id for page in store.scroll("docs", payload=False) for point in page}
        assert found >= set(acknowledged)
        assert store.count("docs", PointFilter(text_any={"text": ["node"]})) == len(found)
        assert store.search("docs", "minicoil", make(0).vectors["minicoil"], 1)


def test_an_owner_outlives_a_killed_client_and_leaves_with_the_last(tmp_path):
    code = "import sys; from pathlib import Path; from tasks.qdrant import open_points\n"
    code += "s = open_points(Path(sys.argv[1])); s.names(); print('ready', flush=True); sys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], **pipes) as client:
        assert client.stdout.readline() == b"ready\n"
        owner = owner_of(tmp_path)
        with EmbeddedPoints(tmp_path) as store:
            store.names()
            client.kill()
            client.wait()
            time.sleep(0.1)
            assert store.names() == [] and owner_of(tmp_path) == owner
    deadline = time.monotonic() + GRACE_SECONDS + 10
    while socket_path(tmp_path).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with EmbeddedPoints(tmp_path) as store:
        store.names()
        assert owner_of(tmp_path) != owner


def test_a_home_with_a_long_path_or_a_relative_one_has_one_owner(tmp_path, monkeypatch):
    home = tmp_path / ("x" * 60) / ("y" * 60)
    home.mkdir(parents=True)
    assert len(str(socket_path(home))) < 104
    monkeypatch.chdir(home)
    with EmbeddedPoints(home) as one, EmbeddedPoints(Path(".")) as other:
        one.ensure("docs", SCHEMA)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        assert other.names() == ["docs"] and n_owners(home) == 1


def test_an_owner_whose_home_was_moved_away_writes_nothing_more(tmp_path):
    home = tmp_path / "home"
    with EmbeddedPoints(home) as points:
        points.ensure("docs", SCHEMA)
        points.upsert("docs", [make(1)])
        owner = owner_of(home)
        home.rename(tmp_path / "moved")
        with pytest.raises(CollectionError, match="'docs' was not found"):
            points.upsert("docs", [make(2)])  # there is a new, empty home, with an owner of its own
        assert owner_of(home) != owner
    with EmbeddedPoints(tmp_path / "moved") as points:
        assert points.count("docs") == 1
