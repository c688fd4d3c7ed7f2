"""The `minicoil` command: a thin door to the flows, and to the questions that need no flow.

Torch is imported only where words are trained, Prefect only where a server keeps the run: `search`, `words`, `release`
and `--help` answer at once.
"""

from __future__ import annotations

from typing import Any

import click

from flows.command_line import (
    CommandGroup,
    add_examples,
    channel_option,
    common_options,
    compare,
    complete_collections,
    complete_releases,
    deploy,
    detach,
    doctor,
    encode,
    evaluate,
    forget,
    metrics,
    open_place,
    options_of,
    release,
    run_flow,
    serve,
    serve_embeddings,
    status,
    try_folder,
)
from minicoil import __version__


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="minicoil")
@click.option("--debug", is_flag=True, envvar="MINICOIL_DEBUG", help="Show where an error was raised: its traceback.")
def main(debug: bool) -> None:
    """Keeps a miniCOIL sparse-retrieval model fluent in its users' language."""
    click.get_current_context().meta["debug"] = debug


@main.command()
@options_of("IndexParameters", "collection")
@common_options
def index(place: dict[str, Any], **values: Any) -> Any:
    """Create or feed COLLECTION from a corpus."""
    return run_flow("index-collection", {**place, **values})


@main.command()
@options_of("ExtendParameters", "words")
@common_options
def extend(place: dict[str, Any], **values: Any) -> Any:
    """Teach the model WORDs, or mine or count them: train, validate, judge, publish, re-encode."""
    return run_flow("extend-vocabulary", {**place, **values})


@main.command()
@options_of("RetrainParameters")
@common_options
def retrain(place: dict[str, Any], **values: Any) -> Any:
    """Measure served words on a corpus and retrain those that underperform there."""
    return run_flow("retrain-words", {**place, **values})


@main.command()
@options_of("RemoveParameters", "words")
@common_options
def remove(place: dict[str, Any], **values: Any) -> Any:
    """Return WORDs to BM25."""
    return run_flow("remove-words", {**place, **values})


@main.command()
@options_of("ReencodeParameters", "collections")
@common_options
def reencode(place: dict[str, Any], **values: Any) -> Any:
    """Bring COLLECTIONs to the channel's release: expand, move, sweep; contract when the grace period is over."""
    return run_flow("reencode-collections", {**place, **values})


@main.command()
@options_of("RebuildParameters", "source", "target")
@common_options
def rebuild(place: dict[str, Any], **values: Any) -> Any:
    """Build TARGET from SOURCE with the channel's release: for another encoder, or a collection without miniCOIL."""
    return run_flow("rebuild-collection", {**place, **values})


@main.command()
@options_of("AttachParameters", "collection")
@common_options
def attach(place: dict[str, Any], **values: Any) -> Any:
    """Take up COLLECTION, which carries miniCOIL vectors already. Nothing is written to it before a promotion."""
    return run_flow("attach-collection", {**place, **values})


@main.command()
@options_of("AdoptParameters", "collection")
@common_options
def adopt(place: dict[str, Any], **values: Any) -> Any:
    """Add miniCOIL vectors to COLLECTION in place, while it is written and searched; --undo takes them back."""
    return run_flow("adopt-collection", {**place, **values})


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
    opened = open_place(place)
    opened.wake_engine()  # it starts while this process imports what a search needs
    from tasks.collections import search_collection

    return search_collection(opened, collection, query, limit, **values)


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
main.add_command(serve_embeddings)
main.add_command(metrics)
main.add_command(deploy)
main.add_command(evaluate)
main.add_command(compare)
main.add_command(status)
main.add_command(doctor)
main.add_command(detach)
add_examples(main)

if __name__ == "__main__":
    main()
