"""`minicoil encode`: a pipe from lines to vectors; no torch, no Prefect."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from flows.command_line.completion import complete_channels, complete_collections, complete_releases
from flows.command_line.options import common_options, open_place
from flows.screen import complain, dump_json, tell


@click.command()
@click.option(
    "--channel",
    shell_complete=complete_channels,
    help="Encode with the release this channel serves (default: production).",
)
@click.option("--release", type=int, shell_complete=complete_releases, help="Encode with this release.")
@click.option("--model", "folder", type=click.Path(), help="Encode with a model folder.")
@click.option(
    "--collection", shell_complete=complete_collections, help="Encode for this collection, with its k, b and avg_len."
)
@click.option("--query", is_flag=True, help="Lines are queries, not documents.")
@click.option("--dense", is_flag=True, help="The encoder's sentence vector too, from the same pass.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["auto", "text", "jsonl"]),
    default="auto",
    show_default=True,
    help="Of the lines on stdin.",
)
@click.option(
    "--output", type=click.Path(), help="Write to FILE.jsonl or FILE.parquet; the default is JSON lines on stdout."
)
@click.option("--k", type=float, help="BM25 k (default 1.2).")
@click.option("--b", type=float, help="BM25 b (default 0.75).")
@click.option("--avg-len", type=float, help="Mean document length in words (default 150, FastEmbed's).")
@click.option("--threads", type=click.IntRange(min=1), help="Default: every core.")
@common_options
def encode(place: dict[str, Any], output: str | None, query: bool, dense: bool, form: Any, **values: Any) -> Any:
    """Turn lines on stdin into vectors: plain text, or JSON objects with `text` (and `id`).

    One answer a line: line, id, indices, values. Lines that cannot be used are counted and named on stderr, and so are
    ids that an earlier line has; in parquet, where ids are text, such a line is called id#line.
    """
    from minicoil.config import Bm25Config
    from minicoil.text import as_utf8
    from tasks.collections import LineReport, check_output, encode_lines, open_line_model, read_lines, write_encoded

    if output is not None:
        check_output(Path(output))
    numbers = {name: values.pop(name) for name in ("k", "b", "avg_len")}
    given = {name: number for name, number in numbers.items() if number is not None}
    model = open_line_model(open_place(place), bm25=Bm25Config(**given) if given else None, query=query, **values)
    if not model.vocabulary.known_words and values["folder"] is None:
        tell("no release is served yet: cells of plain BM25; `minicoil extend` makes a release")
    report = LineReport()
    lines = read_lines(as_utf8(sys.stdin.buffer), form, report)
    rows = encode_lines(model, lines, report, query, dense)
    if output is None:
        _print_rows(row.row() for row in rows)
    else:
        write_encoded(rows, Path(output))
    answer = {
        "model": str(model.layout.folder),
        "n_lines": report.n_lines,
        "n_encoded": report.n_encoded,
        "bad": report.rows(),
        "n_repeated_ids": report.n_repeated,
        "repeated_ids": report.repeated,
        "k": model.bm25.k,
        "b": model.bm25.b,
        "avg_len": model.bm25.avg_len,
        "output": output,
        "refused": bool(report.n_bad) and not report.n_encoded,
    }
    if output is None:  # stdout belongs to the vectors
        from flows.rendering import describe_encoding

        for line in describe_encoding(answer):
            (complain if report.n_bad or report.n_repeated else tell)(
                line
            )  # what was lost is said even to those who want quiet
        return {"refused": True, "silent": True} if answer["refused"] else None
    return answer


def _print_rows(rows: Iterable[dict[str, Any]]) -> None:
    """Each row on a line of stdout, for as long as somebody reads."""
    try:
        for row in rows:
            sys.stdout.write(dump_json(row) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough; the interpreter must not try to flush again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
