"""What `minicoil forget` did, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.screen import say, show_table, shown


def show_forgotten(result: Mapping[str, Any]) -> None:
    """Print what went, which words to retrain, and what remains."""
    if result.get("message"):
        say(shown(result["message"]))
        return
    verb = "would go" if result["dry_run"] else "gone"
    say(f"{shown(', '.join(result['docs']))}: {result['n_sentences']:,} sentences {verb}")
    if result["n_shared"]:
        say(f"{result['n_shared']:,} more stand in another document too, and stay with it")
    for key, what in (("releases", "reports of releases"), ("reports", "other reports"), ("copies", "copies")):
        if result[key]:
            say(f"{what} that quoted it: {shown(', '.join(map(str, result[key])))}")
    rows = [(row["name"], row["n_points"], row["n_deleted"]) for row in result["collections"] if row["n_points"]]
    if rows:
        show_table(("collection", "its points", "deleted"), rows)
    if words := result["words"]:
        taught = [(w["word"], w["channel"], w["n_forgotten"], w["n_sentences"]) for w in words[:20]]
        columns = ("word", "channel", "sentences of it", "sentences trained on")
        show_table(columns, taught, f"{len(words):,} served words may have learned from it")
        say("retrain them without it:")
        for command in result["retrain"]:
            say(f"  {shown(command)}")
    say("what remains:")
    for line in result["remains"]:
        say(f"  - {shown(line)}")
