"""The `minicoil` command: a thin door to the flows, and to the questions that need no flow.

Torch and Prefect are imported only by commands that run a flow, inside them: `search`, `words`, `release` and
`--help` answer at once.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import click

from flows.options import (
    base_option,
    channel_option,
    common_options,
    corpus_option,
    dims_option,
    encoder_option,
    open_place,
    profile_option,
    proof_options,
    run_flow,
    sample_option,
    without_flags,
)
from flows.proof_commands import compare, evaluate
from flows.release_commands import release

FIRST_TIME = """
\b
Start here:
  minicoil index docs --corpus ./texts            make ./texts searchable
  minicoil extend --common 1000 --corpus ./texts  train its most frequent words, publish, re-encode
  minicoil search docs "pool of workers" --compare
"""


@click.group(epilog=FIRST_TIME, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version("minicoil-service"), prog_name="minicoil")
def main() -> None:
    """Keeps a miniCOIL sparse-retrieval model fluent in its users' language."""


@main.command()
@click.argument("collection")
@corpus_option
@channel_option
@encoder_option
@dims_option
@sample_option
@base_option
@profile_option
@click.option("--k", type=float, default=1.2, show_default=True, help="BM25 k, fixed at creation.")
@click.option("--b", type=float, default=0.75, show_default=True, help="BM25 b, fixed at creation.")
@click.option("--avg-len", type=float, help="Mean document length in words; default: measured on the corpus.")
@common_options
def index(place: dict[str, Any], dims: str, **values: Any) -> Any:
    """Create or feed COLLECTION from a corpus."""
    return run_flow("index-collection", {**place, **values, "dims": int(dims)})


@main.command()
@click.argument("words", nargs=-1)
@corpus_option
@channel_option
@encoder_option
@dims_option
@sample_option
@click.option("--words-file", help="One word a line.")
@click.option("--mine", type=int, help="Take the N words this domain uses unlike general English (default 200).")
@click.option("--common", type=int, help="Take the N most frequent usable words.")
@click.option("--queries", help="Query log, one query a line: weights words people search for.")
@click.option("--max-points", type=int, help="Stop taking words when this many points are affected.")
@click.option("--background", help="Corpus SPEC of general text to mine against.")
@click.option("--collection", "collections", multiple=True, help="Default: every collection on the channel.")
@base_option
@profile_option
@click.option("--target", type=click.Choice(["saturated", "correlation"]), default="saturated", show_default=True)
@click.option("--min-sentences", type=int, default=25, show_default=True)
@click.option("--max-sentences", type=int, default=8000, show_default=True)
@click.option("--role-model", default="minilm", show_default=True, help="minilm, folder, or hub id.")
@click.option("--no-promote", is_flag=True, help="Publish only.")
@click.option("--dry-run", is_flag=True, help="Say which words, how many points and what it costs.")
@proof_options
@common_options
def extend(place: dict[str, Any], dims: str, **values: Any) -> Any:
    """Teach the model WORDs, or mine or count them: train, validate, judge, publish, re-encode."""
    return run_flow("extend-vocabulary", {**place, **without_flags(values), "dims": int(dims)})


@main.command()
@corpus_option
@channel_option
@encoder_option
@sample_option
@click.option("--below", type=float, help="Also retrain every word under this held-out ordering accuracy.")
@click.option("--target", type=click.Choice(["saturated", "correlation"]), default="saturated", show_default=True)
@click.option("--min-sentences", type=int, default=25, show_default=True)
@click.option("--max-sentences", type=int, default=8000, show_default=True)
@click.option("--role-model", default="minilm", show_default=True, help="minilm, folder, or hub id.")
@click.option("--no-promote", is_flag=True, help="Publish only.")
@proof_options
@common_options
def retrain(place: dict[str, Any], **values: Any) -> Any:
    """Measure served words on a corpus and retrain those that underperform there."""
    return run_flow("retrain-words", {**place, **without_flags(values)})


@main.command()
@click.argument("words", nargs=-1, required=True)
@channel_option
@click.option("--no-promote", is_flag=True, help="Publish only.")
@common_options
def remove(place: dict[str, Any], no_promote: bool, **values: Any) -> Any:
    """Return WORDs to BM25."""
    return run_flow("remove-words", {**place, **values, "promote": not no_promote})


@main.command()
@click.argument("collections", nargs=-1)
@channel_option
@click.option("--contract", is_flag=True, help="Drop the previous release's cells; ends instant rollback.")
@click.option("--dry-run", is_flag=True, help="Only count the points that would be rewritten.")
@common_options
def reencode(place: dict[str, Any], **values: Any) -> Any:
    """Bring COLLECTIONs to the channel's release."""
    return run_flow("reencode-collections", {**place, **values})


@main.command()
@click.argument("collection")
@click.argument("query")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--compare", is_flag=True, help="BM25 beside miniCOIL, with the words that moved each result.")
@click.option("--explain", help="Id of a point: its score word by word, IDF x tf x meaning.")
@common_options
def search(place: dict[str, Any], collection: str, query: str, limit: int, compare: bool, explain: str | None) -> Any:
    """Search COLLECTION for QUERY."""
    from tasks.searching import search_collection

    return search_collection(open_place(place), collection, query, limit, compare, explain)


@main.command()
@click.argument("word", required=False)
@channel_option
@common_options
def words(place: dict[str, Any], word: str | None, channel: str) -> Any:
    """Show the ledger, or one WORD."""
    from tasks.inspecting import list_words

    return list_words(open_place(place), channel, word)


main.add_command(release)
main.add_command(evaluate)
main.add_command(compare)

if __name__ == "__main__":
    main()
