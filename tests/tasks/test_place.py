"""A place makes its clients once, for all threads of one process, and gives them to nobody else."""

import multiprocessing
import pickle
import threading
from copy import copy
from dataclasses import replace

import pytest
from object_stores import s3_settings

from minicoil.errors import UsageError
from tasks.place import Place
from tasks.points.embedded import EmbeddedPoints
from tasks.qdrant import opening
from tasks.store import open_store


@pytest.fixture
def made(monkeypatch):
    """Clients of engines, in the order in which they were made; each says whether it was closed."""
    clients = []

    class Client:
        def __init__(self, *made_with):
            self.made_with, self.closed, self.leave = made_with, [], None
            clients.append(self)

        def names(self):
            assert not self.closed
            return ["docs"]

        def lease(self, leave):
            lease = copy(self)
            lease.leave = leave
            return lease

        def close(self):
            if self.leave is not None:
                return self.leave()
            assert not self.closed
            self.closed.append(True)

        def __enter__(self):
            return self

        def __exit__(self, *details):
            self.close()

    monkeypatch.setattr("tasks.place.open_points", Client)
    return clients


def in_threads(n, call):
    """What `call` gives in threads that begin at once."""
    barrier, answers = threading.Barrier(n), []

    def work():
        barrier.wait()
        answers.append(call())

    threads = [threading.Thread(target=work) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_all_threads_have_one_client_of_the_store(tmp_path):
    place = Place.at(tmp_path)
    assert len({id(store) for store in in_threads(16, place.objects)}) == 1
    assert place.objects() is not Place.at(tmp_path).objects()  # another run's


def test_all_threads_have_one_client_of_the_engine(tmp_path, made):
    place = Place.at(tmp_path)
    with place.points():

        def use():
            with place.points() as points:
                return points.names()

        assert in_threads(16, use) == [["docs"]] * 16
        assert [bool(client.closed) for client in made] == [False]
    assert [bool(client.closed) for client in made] == [True]


def test_the_last_to_leave_closes_the_engine(tmp_path, made):
    place = Place.at(tmp_path)
    first, second = place.points(), place.points()
    first.close()
    first.close()  # once more is none of the second's business
    assert second.names() == ["docs"] and not made[0].closed
    second.close()
    assert made[0].closed
    with place.points() as points:
        assert points.names() == ["docs"]
    assert [bool(client.closed) for client in made] == [True, True]


def test_a_shared_engine_is_reached_over_one_line_and_let_go_with_it(tmp_path):
    place = Place.at(tmp_path / "home")
    with place.points() as one, place.points() as other:
        assert type(one) is type(other) is EmbeddedPoints
        assert one.names() == other.names() == []
        line = one._line
        assert other._line is line and line.connection is not None
        other.close()
        assert one.names() == [] and line.connection is not None
        assert other.names() == [] and other._line is not line  # closed, and used again: at its own cost
        line_of_his_own = other._line.connection
        other.close()
        assert line_of_his_own.fileno() == -1 and one.names() == []
    assert line.connection is None


def test_a_run_has_one_engine_however_often_it_opens_it(tmp_path, made):
    place = Place.at(tmp_path)
    with place.one_engine():
        assert not made  # who never asks for points starts no engine
        for _ in range(3):
            with place.points() as points:
                points.names()
        assert [bool(client.closed) for client in made] == [False]
    assert [bool(client.closed) for client in made] == [True]


def test_an_address_that_is_none_is_refused_at_once_and_leaves_nothing_open(tmp_path):
    place = Place.at(tmp_path, qdrant_url="ftp://nowhere")
    for _ in range(2):
        with pytest.raises(UsageError, match="is no address of a server"):
            place.points()
    assert place._engine()._n_leases == 0


def test_other_settings_make_other_clients(tmp_path, made, monkeypatch):
    place = Place.at(tmp_path, store_url="s3://bucket/models", qdrant_url="http://host:6333")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("MINICOIL_S3_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("MINICOIL_S3_SECRET_ACCESS_KEY", "zero")
    stores = [place.objects(), place.objects()]
    for name, value in (
        ("MINICOIL_S3_SECRET_ACCESS_KEY", "one"),
        ("MINICOIL_S3_SECRET_ACCESS_KEY", "two"),
        ("AWS_SESSION_TOKEN", "three"),
    ):
        monkeypatch.setenv(name, value)
        stores += [place.objects(), place.objects()]
    (tmp_path / "credentials").write_text("[default]\n")  # by whoever renews keys beside
    stores += [place.objects(), place.objects()]
    assert all(one is other for one, other in zip(stores[::2], stores[1::2], strict=True))
    assert len({id(store) for store in stores}) == len(stores) // 2

    with place.points():
        monkeypatch.setenv("MINICOIL_QDRANT_API_KEY", "new")
        with place.points() as points:
            points.names()
    assert [client.made_with[2] for client in made] == [None, "new"] and all(client.closed for client in made)


def test_a_place_takes_addresses_along_and_neither_clients_nor_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("MINICOIL_S3_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("MINICOIL_S3_SECRET_ACCESS_KEY", "hush")
    place = Place.at(tmp_path, store_url="s3://bucket/models")
    store = place.objects()
    sent = pickle.dumps(place)
    assert b"hush" not in sent and "hush" not in repr(place)
    arrived = pickle.loads(sent)
    assert arrived == place and hash(arrived) == hash(place)
    assert arrived.objects() is not store
    assert replace(place, qdrant_url="http://host").objects() is not store


def _id_of_store(place, answer):
    answer.put(id(place.objects()))


def test_a_forked_child_makes_its_own(tmp_path):
    place, fork = Place.at(tmp_path), multiprocessing.get_context("fork")
    store, answer = place.objects(), fork.Queue()
    child = fork.Process(target=_id_of_store, args=(place, answer))
    child.start()
    assert answer.get(timeout=60) != id(store)  # memory is a copy: what the parent had is still there, and left alone
    child.join()
    assert place.objects() is store


def test_a_store_is_asked_once_what_it_can_do(s3_address, make_bucket, monkeypatch):
    store = open_store(f"s3://{make_bucket(s3_address)}/models", s3_settings(s3_address))
    asked, put = [], store._put

    def counted(key, data, **conditions):
        asked.append(key)
        return put(key, data, **conditions)

    monkeypatch.setattr(store, "_put", counted)
    in_threads(8, lambda: store.write(f"{threading.get_ident()}.json", b"{}", if_absent=True))
    assert asked.count("capability") == 3  # written, then tried to write again in both ways that have to fail


def test_a_client_that_cannot_be_made_holds_nobody_up():
    def refuse():
        raise UsageError("no address")

    shared = opening.SharedPoints(refuse)
    for _ in range(2):
        with pytest.raises(UsageError):
            shared.lease()
    shared.hold()()
