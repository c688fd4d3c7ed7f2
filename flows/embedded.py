"""Runs one flow in this process, on Prefect's own embedded server kept inside the home folder, or on a named one."""

from __future__ import annotations

import importlib
import os
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pydantic

from minicoil.errors import StoreUnavailableError, UsageError
from tasks.formats import describe_problems

FLOWS = {
    "index-collection": ("flows.index_collection", "index_collection"),
    "extend-vocabulary": ("flows.extend_vocabulary", "extend_vocabulary"),
    "reencode-collections": ("flows.reencode_collections", "reencode_collections"),
    "retrain-words": ("flows.retrain_words", "retrain_words"),
    "remove-words": ("flows.remove_words", "remove_words"),
    "attach-collection": ("flows.attach_collection", "attach_collection"),
    "rebuild-collection": ("flows.rebuild_collection", "rebuild_collection"),
    "publish-release": ("flows.publish_release", "publish_release"),
    "encode-shard": ("flows.encode_shard", "encode_shard"),
    "train-shard": ("flows.train_shard", "train_shard"),
    "rollback-release": ("flows.rollback_release", "rollback_release"),
    "settle-readers": ("flows.settle_readers", "settle_readers"),
    "abandon-promotion": ("flows.abandon_promotion", "abandon_promotion"),
    "promote-release": ("flows.promote_release", "promote_release"),
    "evaluate-retrieval": ("flows.evaluate_retrieval", "evaluate_retrieval"),
    "compare-releases": ("flows.compare_releases", "compare_releases"),
}

# Each measured on Prefect 3.8.8: what an embedded server needs to start on a slow disk, and what it can do without.
EMBEDDED_SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
}
# Prefect's client tries 429, 502 and 503 again by itself; whatever a run sends may be repeated after these too.
SERVED_SETTINGS = {"PREFECT_CLIENT_RETRY_EXTRA_CODES": "500,504"}


def prepare_environment(home: Path, verbose: bool = False) -> None:
    """Point Prefect at a folder inside `home`; a server that the environment already names is left in charge."""
    os.environ.setdefault("PREFECT_HOME", str(home.expanduser().absolute() / "prefect"))
    Path(os.environ["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)  # its server does not make it in time
    if "?" in os.environ["PREFECT_HOME"]:  # it begins the options in a database's address, unless it is written out
        database = f"file:{quote(os.environ['PREFECT_HOME'])}/prefect.db?uri=true"
        os.environ.setdefault("PREFECT_API_DATABASE_CONNECTION_URL", f"sqlite+aiosqlite:///{database}")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO" if verbose else "CRITICAL")
    for name, value in (SERVED_SETTINGS if "PREFECT_API_URL" in os.environ else EMBEDDED_SETTINGS).items():
        os.environ.setdefault(name, value)


def run(name: str, values: Mapping[str, Any]) -> Any:
    """Check `values` against the parameter model of flow `name` and run it here.

    Raises:
        UsageError: a value is missing or out of bounds; the message names each and what was expected.
        StoreUnavailableError: the Prefect server that was named failed, for longer than its client tries.
        MiniCoilError: what the flow itself refused.
    """
    from flows import screen

    prepare_environment(Path(str(values["home"])), screen.VERBOSE)
    module_name, function_name = FLOWS[name]
    function = getattr(importlib.import_module(module_name), function_name)
    model = typing.get_type_hints(function.fn)["parameters"]
    try:
        parameters = model.model_validate(dict(values))
    except pydantic.ValidationError as error:
        raise UsageError(f"{name}: {describe_problems(error)}") from error
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
    if address is None or not str(request.url).startswith(address):
        return error
    said = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else type(error).__name__
    return StoreUnavailableError(
        f"the Prefect server at {address} failed ({said} for {request.method} {request.url.path}); look at "
        "its log, then run the same command again: it goes on where this one stopped"
    )
