"""Parts of an answer that several outcomes show alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flows.screen import say, shorten, show_table, shown
from minicoil.words import ENOUGH_GAIN


def show_mapping(result: Mapping[str, Any]) -> None:
    """A line for each key."""
    for key, value in result.items():
        if key == "waiting":
            show_cells_that_wait(value)
            continue
        if isinstance(value, Mapping):
            value = ", ".join(f"{name} {_number(number)}" for name, number in value.items())
        elif isinstance(value, list):
            value = f"{len(value)} rows (--json shows them)" if len(value) > 6 else ", ".join(map(str, value))
        say(f"[bold]{shown(key.replace('_', ' '))}[/bold]: {shown(str(value))}")


def _number(value: object) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)


def show_cells_that_wait(rows: Sequence[Mapping[str, Any]]) -> None:
    """What stays in collections for readers, and what lets it go."""
    for row in rows:
        say(f"[yellow]{shown(row['message'])}[/yellow]")


def show_problems(rows: Sequence[Mapping[str, Any]]) -> None:
    """What could not be used: how much of it, why, and two examples."""
    for row in rows:
        examples = ", ".join(map(str, row["examples"][:2]))
        such_as = f", such as {shown(examples)}" if examples else ""
        say(f"  [yellow]{row['n']:,} {shown(row['reason'])}[/yellow]{such_as}")


def show_collections(rows: Sequence[Mapping[str, Any]], waiting: Sequence[Mapping[str, Any]]) -> None:
    """What re-encoding did to each collection, and what waits for readers."""
    cells = [(c["name"], c["n_points"], c["n_affected"], c["n_rewritten"]) for c in rows]
    if cells:
        show_table(("collection", "points", "affected", "rewritten"), cells)
    for entry in rows:
        if words := entry.get("words"):
            changed = [(w["word"], w["n_points"], shorten(w["examples"][0], 80)) for w in words[:12] if w["examples"]]
            show_table(
                ("word", "points", "such as"), changed, f"{entry['name']}: first of {len(words):,} changed words"
            )
            say(f"encoding them takes about {entry['seconds_expected']:,.0f} s here")
        if costs := entry.get("costs"):
            say(shown(describe_costs(costs)))
        for word in entry.get("idf", ()):
            if word["is_off"]:
                name = shown(f"{entry['name']}: '{word['word']}'")
                say(
                    f"[yellow]{name} is weighed by {word['engine']:.3f}, "
                    f"{word['expected']:.3f} is right: overwritten points count until the optimiser runs[/yellow]"
                )
    show_cells_that_wait(waiting)


def show_frontier(rows: Sequence[Mapping[str, Any]]) -> None:
    """The price of 80 % of the expected gain, in one line; nothing where all words are few or cost alike."""
    enough = next((row for row in rows if row["share_of_gain"] >= ENOUGH_GAIN), None)
    if enough is None or enough is rows[-1]:
        return
    whole = rows[-1]
    say(
        f"{enough['n_words']:,} of {whole['n_words']:,} words reach {enough['share_of_gain']:.0%} of the expected gain "
        f"for {enough['n_points'] / max(whole['n_points'], 1):.0%} of the points: --max-points {enough['n_points']}"
    )


def show_gate(gate: Mapping[str, Any]) -> None:
    """The verdict on a release's retrieval, with its reasons."""
    colour = {"passed": "green", "failed": "red"}.get(gate["verdict"], "yellow")
    say(f"retrieval gate: [bold {colour}]{shown(gate['verdict'])}[/bold {colour}]")
    for reason in gate["reasons"]:
        say(f"  {shown(reason)}")
    if gate["hurting"]:
        say(f"words that lower retrieval: {shown(', '.join(gate['hurting']))}; `minicoil remove` returns them to BM25")


def describe_costs(costs: Mapping[str, Any]) -> str:
    """What re-encoding takes, each with what it was computed from."""
    given = costs["computed_from"]
    nights = f"; {costs['nights']:,} runs within the budget" if costs["nights"] else ""
    cpu_ms, wall_ms = given["cpu_seconds_per_point"] * 1000, given["seconds_per_point"] * 1000
    memory, disk = costs["memory_bytes"] / 2**20, costs["disk_bytes"] / 2**20
    return (
        f"{costs['cpu_hours']:,.2f} CPU-hours ({cpu_ms:,.1f} ms a point, {given['n_timed']} timed), "
        f"{costs['wall_hours']:,.2f} h of one worker ({wall_ms:,.1f} ms a point by {given['source']}, "
        f"{given['seconds_finding']:,.0f} s finding them){nights}; {costs['postings']:,} more postings "
        f"({given['cells_per_point']:,.1f} a point), {memory:,.1f} MiB of them in memory ({costs['posting_bytes']} "
        f"bytes each), {disk:,.1f} MiB on disk until the optimiser has run"
    )
