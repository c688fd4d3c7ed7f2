"""Answers of `deploy` and `release waiting` as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows import screen
from flows.screen import shown


def show_waiting(result: Mapping[str, Any]) -> None:
    """Releases that wait for a person."""
    if not result["waiting"]:
        screen.say("no release waits for approval")
        return
    rows = [
        (row["release"], row["channel"], "expired" if row["expired"] else row["until"][:16], "; ".join(row["reasons"]))
        for row in result["waiting"]
    ]
    screen.show_table(("release", "channel", "until", "why it waits"), rows)


def show_deployed(result: Mapping[str, Any]) -> None:
    """What stands on the server now."""
    for kind, names in result.items():
        screen.say(f"[bold]{shown(kind.replace('_', ' '))}[/bold]: {shown(', '.join(names))}")
