"""How an extension spreads encoding and training: over the pool's workers, over a Dask cluster, or not at all."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.deployments import run_deployment
from prefect.logging import get_run_logger
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.turns import under_server
from minicoil.config import SamplingConfig
from minicoil.errors import StoreUnavailableError, UsageError
from minicoil.machine import processes
from tasks.encoding_shards import cut_shards, encode_shard, merge_shards
from tasks.features import Chosen, Features
from tasks.place import Place
from tasks.sentence_store import SentenceStore
from tasks.settings import Settings
from tasks.shard_files import ShardModel
from tasks.training_shards import TrainingWork, cut_training, train_shard

_LOOK_SECONDS = 2.0
_WORKER_BYTES = 2**30  # of a Dask worker: torch, an encoder, a unit of words
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
    _spread("encode-shard", place, keys, settings)
    merge_shards(objects, keys, sentences, folder)


def train_in_shards(place: Place, work: TrainingWork, features: Features, folder: Path) -> bool:
    """Train the words of a run by shards, if the settings ask for any; whether they did.

    Afterwards every word of it is remembered, as if an earlier run had trained it.

    Raises:
        StoreUnavailableError: shards could not be trained; what the others learned is kept.
        UsageError: the settings cannot work here.
    """
    settings, objects = Settings(), place.objects()
    if settings.train_shards < 2:
        return False
    keys = cut_training(objects, work, features, settings.train_shards, folder)
    _spread("train-shard", place, keys, settings)
    for key in keys:
        objects.delete(key)
    return True


def _spread(what: str, place: Place, keys: Sequence[str], settings: Settings) -> None:
    """Have the flow `what` done with every key, on whatever the settings name; waits for all."""
    get_run_logger().info("%s: %d shards (%s)", what, len(keys), settings.shard_runner)
    if settings.shard_runner == "dask":
        _on_dask(what, place, keys, settings.dask_scheduler)
    else:
        _on_workers(what, place, keys)


def _on_workers(what: str, place: Place, keys: Sequence[str]) -> None:
    """One run of the flow `what` each, on whatever worker of the pool is free."""
    left = list(keys)
    for _ in range(_TRIES):
        runs = {key: _start(what, place, key) for key in left}
        ended = _wait(list(runs.values()))
        left = [key for key, run in runs.items() if not ended[run].is_completed()]
        if not left:
            return
        reasons = {ended[runs[key]].message for key in left}
        get_run_logger().warning("%d shards did not end well: %s", len(left), "; ".join(map(str, reasons)))
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


def _on_dask(what: str, place: Place, keys: Sequence[str], scheduler: str | None) -> None:
    """One task each on a Dask cluster; its workers need this package and the store's settings in their environment."""
    try:
        runners: Any = importlib.import_module("prefect_dask")
    except ImportError as error:
        raise UsageError("MINICOIL_SHARD_RUNNER=dask needs the extra: pip install 'minicoil-service[dask]'") from error
    with get_client(sync_client=True) as client:
        api = str(client.api_url).rstrip("/")
    if not scheduler:
        runner = runners.DaskTaskRunner(cluster_kwargs=_local_cluster(len(keys), api))
    elif under_server():
        runner = runners.DaskTaskRunner(address=scheduler)
    else:
        raise UsageError(
            "MINICOIL_DASK_SCHEDULER names a cluster, whose workers report to a Prefect server, and none is in charge "
            "here; set PREFECT_API_URL to a server that they reach, or leave the scheduler out"
        )
    with temporary_settings({PREFECT_API_URL: api}):  # of an embedded server nobody else would know the address
        _all_shards.with_options(task_runner=runner)(what, place, list(keys))


def _local_cluster(n_shards: int, api: str) -> dict[str, Any]:
    """A process a shard and core at most, as far as memory goes; all report to this run's server, not to their own."""
    n_workers = min(n_shards, processes(_WORKER_BYTES))
    return {"n_workers": n_workers, "threads_per_worker": 1, "dashboard_address": None, "env": {"PREFECT_API_URL": api}}


def _as_task(function: Callable[[Place, str], dict[str, Any]], name: str) -> Any:
    decorate: Any = task(name=name, cache_policy=NO_CACHE, persist_result=False, retries=_TRIES, retry_delay_seconds=5)
    return decorate(function)


_ONE = {"encode-shard": _as_task(encode_shard, "encode-shard"), "train-shard": _as_task(train_shard, "train-shard")}


@flow(name="shards", validate_parameters=False, persist_result=False)
def _all_shards(what: str, place: Place, keys: list[str]) -> int:
    futures = [_ONE[what].submit(place, key) for key in keys]
    return len([future.result() for future in futures])
