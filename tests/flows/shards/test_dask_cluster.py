"""A cluster that is not there, died or is not installed is named with what to do, and finished shards are kept."""

import sys
from types import SimpleNamespace
from typing import ClassVar

import pytest

from flows.shards import dask_cluster
from flows.shards.dask_cluster import import_dask, local_cluster, spread_on_cluster
from flows.shards.shard_processes import TRIES
from minicoil.errors import MissingExtraError, StoreUnavailableError, UsageError
from tasks.place import Place


class KilledWorker(Exception):
    """As Dask raises it."""


class Client:
    """A cluster of one that works at once, as far as shards ask for one."""

    made: ClassVar[list] = []

    def __init__(self, address=None, **cluster):
        Client.made.append((address, cluster))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def submit(self, work, *arguments, retries, pure):
        assert retries == TRIES and pure is False
        return lambda: work(*arguments)

    def gather(self, shards):
        return [shard() for shard in shards]


@pytest.fixture
def dask(monkeypatch):
    """The module `distributed`, and the keys that were worked on."""
    done = []
    Client.made.clear()
    module = SimpleNamespace(Client=Client, KilledWorker=KilledWorker)
    monkeypatch.setattr(dask_cluster, "import_dask", lambda name: module)
    monkeypatch.setattr(dask_cluster, "shard_work", lambda what: lambda place, key: done.append((what, place, key)))
    return SimpleNamespace(done=done, module=module)


def test_every_key_is_worked_on_by_the_cluster_that_was_named(dask, tmp_path):
    place = Place.at(tmp_path)
    spread_on_cluster("read-shard", place, ["a", "b"], "tcp://host:8786")
    assert dask.done == [("read-shard", place, "a"), ("read-shard", place, "b")]
    assert Client.made == [("tcp://host:8786", {})]


def test_without_a_name_it_is_one_on_this_machine_of_a_process_a_shard_at_most(dask, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_cluster, "processes", lambda bytes_each: 3)
    spread_on_cluster("read-shard", Place.at(tmp_path), ["a", "b"], None)
    assert Client.made == [(None, {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None})]
    assert local_cluster(9)["n_workers"] == 3


@pytest.mark.parametrize("error", [OSError("timed out"), ValueError("no address")])
def test_a_cluster_that_does_not_answer_is_named(dask, tmp_path, error):
    def refuse(address):
        raise error

    dask.module.Client = refuse
    with pytest.raises(UsageError) as caught:
        spread_on_cluster("read-shard", Place.at(tmp_path), ["a"], "tcp://nowhere:1")
    assert str(caught.value) == (
        f"no Dask cluster answers at MINICOIL_DASK_SCHEDULER=tcp://nowhere:1 ({error}); give tcp://host:8786, or leave "
        "it out for one on this machine"
    )
    assert dask.done == []


def test_workers_that_died_are_told_and_what_the_work_refuses_is_told_as_it_is(dask, tmp_path, monkeypatch):
    def work(error):
        def fail(place, key):
            raise error

        monkeypatch.setattr(dask_cluster, "shard_work", lambda what: fail)

    work(KilledWorker("a died"))
    with pytest.raises(
        StoreUnavailableError, match=r"died with shards of train-shard \(a died\); give them more memory"
    ):
        spread_on_cluster("train-shard", Place.at(tmp_path), ["a"], None)
    work(UsageError("refused on purpose"))
    with pytest.raises(UsageError, match="^refused on purpose$"):
        spread_on_cluster("train-shard", Place.at(tmp_path), ["a"], None)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)  # as where it is not installed
    with pytest.raises(MissingExtraError, match=r"MINICOIL_SHARD_RUNNER=dask.*pip install 'minicoil-service\[dask\]'"):
        import_dask("distributed")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_of_ours"):
        import_dask("no_such_module_of_ours")
