"""`minicoil serve-embeddings`: vectors over HTTP; no torch, no Prefect."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from flows.command_line.completion import complete_collections
from flows.command_line.options import common_options
from flows.screen import dump_json, tell
from minicoil.extras import require_extra

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command("serve-embeddings")
@click.argument("model")
@click.option("--host", default="127.0.0.1", show_default=True, help="Anyone who reaches this address can ask.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8300, show_default=True, help="To listen on; 0 takes a free one."
)
@click.option(
    "--collection", shell_complete=complete_collections, help="With a channel: its record gives k, b and avg_len."
)
@click.option("--k", type=float, help="BM25 k of documents (default 1.2).")
@click.option("--b", type=float, help="BM25 b of documents (default 0.75).")
@click.option("--avg-len", type=float, help="Mean document length in words (default 150, FastEmbed's).")
@click.option(
    "--importance", help="Digest of what a collection's words are weighed by, as `minicoil index` printed it."
)
@click.option("--threads", type=click.IntRange(min=1), help="Batches encoded at once. Default: one a core.")
@click.option(
    "--max-texts", type=click.IntRange(1, 10_000), default=256, show_default=True, help="Texts taken in one request."
)
@click.option(
    "--max-characters",
    type=click.IntRange(1, 10**7),
    default=20_000,
    show_default=True,
    help="Characters taken of one text.",
)
@click.option(
    "--max-body-bytes", type=click.IntRange(1, 2**30), default=4 * 2**20, show_default=True, help="Of one request."
)
@click.option(
    "--max-waiting",
    type=click.IntRange(1, 10**6),
    default=2048,
    show_default=True,
    help="Texts of all requests that may wait; who comes on top is told to come again.",
)
@common_options
def serve_embeddings(
    place: dict[str, Any],
    model: str,
    host: str,
    port: int,
    threads: int | None,
    max_texts: int,
    max_characters: int,
    max_body_bytes: int,
    max_waiting: int,
    **numbers: Any,
) -> Any:
    """Serve vectors of MODEL over HTTP: a folder, file:///STORE@7, s3://BUCKET/PREFIX@production, hf:OWNER/NAME@7.

    A channel is followed: the service moves when it does. POST /embed, GET /health, /ready, /metrics.
    """
    require_extra("serve", "`minicoil serve-embeddings`")
    from tasks.vectors import Bounds, ModelAddress, serve_vectors

    # the address says which store; what is pulled from it lies in the home, which resolvers know from here alone
    os.environ["MINICOIL_HOME"] = str(Path(place["home"]).expanduser().absolute())
    as_json = click.get_current_context().meta["as_json"]
    address = ModelAddress(model, **numbers)

    def say_ready(url: str, facts: dict[str, Any]) -> None:
        if as_json:
            sys.stdout.write(dump_json({"url": url, **facts}) + "\n")
            sys.stdout.flush()
        release = "" if facts["release"] is None else f", release {facts['release']}"
        follows = ", followed" if facts["follows"] else ""
        tell(f"ready: {url}/embed{release}{follows}   Ctrl-C stops")

    if host not in _LOOPBACK:
        tell("this address can be reached from other machines, and whoever reaches it can ask for vectors")
    serve_vectors(
        address, host, port, Bounds(max_texts, max_characters, max_body_bytes, max_waiting), threads, say_ready
    )
    tell("stopped")
    return None
