"""What the flow answers that settles who reads which release."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.outcomes.outcome import Outcome, Row
from flows.outcomes.shown_parts import show_cells_that_wait
from flows.screen import say, show_table, shown
from tasks.readers import FOREVER

_COLUMNS = ("collection", "channel", "served", "cells beside of", "points with them", "readers")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ReadersOutcome(Outcome):
    """Of `settle-readers`.

    Attributes:
        readers: Those that announced themselves or were registered, a row each.
        collections: A row each: what is served, and which releases' cells are beside it, for whom.
    """

    readers: Sequence[Row]
    collections: Sequence[Row]

    def show(self) -> None:
        """Readers, collections, and what waits for whom."""
        if self.message:
            say(shown(self.message))
        if self.readers:
            rows = [(r["name"], r["channel"], r["release"], _until(r)) for r in self.readers]
            show_table(("reader", "channel", "release", "stays"), rows)
        else:
            say("nobody follows a channel right now, and nobody is registered")
        collections = [
            (
                row["collection"],
                row["channel"],
                row["release"],
                ", ".join(map(str, row["beside"])) or None,
                row["n_points"],
                "all known" if row["all_readers_known"] else "not all known",
            )
            for row in self.collections
        ]
        if collections:
            show_table(_COLUMNS, collections)
        show_cells_that_wait([row for row in self.collections if row["message"]])


def _until(reader: Mapping[str, Any]) -> str:
    if not reader["registered"]:
        return f"lease of {reader['until'] - time.time():.0f} s"
    if reader["until"] >= FOREVER:
        return "registered"
    return f"registered for {(reader['until'] - time.time()) / 86_400:.1f} days"
