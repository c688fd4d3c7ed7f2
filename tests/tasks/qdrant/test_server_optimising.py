"""Settings of a server's optimiser are changed only while it rests: a change in mid work costs other writers' deletions."""

from types import SimpleNamespace

import pytest
from qdrant_client import models

from tasks.qdrant import server_optimising
from tasks.qdrant.server_schema import CLEARED_SHARE, STALE_POINTS, STALE_SHARE

GREEN, YELLOW, RED = (models.CollectionStatus(name) for name in ("green", "yellow", "red"))


class Client:
    """Says a status at each look, and notes at which of them settings were changed."""

    def __init__(self, statuses):
        self.statuses, self.n_looks, self.changes = list(statuses), 0, []

    def get_collection(self, name):
        self.n_looks += 1
        status = self.statuses.pop(0) if self.statuses else GREEN
        return SimpleNamespace(status=status, optimizer_status="ok")

    def update_collection(self, name, optimizers_config):
        self.changes.append((self.n_looks, optimizers_config.deleted_threshold))


@pytest.fixture
def shape():
    return SimpleNamespace(stale_share=STALE_SHARE, stale_points=STALE_POINTS)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(server_optimising, "_POLL_SECONDS", 0.0)


def test_nothing_is_changed_before_the_optimiser_rests_nor_before_it_rests_again(shape):
    client = Client([YELLOW, GREEN, YELLOW, GREEN, GREEN, GREEN, YELLOW, YELLOW])
    server_optimising.clear_stale(client, "docs", shape, is_ours=True)
    assert client.changes == [(6, CLEARED_SHARE), (11, STALE_SHARE)]


def test_an_optimiser_that_failed_is_left_alone(shape):
    client = Client([YELLOW, RED])
    server_optimising.clear_stale(client, "docs", shape, is_ours=True)
    assert client.changes == []
    client = Client([GREEN, GREEN, GREEN, RED])
    server_optimising.clear_stale(client, "docs", shape, is_ours=True)
    assert [share for _, share in client.changes] == [CLEARED_SHARE]  # the next call sets it back


def test_of_somebody_elses_collection_nothing_is_changed_ever(shape):
    client = Client([YELLOW])
    server_optimising.clear_stale(client, "docs", shape, is_ours=False)
    assert client.changes == [] and client.n_looks == 4
