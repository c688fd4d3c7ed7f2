"""Runs one flow by its name in this process: its parameters checked, its server chosen, that server's failures told."""

from __future__ import annotations

import importlib
import os
import typing
from collections.abc import Mapping
from typing import Any

import httpx

from flows import screen
from flows.forms import check_size, fill_in
from flows.orchestration.local_runs import run_here
from flows.orchestration.prefect_settings import ignore_working_folder, tell_left_aside
from flows.orchestration.run_records import home_of
from flows.orchestration.servers import PrefectServer, find_server, named
from minicoil.errors import StoreUnavailableError

FLOWS = {
    "index-collection": ("flows.index_collection", "index_collection"),
    "extend-vocabulary": ("flows.extend_vocabulary", "extend_vocabulary"),
    "reencode-collections": ("flows.reencode_collections", "reencode_collections"),
    "retrain-words": ("flows.retrain_words", "retrain_words"),
    "remove-words": ("flows.remove_words", "remove_words"),
    "attach-collection": ("flows.attach_collection", "attach_collection"),
    "adopt-collection": ("flows.adopt_collection", "adopt_collection"),
    "rebuild-collection": ("flows.rebuild_collection", "rebuild_collection"),
    "publish-release": ("flows.publish_release", "publish_release"),
    "encode-shard": ("flows.encode_shard", "encode_shard"),
    "read-shard": ("flows.read_shard", "read_shard"),
    "train-shard": ("flows.train_shard", "train_shard"),
    "rollback-release": ("flows.rollback_release", "rollback_release"),
    "settle-readers": ("flows.settle_readers", "settle_readers"),
    "abandon-promotion": ("flows.abandon_promotion", "abandon_promotion"),
    "promote-release": ("flows.promote_release", "promote_release"),
    "evaluate-retrieval": ("flows.evaluate_retrieval", "evaluate_retrieval"),
    "compare-releases": ("flows.compare_releases", "compare_releases"),
    "show-status": ("flows.show_status", "show_status"),
}

# Prefect's client tries 429, 502 and 503 again by itself; whatever a run sends may be repeated after these too. A run's
# page has its log; the terminal has progress and the answer.
SERVED_SETTINGS = {
    "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500,504",
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
_QUIET = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}


def run(name: str, values: Mapping[str, Any], server: str | None = None, verbose: bool = False) -> Any:
    """Check `values` against the parameter model of flow `name` and run it in this process.

    Args:
        name: One of `FLOWS`.
        values: Its parameters.
        server: Address of the API of the Prefect server that keeps the run, where it is to be another than the one
            that `flows.orchestration.servers.find_server` finds; "" for none.
        verbose: Under a server, show its own log lines on the terminal too.

    Raises:
        UsageError: a value is missing or out of bounds; the message names each and what was expected. Or all of them
            are more than a server takes.
        StoreUnavailableError: the Prefect server that was named failed, for longer than its client tries.
        MiniCoilError: what the flow itself refused.
    """
    home = home_of((values,), {})
    chosen = find_server(home, server)
    tell_left_aside(home, chosen.url if chosen else None)
    module_name, function_name = FLOWS[name]
    function = getattr(importlib.import_module(module_name), function_name)
    model = typing.get_type_hints(function.fn)["parameters"]
    parameters = fill_in(model, name, values)
    if chosen is None:  # not by calling the flow, which looks for a server itself: somebody may have asked for none
        return run_here(name, function.fn, parameters)
    with named(chosen):
        return _run_on(chosen, function, parameters, verbose)


def _run_on(server: PrefectServer, function: Any, parameters: Any, verbose: bool) -> Any:
    for variable, value in (SERVED_SETTINGS | ({} if verbose else _QUIET)).items():
        os.environ.setdefault(variable, value)
    ignore_working_folder()
    from prefect.settings import get_current_settings

    check_size(function.name, parameters, get_current_settings().server.api.max_parameter_size)
    screen.tell(f"this run is kept by the Prefect server at {server.url} (named by {server.named_by})")
    try:
        return function(parameters)
    except httpx.HTTPError as error:
        raise _server_failed(error) from error
    except RuntimeError as error:  # Prefect's own, when it cannot even ask the server for its version
        if isinstance(error.__cause__, httpx.HTTPError):
            raise _server_failed(error.__cause__) from error
        raise


def _server_failed(error: httpx.HTTPError) -> Exception:
    """What a person is told of a request to Prefect that failed; any other is no concern of this module."""
    address = os.environ.get("PREFECT_API_URL")
    try:
        request = error.request
    except RuntimeError:  # httpx's way of saying that there was none
        return error
    if address is None or not str(request.url).startswith(str(httpx.URL(address))):  # as the client writes it
        return error
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return StoreUnavailableError(
            f"the Prefect server at {address} does not answer ({type(error).__name__} for {request.method} "
            f"{request.url.path}); start it, correct its address, or give --prefect-url '' to run without a server"
        )
    if isinstance(error, httpx.TimeoutException):
        return StoreUnavailableError(
            f"the Prefect server at {address} is too slow ({type(error).__name__} for {request.method} "
            f"{request.url.path}); it or its disk is busy: run the same command again later, or raise "
            "PREFECT_API_REQUEST_TIMEOUT (seconds, 60 by default); it goes on where this one stopped"
        )
    said = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else type(error).__name__
    return StoreUnavailableError(
        f"the Prefect server at {address} failed ({said} for {request.method} {request.url.path}); look at "
        "its log, then run the same command again: it goes on where this one stopped"
    )
