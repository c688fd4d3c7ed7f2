"""`minicoil metrics`: Prometheus's port beside a worker, or beside commands that run by themselves."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import click

from flows.command_line.options import common_options
from flows.screen import dump_json, tell
from minicoil.extras import require_extra


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("--host", default="127.0.0.1", show_default=True, help="Anyone who reaches this address can read.")
@click.option("--port", type=click.IntRange(0, 65535), required=True, help="To listen on; 0 takes a free one.")
@common_options
def metrics(place: dict[str, Any], command: tuple[str, ...], host: str, port: int) -> Any:
    """Answer GET /metrics for Prometheus while COMMAND runs and counts, such as a worker; without one, until stopped.

    Exit status: that of COMMAND.
    """
    require_extra("serve", "`minicoil metrics`")
    module: Any = importlib.import_module("deployments.metrics")  # to the right of this room: by name, like a plug-in
    home = Path(place["home"]).expanduser().absolute()
    as_json = click.get_current_context().meta["as_json"]

    def say_ready(url: str) -> None:
        if as_json:
            sys.stdout.write(dump_json({"url": url}) + "\n")
            sys.stdout.flush()
        tell(f"ready: {url}")

    look = module.look_at(home, place["store"], place["qdrant_url"])
    sys.exit(module.run_counted(command, home, look, host, port, say_ready))
