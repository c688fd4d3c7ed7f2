"""`minicoil try FOLDER`: from a folder of text to both rankings, with settings that fit a few minutes."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from flows import screen
from flows.command_line.options import common_options, open_place, run_flow
from minicoil.errors import UsageError
from tasks.store import find_path, shown_name

CHANNEL = "production"
# What two cores do in under three minutes: a document is a chunk of about 170 tokens, 28 ms of CPU; a sentence 5 ms
SAMPLE = 1200
TRAINING = {"common": 100, "sample": 2000, "max_sentences": 100}
LIMIT = 5


@click.command("try")
@click.argument("folder", type=click.Path())
@common_options
def try_folder(place: dict[str, Any], folder: str) -> Any:
    """Make a FOLDER of text searchable, train its common words, and show BM25 and miniCOIL side by side."""
    path = find_path(folder)
    is_spec = not path.exists()
    if is_spec and ":" not in folder:
        raise UsageError(f"{path} was not found; give a folder with .txt, .md, .html, .jsonl or .parquet files in it")
    started = time.monotonic()
    collection = collection_name(path)
    corpus = [folder if is_spec else shown_name(path.absolute())]
    screen.tell(
        f"reading {folder}: at most {SAMPLE:,} pieces are indexed now, and {TRAINING['common']} words are trained"
    )
    index = {**place, "collection": collection, "corpus": corpus, "sample": SAMPLE, "channel": CHANNEL}
    indexed = run_flow("index-collection", index)
    extended = run_flow("extend-vocabulary", {**place, "corpus": corpus, "channel": CHANNEL, **TRAINING})
    answer = {
        "collection": collection,
        "n_points": indexed.n_points,
        "release": extended.release,
        "n_trained": sum(row["verdict"] in ("accepted", "improved") for row in extended.words),
        "message": extended.message,
        "refused": extended.refused,
        "examples": examples(place, collection),
    }
    answer["seconds"] = round(time.monotonic() - started, 1)
    return {**answer, "next": next_steps(place, collection, corpus[0], answer["examples"])}


def collection_name(path: Path) -> str:
    """A collection's name made of the folder's."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.absolute().name).strip("-._")
    return name[:100] or "texts"


def examples(place: Mapping[str, Any], collection: str) -> list[dict[str, Any]]:
    """Queries about a word of the text in two meanings, each with both rankings."""
    from tasks.collections import search_collection
    from tasks.report import choose_queries

    opened = open_place(place)
    rows = []
    for query in choose_queries(opened, CHANNEL):
        answer = search_collection(opened, collection, query.text, LIMIT, compare=True)
        rows.append({"word": query.word, "apart": query.apart, **answer})
    return rows


def next_steps(place: Mapping[str, Any], collection: str, corpus: str, shown: list[dict[str, Any]]) -> list[str]:
    """Commands that lead on from here."""
    home = "" if place["home"] == ".minicoil" else f" --home {shlex.quote(place['home'])}"
    corpus = shlex.quote(corpus)
    word = shown[0]["word"] if shown else "WORD"
    return [
        f'minicoil search {collection} "your own words" --compare{home}',
        f"minicoil words {word}{home}",
        f"minicoil index {collection} --corpus {corpus}{home}    # all of it",
        f"minicoil extend --common 1000 --corpus {corpus}{home}    # more words, on all sentences",
        f"minicoil serve{home}    # forms, schedules and approval in a browser",
    ]
