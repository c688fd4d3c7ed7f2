"""`minicoil forget`: a document taken out of everything the service keeps. No flow: run histories keep parameters."""

from __future__ import annotations

from typing import Any

import click

from flows.command_line.completion import complete_collections
from flows.command_line.options import common_options, open_place


@click.command()
@click.option("--doc", "docs", multiple=True, required=True, help="Id of a document, as points carry it; repeatable.")
@click.option(
    "--corpus",
    multiple=True,
    type=click.Path(),
    help="Corpus the id belongs to, where several use the same; repeatable.",
)
@click.option(
    "--collection",
    "collections",
    multiple=True,
    shell_complete=complete_collections,
    help="Delete its points there too; repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@common_options
def forget(place: dict[str, Any], **values: Any) -> Any:
    """Remove a document's sentences from stores, caches and reports, and name the words that learned from them."""
    from tasks.forgetting import ForgetRequest, forget_documents

    return forget_documents(open_place(place), ForgetRequest(**values))
