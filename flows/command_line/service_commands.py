"""`minicoil serve` and `minicoil deploy`: the service on this machine, or its flows on a server that runs already."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from flows import screen
from flows.command_line.options import common_options, needs_training, open_place
from flows.orchestration import find_server, ignore_working_folder, named, tell_left_aside
from minicoil.errors import UsageError
from minicoil.extras import require_extra

_nightly = click.option(
    "--corpus",
    type=click.Path(),
    help="SPEC of the nightly extension and weekly retraining, kept on the server as variable minicoil_corpus; without "
    "it, the one that was given before; '' switches them off.",
)
_time_zone = click.option(
    "--timezone", "time_zone", help="In which the hours of schedules are meant, as Europe/Berlin; at first UTC."
)
_channels = click.option("--channel", "channels", multiple=True, help="Channel to prepare beside production.")


def _room(module: str) -> Any:
    """A module of `deployments`, which stands to the right of this room and is opened by name only, like a plug-in."""
    return importlib.import_module(f"deployments.{module}")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Anyone who reaches this address can run flows.")
@click.option("--port", type=click.IntRange(1, 65535), default=4200, show_default=True, help="Of server and UI.")
@_nightly
@_time_zone
@_channels
@click.option(
    "--health-port",
    type=click.IntRange(1, 65535),
    help="Answer GET /health and /ready here, on --host, for probes; default: off.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    help="Count, and answer GET /metrics for Prometheus here, on --host; it may be the health port; default: off.",
)
@click.option("--run-limit", type=click.IntRange(1, 64), default=4, show_default=True, help="Runs at a time.")
@common_options
def serve(place: dict[str, Any], channels: tuple[str, ...] = (), **values: Any) -> Any:
    """Run the whole service here: Prefect's server, its UI, a worker, schedules; everything under --home."""
    needs_training()
    if values["metrics_port"] is not None:
        require_extra("serve", "`minicoil serve --metrics-port`")
    serving = _room("serving")
    home = Path(place["home"]).expanduser().absolute()
    service = serving.Service(
        home=home, store=place["store"], qdrant_url=place["qdrant_url"], channels=channels, **values
    )
    serving.serve(service, screen.tell, click.get_current_context().meta["as_json"])
    return None


@click.command()
@_nightly
@_time_zone
@_channels
@click.option("--pool", default="minicoil", show_default=True, help="Work pool of the runs; made if there is none.")
@click.option(
    "--pool-type",
    type=click.Choice(["process", "docker", "kubernetes"]),
    help="Of a pool that is made: runs in the worker's own processes, or a container each; at first process.",
)
@click.option("--image", help="Of the containers of a docker or kubernetes pool; else the one that is built here.")
@click.option("--reap/--no-reap", default=True, show_default=True, help="Reap dead runs every ten minutes.")
@common_options
def deploy(place: dict[str, Any], channels: tuple[str, ...], **values: Any) -> Any:
    """Register work pool, limits, automations and deployments with the Prefect server that is named."""
    needs_training()
    server = find_server(Path(place["home"]).expanduser(), click.get_current_context().meta["prefect_url"])
    tell_left_aside(Path(place["home"]), server.url if server else None)
    if server is None:
        raise UsageError(
            "PREFECT_API_URL is not set, nor does your Prefect profile name a server; set it to your server's API "
            "(http://host:4200/api), or use `minicoil serve`"
        )
    with named(server):
        ignore_working_folder()
        setting_up = _room("setting_up")
        known = setting_up.known_channels(open_place(place).objects(), channels)
        shared = setting_up.Shared(values["corpus"], values["time_zone"], values["reap"])
        pool = setting_up.Pool(values["pool"], values["pool_type"], values["image"])
        return setting_up.deploy(known, shared, pool)
