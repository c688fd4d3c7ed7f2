"""A place's engine is opened by its address, and by one client for everybody in a process who works there at once."""

import threading

import pytest
from qdrant_double import QdrantDouble

from minicoil.errors import UsageError
from tasks.points.embedded import EmbeddedPoints
from tasks.points.owner_address import engine_folder
from tasks.qdrant.opening import SharedPoints, open_points, server_version
from tasks.qdrant.server import ServerPoints


class Client:
    """A client that counts who has it."""

    def __init__(self):
        self.n_closed = 0

    def lease(self, leave):
        return Lease(self, leave)

    def close(self):
        self.n_closed += 1


class Lease:
    def __init__(self, client, leave):
        self.client, self.close = client, leave


@pytest.fixture
def shared():
    made = []

    def connect():
        made.append(Client())
        return made[-1]

    shared = SharedPoints(connect)
    shared.made = made
    return shared


def test_a_home_has_its_own_engine_and_an_address_a_server(tmp_path):
    with open_points(tmp_path) as points:
        assert isinstance(points, EmbeddedPoints) and server_version(points) is None
        assert not engine_folder(tmp_path).exists()  # the first question starts it
    with QdrantDouble(version="1.17.2") as double, open_points(tmp_path, double.url) as points:
        assert isinstance(points, ServerPoints) and server_version(points) == "1.17.2"


def test_everybody_shares_a_client_which_the_last_one_closes(shared):
    one, other = shared.lease(), shared.lease()
    assert one.client is other.client and len(shared.made) == 1
    one.close()
    one.close()  # twice is once
    assert shared.made[0].n_closed == 0
    other.close()
    assert shared.made[0].n_closed == 1
    again = shared.lease()
    assert again.client is not one.client and len(shared.made) == 2
    other.close()  # long gone: it takes nothing from those who came later
    assert shared.made[1].n_closed == 0
    again.close()
    assert [client.n_closed for client in shared.made] == [1, 1]


def test_who_holds_keeps_the_client_between_others_and_makes_none(shared):
    leave = shared.hold()
    assert shared.made == []
    for _ in range(3):
        shared.lease().close()
    assert len(shared.made) == 1 and shared.made[0].n_closed == 0
    leave()
    leave()
    assert shared.made[0].n_closed == 1
    shared.hold()()  # nobody came meanwhile: nothing to close
    assert len(shared.made) == 1


def test_an_address_that_is_none_lets_nobody_in_and_the_next_one_tries_anew():
    answers = [UsageError("no address"), None]

    def connect():
        if error := answers.pop(0):
            raise error
        return Client()

    shared = SharedPoints(connect)
    with pytest.raises(UsageError, match="no address"):
        shared.lease()
    lease = shared.lease()
    lease.close()
    assert lease.client.n_closed == 1  # the one that failed is not counted as being there


def test_many_that_come_and_go_at_once_never_find_a_client_that_is_closed(shared):
    failed, barrier = [], threading.Barrier(6)

    def work():
        barrier.wait()
        for _ in range(300):
            lease = shared.lease()
            if lease.client.n_closed:
                failed.append(lease)
            lease.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and all(client.n_closed == 1 for client in shared.made)
