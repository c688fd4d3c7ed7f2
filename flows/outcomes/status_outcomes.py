"""What a look at the whole service finds, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.outcomes.outcome import Outcome, Row
from flows.screen import say, show_table, shown
from tasks.watch import shown_time


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class StatusOutcome(Outcome):
    """Of `show-status`.

    Attributes:
        healthy: Nothing is wrong that people should be told of.
        channels: What each serves since when, whether searches are safe, its collections, ids that are left.
        notices: What is wrong, stuck or waits for whom, with the next command.
        runs, schedules: Newest run of each flow; schedules, on or off.
        last_success: The newest run that ended well.
        next: The next command; None: nothing to do.
        delivered: Who was told.
        refused: Something is wrong, and people were to be told.
    """

    healthy: bool
    channels: Sequence[Row]
    notices: Sequence[Row]
    runs: Sequence[Row] = ()
    schedules: Sequence[Row] = ()
    last_success: Row | None = None
    next: str | None = None
    delivered: Sequence[Row] = ()
    refused: bool = False

    def show(self) -> None:
        """One page: channels, what is wrong or waits, runs, the next command."""
        show_status(self)


def show_status(result: Mapping[str, Any]) -> None:
    """One page: channels, what is wrong or waits, runs, the next command."""
    if not result["channels"]:
        say(f"no channel and no collection in {shown(result['store'])} yet")
    for channel in result["channels"]:
        _show_channel(channel)
    for notice in result["notices"]:
        colour = "red" if notice["is_alert"] else "yellow"
        say(f"[{colour}]{notice['kind']}[/{colour}] {shown(notice['about'])}: {shown(notice['message'])}")
        if notice["command"]:
            say(f"    {shown(notice['command'])}")
    if result["runs"]:
        rows = [(r["flow"], shown_time(r["started"]), r["state"], r["message"] or None) for r in result["runs"]]
        show_table(("newest run of", "began", "state", "message"), rows)
    if result["schedules"]:
        schedules = [(s["name"], "on" if s["is_on"] else "off", s["next_run"]) for s in result["schedules"]]
        show_table(("schedule", "is", "next run"), schedules)
    success = result["last_success"]
    last = f"last success: {success['flow']}, {shown_time(success['ended'])}" if success else "no success on record"
    say(shown(last))
    for delivery in result.get("delivered", ()):
        fate = f"not delivered: {delivery['error']}" if delivery["error"] else "delivered"
        say(f"{delivery['way']} to {shown(delivery['to'])}: {shown(fate)}")
    if result.get("message"):
        say(shown(result["message"]))
    say(f"[bold]next[/bold]: {shown(result['next'])}" if result["next"] else "[bold]next[/bold]: nothing to do")


def _show_channel(channel: Mapping[str, Any]) -> None:
    served = "nothing yet (plain BM25)"
    if channel["current"] is not None:
        served = f"release {channel['current']} since {shown_time(channel['since'])}"
    pending = f", release {channel['pending']} being promoted" if channel["pending"] else ""
    safe = "[green]searches are safe[/green]" if channel["safe"] else "[red]searches are NOT safe[/red]"
    say(f"[bold]{shown(channel['name'])}[/bold]: {shown(served)}{pending}; {safe}; {shown(_ids(channel['ids']))}")
    rows = []
    for row in channel["collections"]:
        due, waiting = row["due"], row["waiting"]
        n_due = None
        if due is not None:
            n_due = "?" if due["note"] else f"{'' if due['is_exact'] else 'at least '}{due['n_due']:,}"
        beside = ", ".join(map(str, row["beside"])) or None
        who = ", ".join(waiting["readers"]) or "readers that say nothing" if waiting else None
        rows.append((row["name"], due["n_points"] if due else None, row["served"], n_due, beside, who))
    if rows:
        show_table(("collection", "points", "release", "points due", "cells beside of", "which wait for"), rows)


def _ids(ids: Mapping[str, Any]) -> str:
    if ids["left"] is None:
        return "ids left unknown"
    if ids["exhausted_on"]:
        return f"{ids['left']:,} ids left, none on {ids['exhausted_on']} at {ids['per_day']:,.0f} a day"
    return f"{ids['left']:,} ids left"
