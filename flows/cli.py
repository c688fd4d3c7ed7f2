"""The `minicoil` command: a thin door to the flows, and to the questions that need no flow.

Torch is imported only where words are trained, Prefect only where a server keeps the run: `search`, `words`, `release`
and `--help` answer at once.
"""

from __future__ import annotations

from typing import Any

import click

from flows import screen
from flows.command_line import (
    add_examples,
    base_option,
    bm25_options,
    channel_option,
    common_options,
    compare,
    complete_collections,
    complete_releases,
    corpus_option,
    deploy,
    dims_option,
    encode,
    encoder_option,
    evaluate,
    expansion_options,
    forget,
    no_promote_option,
    open_place,
    profile_option,
    proof_options,
    release,
    run_flow,
    sample_option,
    serve,
    training_options,
    try_folder,
    without_flags,
)
from minicoil import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="minicoil")
@click.option("--debug", is_flag=True, envvar="MINICOIL_DEBUG", help="Show where an error was raised: its traceback.")
def main(debug: bool) -> None:
    """Keeps a miniCOIL sparse-retrieval model fluent in its users' language."""
    screen.show_tracebacks(debug)


@main.command()
@click.argument("collection", shell_complete=complete_collections)
@corpus_option
@channel_option
@encoder_option
@dims_option
@sample_option
@base_option
@profile_option
@bm25_options
@click.option("--delete-missing", is_flag=True, help="Delete points whose document CORPUS does not have any more.")
@click.option(
    "--on-duplicate",
    type=click.Choice(["tell-apart", "keep-last", "refuse"]),
    default="tell-apart",
    show_default=True,
    help="Two texts with one id: both stay (file#id, id#line), the later one counts, or nothing is written.",
)
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
@click.option(
    "--words-file",
    type=click.Path(),
    help="One word a line: as many as there are, where a command line or a form ends.",
)
@click.option("--mine", type=int, help="Take the N words this domain uses unlike general English (default 200).")
@click.option("--common", type=int, help="Take the N most frequent usable words.")
@click.option("--queries", type=click.Path(), help="Query log, one query a line: weights words people search for.")
@click.option("--max-points", type=int, help="Stop taking words when this many points are affected.")
@click.option("--background", help="Corpus SPEC of general text to mine against.")
@click.option(
    "--collection",
    "collections",
    multiple=True,
    shell_complete=complete_collections,
    help="Default: every collection on the channel.",
)
@base_option
@profile_option
@training_options
@no_promote_option
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
@training_options
@no_promote_option
@proof_options
@common_options
def retrain(place: dict[str, Any], **values: Any) -> Any:
    """Measure served words on a corpus and retrain those that underperform there."""
    return run_flow("retrain-words", {**place, **without_flags(values)})


@main.command()
@click.argument("words", nargs=-1, required=True)
@channel_option
@no_promote_option
@common_options
def remove(place: dict[str, Any], no_promote: bool, **values: Any) -> Any:
    """Return WORDs to BM25."""
    return run_flow("remove-words", {**place, **values, "promote": not no_promote})


@main.command()
@click.argument("collections", nargs=-1, shell_complete=complete_collections)
@channel_option
@click.option("--contract", is_flag=True, help="Drop the previous release's cells now; ends instant rollback.")
@click.option("--grace-hours", type=float, default=24.0, show_default=True, help="Until these cells go by themselves.")
@click.option("--part", help="Only this share of the points, as 2/4: several workers divide the work.")
@expansion_options
@click.option("--dry-run", is_flag=True, help="Only say which points would be rewritten, and why.")
@common_options
def reencode(place: dict[str, Any], **values: Any) -> Any:
    """Bring COLLECTIONs to the channel's release: expand, move, sweep; contract when the grace period is over."""
    return run_flow("reencode-collections", {**place, **values})


@main.command()
@click.argument("source", shell_complete=complete_collections)
@click.argument("target")
@channel_option
@click.option("--text", help="Payload fields that the text is made of; default: as SOURCE is registered.")
@click.option("--alias", help="Pointed to TARGET when it is right.")
@bm25_options
@common_options
def rebuild(place: dict[str, Any], **values: Any) -> Any:
    """Build TARGET from SOURCE with the channel's release: for another encoder, or a collection without miniCOIL."""
    return run_flow("rebuild-collection", {**place, **values})


@main.command()
@click.argument("collection", shell_complete=complete_collections)
@channel_option
@click.option("--vector", required=True, help="Name of its miniCOIL sparse vector.")
@click.option("--text", help="Payload fields that the text is made of, as '{title}\\n{body}'.")
@click.option("--corpus", multiple=True, help="Has the texts by id, where the payload has none.")
@click.option("--join", default="", help="Payload field with the document's id; default: the point's own id.")
@click.option("--base", help="Model it was encoded with, if that is no release of the channel.")
@click.option("--k", type=float, help="BM25 k; default: found from its vectors.")
@click.option("--b", type=float, help="BM25 b; default: found from its vectors.")
@click.option("--avg-len", type=float, help="Mean length in words; default: found from its vectors.")
@click.option("--tenant", help="Payload field whose value scopes IDF.")
@common_options
def attach(place: dict[str, Any], **values: Any) -> Any:
    """Adopt COLLECTION, which carries miniCOIL vectors already. Nothing is written to it before a promotion."""
    return run_flow("attach-collection", {**place, **values})


@main.command()
@click.argument("collection", shell_complete=complete_collections)
@click.argument("query")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Results shown.")
@click.option("--compare", is_flag=True, help="BM25 beside miniCOIL, with the words that moved each result.")
@click.option("--explain", help="Id of a point: its score word by word, IDF x tf x meaning.")
@click.option("--tenant", help="Whose points, in a collection that has tenants.")
@common_options
def search(place: dict[str, Any], collection: str, query: str, limit: int, **values: Any) -> Any:
    """Search COLLECTION for QUERY."""
    from tasks.collections import search_collection

    return search_collection(open_place(place), collection, query, limit, **values)


@main.command()
@click.argument("word", required=False)
@channel_option
@click.option("--release", type=int, shell_complete=complete_releases, help="Another than the served one.")
@common_options
def words(place: dict[str, Any], word: str | None, channel: str, release: int | None) -> Any:
    """Show the ledger, or one WORD."""
    from tasks.report import list_words

    return list_words(open_place(place), channel, word, release)


main.add_command(release)
main.add_command(encode)
main.add_command(forget)
main.add_command(try_folder)
main.add_command(serve)
main.add_command(deploy)
main.add_command(evaluate)
main.add_command(compare)
add_examples(main)

if __name__ == "__main__":
    main()
