"""Shards as runs of their own: one on each free worker of the pool, or tasks on a Dask cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.deployments import run_deployment

from flows.orchestration import run_logger, server_address
from flows.shards.dask_cluster import import_dask, local_cluster
from flows.shards.shard_processes import TRIES
from flows.shards.shard_work import SHARDS, shard_work
from minicoil.errors import StoreUnavailableError
from tasks.place import Place

_LOOK_SECONDS = 2.0


def spread_on_workers(what: str, place: Place, keys: Sequence[str]) -> None:
    """One run of the flow `what` each, on whatever worker of the pool is free."""
    left = list(keys)
    for _ in range(TRIES):
        runs = {key: _start(what, place, key) for key in left}
        ended = _wait(list(runs.values()))
        left = [key for key, run in runs.items() if not ended[run].is_completed()]
        if not left:
            return
        reasons = {ended[runs[key]].message for key in left}
        run_logger().warning("%d shards did not end well: %s", len(left), "; ".join(map(str, reasons)))
    raise StoreUnavailableError(
        f"{len(left)} of {len(keys)} runs of {what} did not end well, such as that of {left[0]}; read their pages, "
        "then run this again: finished shards are kept"
    )


def _start(what: str, place: Place, key: str) -> UUID:
    # addresses come from each worker's own environment, so that a store may have another name there
    parameters = {"shard": key, **({"store": place.store_url} if place.store_url.startswith("s3://") else {})}
    if not place.store_url.startswith("s3://"):
        parameters["home"] = str(place.home)  # a file store: all workers share this machine, or its folder
        parameters["store"] = place.store_url
    started: Any = run_deployment(
        f"{what}/on-demand", parameters={"parameters": parameters}, timeout=0, as_subflow=False
    )
    return UUID(str(started.id))


def _wait(runs: Sequence[UUID]) -> dict[UUID, State[Any]]:
    ended: dict[UUID, State[Any]] = {}
    with get_client(sync_client=True) as client:
        while len(ended) < len(runs):
            for run in runs:
                if run not in ended:
                    state = client.read_flow_run(run).state
                    if state is not None and state.is_final():
                        ended[run] = state
            time.sleep(_LOOK_SECONDS)
    return ended


def spread_on_dask(what: str, place: Place, keys: Sequence[str], scheduler: str | None) -> None:
    """One task run each on a Dask cluster, whose workers report to the server that keeps this run."""
    runner: Any = import_dask("prefect_dask").DaskTaskRunner
    cluster = {**local_cluster(len(keys)), "env": {"PREFECT_API_URL": server_address()}}
    chosen = runner(address=scheduler) if scheduler else runner(cluster_kwargs=cluster)
    _all_shards.with_options(task_runner=chosen)(what, place, list(keys))


def _as_task(function: Callable[[Place, str], dict[str, Any]], name: str) -> Any:
    decorate: Any = task(name=name, cache_policy=NO_CACHE, persist_result=False, retries=TRIES, retry_delay_seconds=5)
    return decorate(function)


_TASKS = {name: _as_task(shard_work(name), name) for name in SHARDS}


@flow(name="shards", validate_parameters=False, persist_result=False)
def _all_shards(what: str, place: Place, keys: list[str]) -> int:
    futures = [_TASKS[what].submit(place, key) for key in keys]
    return len([future.result() for future in futures])
