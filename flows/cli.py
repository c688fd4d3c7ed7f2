"""The `minicoil` command: a thin door to the flows, and to the questions that need no flow.

Exit status: 0 done (also when there was nothing to do), 1 refused or failed, 2 bad usage. With --json the answer is
one JSON document on stdout; everything else goes to stderr. Torch and Prefect are imported only by commands that
run a flow, inside them: `search`, `words`, `release` and `--help` answer at once.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import click

from flows import screen
from minicoil.errors import MiniCoilError, UsageError

Command = Callable[..., Any]
FIRST_TIME = """
\b
Start here:
  minicoil index docs --corpus ./texts            make ./texts searchable
  minicoil extend --common 1000 --corpus ./texts  train its most frequent words, publish, re-encode
  minicoil search docs "pool of workers" --compare
"""


def common_options(command: Command) -> Command:
    """The four options that every command takes, gathered into one `options` mapping."""

    @click.option("--home", default=".minicoil", show_default=True, envvar="MINICOIL_HOME", help="Folder of all state.")
    @click.option("--store", envvar="MINICOIL_STORE", help="Object store: file:///path or s3://bucket/prefix.")
    @click.option("--qdrant-url", envvar="MINICOIL_QDRANT_URL", help="Qdrant server; default: embedded in --home.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, logs on stderr.")
    @click.option("-v", "--verbose", is_flag=True, help="Show the program's and Prefect's own log lines.")
    @functools.wraps(command)
    def wrapped(home: str, store: str, qdrant_url: str, as_json: bool, verbose: bool, **arguments: Any) -> None:
        screen.set_up(as_json, verbose)
        place = {"home": home, "store": store, "qdrant_url": qdrant_url}
        _answer(lambda: command(place=place, **arguments), as_json, command.__name__)

    return wrapped


def _answer(run: Callable[[], Any], as_json: bool, command: str) -> None:
    try:
        result = run()
    except (UsageError, MiniCoilError) as error:
        _refuse(error, as_json, 2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        screen.tell("interrupted; the same command run again goes on where this one stopped")
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, default=str))
    else:
        screen.show(command, result)
    if isinstance(result, Mapping) and result.get("refused"):
        sys.exit(1)


def _refuse(error: MiniCoilError, as_json: bool, status: int) -> None:
    if as_json:
        click.echo(json.dumps({"error": type(error).__name__, "message": str(error)}, ensure_ascii=False))
    screen.tell(f"error: {error}", style="bold red")
    sys.exit(status)


def run_flow(name: str, values: Mapping[str, Any]) -> Any:
    """Check `values` against a flow's parameter model, then run the flow in this process."""
    from flows.embedded import run  # brings Prefect in

    return run(name, {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()})


@click.group(epilog=FIRST_TIME, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version("minicoil-service"), prog_name="minicoil")
def main() -> None:
    """Keeps a miniCOIL sparse-retrieval model fluent in its users' language."""


corpus_option = click.option("--corpus", multiple=True, required=True, help="File, folder, hf:, qdrant: or pydocs:.")
channel_option = click.option("--channel", default="production", show_default=True, help="Named release pointer.")
encoder_option = click.option("--encoder", default="minilm", show_default=True, help="minilm, folder, or hub id.")
dims_option = click.option("--dims", type=click.Choice(["4", "8", "16"]), default="4", show_default=True)
base_option = click.option("--base", help="Model to start from: a folder that FastEmbed loads, or a hub id.")
profile_option = click.option("--profile", type=click.Choice(["minicoil-v1"]), help="Settings that belong together.")
sample_option = click.option("--sample", type=int, help="Use a seeded sample of this many documents.")


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
@common_options
def extend(place: dict[str, Any], dims: str, no_promote: bool, **values: Any) -> Any:
    """Teach the model WORDs, or mine or count them: train, validate, publish, re-encode."""
    return run_flow("extend-vocabulary", {**place, **values, "dims": int(dims), "promote": not no_promote})


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
@common_options
def retrain(place: dict[str, Any], no_promote: bool, **values: Any) -> Any:
    """Measure served words on a corpus and retrain those that underperform there."""
    return run_flow("retrain-words", {**place, **values, "promote": not no_promote})


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
@click.option("--compare", is_flag=True, help="BM25 beside miniCOIL.")
@common_options
def search(place: dict[str, Any], collection: str, query: str, limit: int, compare: bool) -> Any:
    """Search COLLECTION for QUERY."""
    from tasks.searching import search_collection

    return search_collection(_place(place), collection, query, limit, compare)


@main.command()
@click.argument("word", required=False)
@channel_option
@common_options
def words(place: dict[str, Any], word: str | None, channel: str) -> Any:
    """Show the ledger, or one WORD."""
    from tasks.inspecting import list_words

    return list_words(_place(place), channel, word)


@main.group()
def release() -> None:
    """List, show, pull, verify, promote and roll back releases."""


@release.command("list")
@common_options
def release_list(place: dict[str, Any]) -> Any:
    """Every complete release, newest last, and the channels that point to them."""
    from tasks.inspecting import list_all_releases

    return list_all_releases(_place(place))


@release.command("show")
@click.argument("name")
@common_options
def release_show(place: dict[str, Any], name: str) -> Any:
    """One release by number or channel NAME."""
    from tasks.inspecting import show_release

    return show_release(_place(place), name)


@release.command("pull")
@click.argument("name")
@click.argument("directory")
@common_options
def release_pull(place: dict[str, Any], name: str, directory: str) -> Any:
    """Copy a release (number or channel NAME) into DIRECTORY, checked file by file."""
    from tasks.inspecting import pull

    return pull(_place(place), name, directory)


@release.command("verify")
@click.argument("name")
@common_options
def release_verify(place: dict[str, Any], name: str) -> Any:
    """Re-read and re-hash every file of a release."""
    from tasks.inspecting import verify

    return verify(_place(place), name)


@release.command("promote")
@click.argument("number", type=int)
@channel_option
@common_options
def release_promote(place: dict[str, Any], number: int, channel: str) -> Any:
    """Re-encode the channel's collections for release NUMBER, then move the channel to it."""
    return run_flow("promote-release", {**place, "release": number, "channel": channel})


@release.command("rollback")
@channel_option
@common_options
def release_rollback(place: dict[str, Any], channel: str) -> Any:
    """Point the channel back to its previous release; instant while its cells are still there."""
    from tasks.promotion import roll_back_channel

    return roll_back_channel(_place(place), channel)


@release.command("prune")
@click.option("--keep", type=click.IntRange(0, 1000), default=3, show_default=True, help="Newest releases to keep.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@common_options
def release_prune(place: dict[str, Any], keep: int, dry_run: bool) -> Any:
    """Delete releases that no channel, collection or reader needs."""
    from tasks.pruning import prune_releases

    return prune_releases(_place(place).objects(), keep, dry_run)


@release.command("readers")
@common_options
def release_readers(place: dict[str, Any]) -> Any:
    """Processes that follow a channel, and the release each serves."""
    from tasks.readers import list_readers

    return {"readers": [reader.model_dump() for reader in list_readers(_place(place).objects())]}


def _place(values: Mapping[str, Any]) -> Any:
    from tasks.place import Place

    return Place.at(values["home"], values["store"], values["qdrant_url"])


if __name__ == "__main__":
    main()
