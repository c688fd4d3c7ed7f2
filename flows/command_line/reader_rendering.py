"""Readers, and the cells that wait for them, as a person reads them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from flows.screen import say, show_table, shown
from tasks.catalogue import FOREVER


def show_cells_that_wait(rows: Sequence[Mapping[str, Any]]) -> None:
    """What stays in collections for readers, and what lets it go."""
    for row in rows:
        say(f"[yellow]{shown(row['message'])}[/yellow]")


def show_readers(result: Mapping[str, Any]) -> None:
    """The answer of `release readers`."""
    if result.get("message"):
        say(shown(result["message"]))
    if result["readers"]:
        rows = [(r["name"], r["channel"], r["release"], _until(r)) for r in result["readers"]]
        show_table(("reader", "channel", "release", "stays"), rows)
    else:
        say("nobody follows a channel right now, and nobody is registered")
    columns = ("collection", "channel", "served", "cells beside of", "points with them", "readers")
    collections = [
        (
            row["collection"],
            row["channel"],
            row["release"],
            ", ".join(map(str, row["beside"])) or None,
            row["n_points"],
            "all known" if row["all_readers_known"] else "not all known",
        )
        for row in result["collections"]
    ]
    if collections:
        show_table(columns, collections)
    show_cells_that_wait([row for row in result["collections"] if row["message"]])


def _until(reader: Mapping[str, Any]) -> str:
    if not reader["registered"]:
        return f"lease of {reader['until'] - time.time():.0f} s"
    if reader["until"] >= FOREVER:
        return "registered"
    return f"registered for {(reader['until'] - time.time()) / 86_400:.1f} days"
