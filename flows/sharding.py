"""How an extension spreads its encoding: over the pool's workers, over a Dask cluster, or not at all."""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.deployments import run_deployment
from prefect.logging import get_run_logger

from minicoil.config import SamplingConfig
from minicoil.errors import StoreUnavailableError, UsageError
from tasks.features import Chosen
from tasks.place import Place
from tasks.sentence_store import SentenceStore
from tasks.settings import Settings
from tasks.shards import ShardModel, cut_shards, encode_shard, merge_shards

DEPLOYMENT = "encode-shard/on-demand"
_LOOK_SECONDS = 2.0
_TRIES = 2  # a worker that dies with a shard costs that shard once more


def encode_in_shards(
    place: Place,
    sentences: SentenceStore,
    forms: Mapping[str, Sequence[str]],
    chosen: Chosen,
    sampling: SamplingConfig,
    model: ShardModel,
    folder: Path,
) -> None:
    """Fill the features folder of an extension by shards, if the settings ask for any.

    Afterwards encoding finds the folder complete and does nothing.

    Raises:
        StoreUnavailableError: shards could not be encoded; those that were are kept.
        UsageError: the settings cannot work here.
    """
    settings = Settings()
    if settings.encode_shards < 2 or (folder / "words.json").exists():
        return
    objects = place.objects()
    keys = cut_shards(objects, sentences, forms, chosen, sampling, model, settings.encode_shards)
    get_run_logger().info("encoding in %d shards (%s)", len(keys), settings.shard_runner)
    if settings.shard_runner == "dask":
        _on_dask(place, keys, settings.dask_scheduler)
    else:
        _on_workers(place, keys)
    merge_shards(objects, keys, sentences, folder)


def _on_workers(place: Place, keys: Sequence[str]) -> None:
    """One run of `encode-shard` each, on whatever worker of the pool is free; waits for all."""
    left = list(keys)
    for _ in range(_TRIES):
        runs = {key: _start(place, key) for key in left}
        ended = _wait(list(runs.values()))
        left = [key for key, run in runs.items() if not ended[run].is_completed()]
        if not left:
            return
        reasons = {ended[runs[key]].message for key in left}
        get_run_logger().warning("%d shards did not end well: %s", len(left), "; ".join(map(str, reasons)))
    raise StoreUnavailableError(
        f"{len(left)} of {len(keys)} shards could not be encoded, such as {left[0]}; read their runs' pages, "
        "then run this again: finished shards are kept"
    )


def _start(place: Place, key: str) -> UUID:
    # addresses come from each worker's own environment, so that a store may have another name there
    parameters = {"shard": key, **({"store": place.store_url} if place.store_url.startswith("s3://") else {})}
    if not place.store_url.startswith("s3://"):
        parameters["home"] = str(place.home)  # a file store: all workers share this machine, or its folder
        parameters["store"] = place.store_url
    started: Any = run_deployment(DEPLOYMENT, parameters={"parameters": parameters}, timeout=0, as_subflow=False)
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


def _on_dask(place: Place, keys: Sequence[str], scheduler: str | None) -> None:
    """One task each on a Dask cluster; its workers need this package and the store's settings in their environment."""
    try:
        runners: Any = importlib.import_module("prefect_dask")
    except ImportError as error:
        raise UsageError("MINICOIL_SHARD_RUNNER=dask needs the extra: pip install 'minicoil-service[dask]'") from error
    local = {"n_workers": len(keys), "threads_per_worker": 1, "dashboard_address": None}
    runner = runners.DaskTaskRunner(address=scheduler) if scheduler else runners.DaskTaskRunner(cluster_kwargs=local)
    _encode_all.with_options(task_runner=runner)(place, list(keys))


_as_task: Any = task(
    name="encode-shard", cache_policy=NO_CACHE, persist_result=False, retries=_TRIES, retry_delay_seconds=5
)
_encode_one = _as_task(encode_shard)


@flow(name="encode-shards", validate_parameters=False, persist_result=False)
def _encode_all(place: Place, keys: list[str]) -> int:
    futures = [_encode_one.submit(place, key) for key in keys]
    return len([future.result() for future in futures])
