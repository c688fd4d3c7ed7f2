"""The client of the owner process: what it asks for in frames, and what it tells of an owner that does not answer."""

import os
import shutil
import signal
import socket
import threading
import uuid
from pathlib import Path

import numpy as np
import pytest

from minicoil.errors import CollectionError, EngineUnavailableError
from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter, VectorUpdate, embedded, wire
from tasks.points.embedded import EmbeddedPoints
from tasks.points.owner_address import engine_folder, socket_path

SCHEMA = CollectionSchema(sparse=("minicoil",), keyword=("keys", "mc_hash"), text=("text",))


def make(number: int, text: str = "pod on node") -> Point:
    vector = SparseVector(np.array([7], np.int32), np.array([1.0], np.float32))
    return Point(number, {"text": text, "keys": text.split()[:5], "mc_hash": f"h{number}"}, {"minicoil": vector})


def owner_of(home: Path) -> int:
    return int((engine_folder(home) / "owner.lock").read_text())


def n_owners(home: Path) -> int:
    return (engine_folder(home) / "owner.log").read_text().count(" serving ")


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


class Answering:
    """An owner as its clients see it, in a thread: gives what `answer` says, and remembers what was asked."""

    def __init__(self, listener, answer):
        self.asked, self._listener, self._answer = [], listener, answer
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        try:
            while True:
                with self._listener.accept()[0] as connection:
                    while True:
                        operation, arguments = wire.receive(connection)
                        if operation == "hello":
                            wire.send(connection, {"result": [wire.VERSION, 4711]})
                            continue
                        self.asked.append((operation, arguments))
                        answer = self._answer(operation, arguments)
                        if answer is None:
                            break  # the line ends instead
                        wire.send(connection, answer)
        except OSError:
            return  # the client has gone


def test_many_ids_are_asked_for_in_parts(tmp_path, listener, monkeypatch):
    monkeypatch.setattr(embedded, "_IDS", 3)
    monkeypatch.setattr(embedded, "CELLS_PER_PROBE", 2)

    def answer(operation, arguments):
        if operation == "get":  # a frame is full after two of the ids
            return {"result": [[Point(i, {}) for i in arguments[1][:2]], 2]}
        return {"result": arguments[2] if operation == "find" else None}

    owner = Answering(listener, answer)
    with EmbeddedPoints(tmp_path) as store:
        assert [point.id for point in store.get("docs", [1, 2, 3, 4, 5])] == [1, 2, 3, 4, 5]
        assert [arguments[1] for _, arguments in owner.asked] == [[1, 2, 3], [3, 4, 5], [5]]
        owner.asked.clear()
        assert store.find("docs", "words", [7, 8, 9]) == {7, 8, 9}
        store.delete("docs", [1, 2, 3, 4])
        store.set_payload("docs", [1, 2, 3, 4], {"a": 1})
        store.remove_payload("docs", [], ["a"])
        asked = [(operation, arguments[2 if operation == "find" else 1]) for operation, arguments in owner.asked]
        assert asked == [
            ("find", [7, 8]),
            ("find", [9]),
            ("delete", [1, 2, 3]),
            ("delete", [4]),
            ("set_payload", [1, 2, 3]),
            ("set_payload", [4]),
        ]


def test_points_are_written_in_frames(tmp_path, listener):
    owner = Answering(listener, lambda operation, arguments: {"result": [update.id for update in arguments[1]]})
    n = wire.FRAME_POINTS + 1
    with EmbeddedPoints(tmp_path) as store:
        store.upsert("docs", [Point(i, {}) for i in range(n)])
        assert store.write_vectors("docs", [VectorUpdate(i, {}) for i in range(n)], {"stamp": 1}) == list(range(n))
        store.upsert("docs", [])
    assert [(operation, len(arguments[1])) for operation, arguments in owner.asked] == [
        ("upsert", wire.FRAME_POINTS),
        ("upsert", 1),
        ("write_vectors", wire.FRAME_POINTS),
        ("write_vectors", 1),
    ]


def test_a_line_that_breaks_is_asked_over_twice_and_then_told(tmp_path, listener):
    left = [2]

    def answer(operation, arguments):
        left[0] -= 1
        return {"result": ["docs"]} if left[0] < 0 else None

    owner = Answering(listener, answer)
    with EmbeddedPoints(tmp_path) as store:
        assert store.names() == ["docs"] and len(owner.asked) == 3
        left[0], owner.asked[:] = 99, []
        with pytest.raises(EngineUnavailableError) as said:
            store.names()
        assert len(owner.asked) == 3
    assert str(said.value) == (
        f"the embedded engine of {tmp_path} does not answer (the engine closed the connection); see "
        f"{engine_folder(tmp_path) / 'owner.log'}, then run the same command again"
    )


def test_an_owner_that_a_full_disk_ended_is_not_started_again(tmp_path, listener, monkeypatch):
    monkeypatch.setattr(embedded, "free_bytes", lambda folder: 5 << 20)
    owner = Answering(listener, lambda operation, arguments: None)
    with EmbeddedPoints(tmp_path) as store, pytest.raises(CollectionError) as said:
        store.names()
    assert len(owner.asked) == 1 and not isinstance(said.value, EngineUnavailableError)
    assert str(said.value) == (
        f"the embedded engine of {tmp_path} stopped (the engine closed the connection), and its disk has 5 MB left, "
        f"less than the {embedded.ENGINE_BYTES >> 20} MB it takes at a time; {embedded.FREE_SOME}"
    )


def test_an_error_of_the_engine_keeps_its_kind_and_facts(tmp_path, listener):
    errors = iter(
        [
            {"error": "CollectionError", "message": "collection 'x' was not found", "facts": {"name": "x"}},
            {"error": "SomethingOfALaterVersion", "message": "as it says"},
        ]
    )
    Answering(listener, lambda operation, arguments: next(errors))
    with EmbeddedPoints(tmp_path) as store:
        with pytest.raises(CollectionError, match="^collection 'x' was not found$") as said:
            store.count("x")
        assert said.value.facts == {"name": "x"}
        with pytest.raises(CollectionError, match="^as it says$"):
            store.count("x")


def test_a_lease_leaves_the_line_open_and_says_so_once(tmp_path, listener):
    owner = Answering(listener, lambda operation, arguments: {"result": []})
    left = []
    with EmbeddedPoints(tmp_path) as store:
        store.names()
        lease = store.lease(lambda: left.append(1))
        assert lease._line is store._line and lease.names() == []
        lease.close()
        lease.close()
        assert left == [1] and store._line.connection is not None and store.names() == []
    assert store._line.connection is None and len(owner.asked) == 3


def test_there_are_no_aliases_and_nothing_that_a_copy_could_not_keep(tmp_path):
    store = EmbeddedPoints(tmp_path)
    assert store.resolve("live") == "live" and store.uncopyable("docs") == [] and store.takes_new_vectors
    with pytest.raises(CollectionError) as said:
        store.point_alias("live", "docs")
    assert str(said.value) == (
        "the embedded engine has no aliases; leave 'live' out, and search the collection by its own name"
    )
    assert not engine_folder(tmp_path).exists()  # nobody was started for that
