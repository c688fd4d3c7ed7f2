"""`minicoil status`: what is served, stuck and due; and `minicoil detach`, for a collection that is no more.

Neither is a run of its own: status can be asked every minute.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from flows.command_line.completion import complete_collections
from flows.command_line.options import common_options, open_place


@click.command()
@click.option("--alert", is_flag=True, help="Tell people by webhook and mail; exit status 1 if anything is wrong.")
@common_options
def status(place: dict[str, Any], alert: bool) -> Any:
    """What is served since when, whether searches are safe, what is stuck or waits for whom, and the next command."""
    from flows.orchestration import find_server
    from flows.stages import report_status

    server = find_server(Path(place["home"]).expanduser(), click.get_current_context().meta["prefect_url"])
    return report_status(open_place(place), server, alert)


@click.command()
@click.argument("collection", shell_complete=complete_collections)
@common_options
def detach(place: dict[str, Any], collection: str) -> Any:
    """Take COLLECTION off the list: its owner deleted it, or keeps it without this service. Its points stay."""
    from tasks.adoption import detach_collection
    from tasks.disk import writer_lock

    where = open_place(place)
    with writer_lock(where.home, "detach"):
        return detach_collection(where, collection)
