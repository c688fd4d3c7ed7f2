"""`minicoil evaluate` and `minicoil compare`: what a release does for search, shown before and after."""

from __future__ import annotations

from typing import Any

import click

from flows.command_line.completion import complete_collections, complete_releases
from flows.command_line.options import channel_option, common_options, run_flow
from minicoil.config import Bm25Config


@click.command()
@click.argument("folder", required=False, type=click.Path())
@channel_option
@click.option(
    "--release",
    type=int,
    shell_complete=complete_releases,
    help="Evaluate this release; default: what the channel serves.",
)
@click.option("--model", type=click.Path(), help="Evaluate a model folder instead of a release.")
@click.option("--parent", help="Release number or folder to compare with; default: the release's own parent.")
@click.option(
    "--collection",
    shell_complete=complete_collections,
    help="Search in this collection; without FOLDER, make queries from its own text.",
)
@click.option("--proxy", is_flag=True, help="Only with --collection: known items and senses, made without labels.")
@click.option("--in-memory", is_flag=True, help="Score without the engine; the figures are the same.")
@click.option("--k", type=float, default=Bm25Config.k, show_default=True, help="BM25 k.")
@click.option("--b", type=float, default=Bm25Config.b, show_default=True, help="BM25 b.")
@click.option("--avg-len", type=float, help="Mean document length in words; default: measured on the set.")
@common_options
def evaluate(place: dict[str, Any], proxy: bool, folder: str | None, **values: Any) -> Any:
    """Measure nDCG@10, MRR@10 and recall@100 of BM25, a release and its parent.

    FOLDER is in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/test.tsv. With --collection and --proxy no labels
    are needed: titles and first sentences ask for their own text, and words in context for their own meaning.
    """
    return run_flow("evaluate-retrieval", {**place, **values, "folder": None if proxy else folder})


@click.command()
@click.argument("one", type=int, shell_complete=complete_releases)
@click.argument("other", type=int, shell_complete=complete_releases)
@click.argument("collection", shell_complete=complete_collections)
@click.option("--queries", required=True, type=click.Path(), help="One query a line, or JSON lines with text.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Results compared.")
@common_options
def compare(place: dict[str, Any], **values: Any) -> Any:
    """Search COLLECTION with releases ONE and OTHER, both readable there, and show what would change."""
    return run_flow("compare-releases", {**place, **values})
