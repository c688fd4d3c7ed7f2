"""A Dask cluster: somebody's own, or one on this machine for as long as the work takes."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from flows.shards.shard_processes import TRIES
from flows.shards.shard_work import shard_work
from minicoil.encoder import processes
from minicoil.errors import StoreUnavailableError, UsageError
from minicoil.extras import missing_extra
from tasks.place import Place

_WORKER_BYTES = 2**30  # of a Dask worker: torch, an encoder, a unit of words


def spread_on_cluster(what: str, place: Place, keys: Sequence[str], scheduler: str | None) -> None:
    """Have the work of the flow `what` done with every key, without a Prefect server; waits for all.

    Raises:
        UsageError: no cluster answers.
        StoreUnavailableError: workers died; finished shards are kept.
        MissingExtraError: the extra is not installed.
    """
    dask = import_dask("distributed")
    try:
        client = dask.Client(scheduler) if scheduler else dask.Client(**local_cluster(len(keys)))
    except (OSError, ValueError) as error:  # nobody answers there, or it is no address
        raise UsageError(
            f"no Dask cluster answers at MINICOIL_DASK_SCHEDULER={scheduler} ({error}); give tcp://host:8786, or leave "
            "it out for one on this machine"
        ) from error
    with client:
        shards = [client.submit(shard_work(what), place, key, retries=TRIES, pure=False) for key in keys]
        try:
            client.gather(shards)
        except dask.KilledWorker as error:
            raise StoreUnavailableError(
                f"workers of the Dask cluster died with shards of {what} ({error}); give them more memory or start "
                "more, then run this again: finished shards are kept"
            ) from error


def local_cluster(n_shards: int) -> dict[str, Any]:
    """Of a Dask cluster on this machine: a process a shard and core at most, as far as memory goes."""
    return {"n_workers": min(n_shards, processes(_WORKER_BYTES)), "threads_per_worker": 1, "dashboard_address": None}


def import_dask(module: str) -> Any:
    """A module of the extra [dask].

    Raises:
        MissingExtraError: the extra is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if said := missing_extra(error, "MINICOIL_SHARD_RUNNER=dask"):
            raise said from error
        raise
