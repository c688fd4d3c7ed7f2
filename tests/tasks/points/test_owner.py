"""The owner process: one per home, started by whoever comes first, replaced when it dies, gone with its last client."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from minicoil.errors import CollectionError, EngineUnavailableError
from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter, embedded, wire
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


def test_a_socket_folder_open_to_others_is_refused(tmp_path, monkeypatch):
    foreign = tmp_path / "foreign"
    foreign.mkdir(mode=0o777)
    foreign.chmod(0o777)
    monkeypatch.setattr("tasks.points.owner.Path", lambda *_: tmp_path)
    monkeypatch.setattr("tasks.points.owner.os.getuid", lambda: "foreign")
    foreign.rename(tmp_path / "minicoil-foreign")
    with pytest.raises(CollectionError, match="only you can enter"):
        socket_path(tmp_path / ("x" * 100))


def test_an_owner_that_cannot_start_is_reported_with_the_reason(tmp_path):
    engine_folder(tmp_path).mkdir()
    (engine_folder(tmp_path) / "owner.lock").mkdir()
    with pytest.raises(EngineUnavailableError, match=r"status 1; the last line of .*owner.log: IsADirectoryError"):
        EmbeddedPoints(tmp_path).names()


@pytest.fixture
def listener(tmp_path):
    """A socket where the owner's would be; the test answers in its place."""
    engine_folder(tmp_path).mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(socket_path(tmp_path)))
        listening.listen()
        yield listening


def test_an_owner_that_does_not_answer_is_reported_and_not_asked_again(tmp_path, listener, monkeypatch):
    monkeypatch.setattr(embedded, "ANSWER_SECONDS", 0.2)
    with EmbeddedPoints(tmp_path) as store, pytest.raises(EngineUnavailableError, match="has not answered 'names'"):
        store.names()
    listener.accept()[0].close()
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_an_owner_of_another_version_is_named(tmp_path, listener):
    def answer():
        with listener.accept()[0] as connection:
            wire.receive(connection)
            wire.send(connection, {"result": [wire.VERSION + 1, 4711]})

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(CollectionError, match=r"process 4711\) was started by another version"):
        EmbeddedPoints(tmp_path).names()
    thread.join()


def test_pages_end_where_a_frame_is_full(tmp_path, monkeypatch):
    frames: list[int] = []
    receive = wire.receive
    monkeypatch.setattr(wire, "receive", lambda c: frames.append(0) or receive(c))
    with EmbeddedPoints(tmp_path) as store:
        store.ensure("docs", SCHEMA)
        points = [make(number, "pod " + "x" * 1_000_000) for number in range(40)]
        store.upsert("docs", points)
        frames.clear()
        pages = [[point.id for point in page] for page in store.scroll("docs", page=1000)]
        assert [i for page in pages for i in page] == list(range(40))
        assert [len(page) for page in pages] == [8] * 5 and len(frames) == 5  # 2 MB each, the text being a key too
        assert sorted(p.id for p in store.get("docs", range(45))) == list(range(40))
        drawn = store.sample("docs", PointFilter(text_any={"text": ["pod"]}), 30)
        assert len({point.id for point in drawn}) == 30 and len(drawn[0].payload["text"]) == 1_000_004


def test_what_the_engine_refuses_comes_back_as_an_error_and_the_owner_stays(tmp_path):
    with EmbeddedPoints(tmp_path) as store:
        store.ensure("docs", SCHEMA)
        with pytest.raises(CollectionError, match="refused upsert") as caught:
            store.upsert("docs", [Point("no uuid", {})])
        assert not isinstance(caught.value, EngineUnavailableError)
        with pytest.raises(CollectionError, match="refused search"):
            store.search("docs", "absent", make(0).vectors["minicoil"], 1)
        with pytest.raises(CollectionError, match="was not found") as caught:
            store.count(str(uuid.UUID(int=1)))
        assert caught.value.facts["name"] == str(uuid.UUID(int=1))
        with pytest.raises(CollectionError, match="cannot name a collection"):
            store.ensure("../elsewhere", SCHEMA)
        assert n_owners(tmp_path) == 1


def test_a_shard_that_does_not_open_is_named_with_the_way_out(tmp_path):
    with EmbeddedPoints(tmp_path) as points:
        points.ensure("docs", SCHEMA)
        points.ensure("other", SCHEMA)
        owner = owner_of(tmp_path)
    os.kill(owner, signal.SIGKILL)
    shutil.rmtree(engine_folder(tmp_path) / "docs" / "shard")
    with EmbeddedPoints(tmp_path) as points:
        with pytest.raises(CollectionError, match="shard of collection 'docs' does not open .*index the corpus anew"):
            points.count("docs")
        assert points.count("other") == 0


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
