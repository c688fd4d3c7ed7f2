"""The page of `minicoil doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows import screen


def show_doctor(result: Mapping[str, Any]) -> None:
    """A line a check, and the one thing to fix."""
    colours = {"good": "green", "odd": "yellow", "wrong": "red"}
    for row in result["checks"]:
        mark = f"[{colours[row['state']]}]{row['state']:<6}[/{colours[row['state']]}]"
        screen.say(f"{mark} [bold]{screen.shown(row['name']):<13}[/bold] {screen.shown(row['found'])}")
        if row["state"] == "odd" and row["fix"]:
            screen.say(f"{'':<20} {screen.shown(row['fix'])}")
    if result["fix"] is None:
        screen.say("nothing keeps work from being done here; begin with `minicoil try ./texts`")
    else:
        screen.say(
            f"\n[bold]to fix: {screen.shown(result['fix']['name'])}[/bold]: {screen.shown(result['fix']['fix'])}"
        )
