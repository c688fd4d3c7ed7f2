"""What `minicoil encode` says of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flows.screen import say, shown


def describe_encoding(result: Mapping[str, Any]) -> Iterator[str]:
    """Lines for a person: counts and settings, then every kind of bad line with the numbers of the first."""
    where = f" to {result['output']}" if result["output"] else ""
    settings = f"k={result['k']}, b={result['b']}, avg_len={result['avg_len']}"
    yield f"{result['n_encoded']:,} of {result['n_lines']:,} lines encoded{where} with {result['model']}; {settings}"
    for row in result["bad"]:
        numbers = ", ".join(map(str, row["lines"]))
        more = "" if row["n"] <= len(row["lines"]) else ", ..."
        yield f"  {row['n']:,} bad: line {numbers}{more} {row['reason']}"
    if n := result["n_repeated_ids"]:
        first = result["repeated_ids"]
        numbers, more = ", ".join(map(str, first)), "" if n <= len(first) else ", ..."
        yield f'  {n:,} with an id that an earlier line has (1 and "1" are one id): line {numbers}{more}'


def show_encoding(result: Mapping[str, Any]) -> None:
    """Print them."""
    for line in describe_encoding(result):
        say(shown(line))
