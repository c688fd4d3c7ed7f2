"""`minicoil evaluate` and `minicoil compare`: what a release does for search, shown before and after."""

from __future__ import annotations

from typing import Any

import click

from flows.command_line.form_options import FormCommand, options_of
from flows.command_line.options import common_options, run_flow


@click.command(cls=FormCommand)
@options_of("EvaluateParameters", "folder")
@click.option("--proxy", is_flag=True, help="Only with --collection: known items and senses, made without labels.")
@common_options
def evaluate(place: dict[str, Any], proxy: bool, folder: str | None, **values: Any) -> Any:
    """Measure nDCG@10, MRR@10 and recall@100 of BM25, a release and its parent.

    FOLDER is in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/test.tsv; or a public set by name, read from the
    hub once: beir:scifact, nanobeir:scifact. With --collection and --proxy no labels are needed: titles and first
    sentences ask for their own text, and words in context for their own meaning.
    """
    return run_flow("evaluate-retrieval", {**place, **values, "folder": None if proxy else folder})


@click.command(cls=FormCommand)
@options_of("CompareParameters", "one", "other", "collection")
@common_options
def compare(place: dict[str, Any], **values: Any) -> Any:
    """Search COLLECTION with releases ONE and OTHER, both readable there, and show what would change."""
    return run_flow("compare-releases", {**place, **values})
