"""The state of the service as a page of markdown, for a run's artifact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.watch import shown_time


def status_page(status: Mapping[str, Any]) -> str:
    """One page of what `flows.stages.service_status` found."""
    lines = ["# Service status", "", "All is well." if status["healthy"] else "**Something needs a person.**", ""]
    if status["notices"]:
        lines += ["| | about | what | next |", "|---|---|---|---|"]
    for notice in status["notices"]:
        kind = f"**{notice['kind']}**" if notice["is_alert"] else notice["kind"]
        command = f"`{notice['command']}`" if notice["command"] else ""
        lines.append(f"| {kind} | {_cell(notice['about'])} | {_cell(notice['message'])} | {_cell(command)} |")
    lines += ["", "| channel | release | since | safe | points due | ids left | none left on |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for channel in status["channels"]:
        ids = channel["ids"]
        cells = (
            channel["name"],
            channel["current"],
            shown_time(channel["since"]) if channel["since"] else "",
            "yes" if channel["safe"] else "**no**",
            channel["n_due"],
            ids["left"],
            ids["exhausted_on"],
        )
        lines.append(f"| {' | '.join(_cell('' if cell is None else str(cell)) for cell in cells)} |")
    lines += ["", "| flow | newest run | state | message |", "|---|---|---|---|"]
    for run in status["runs"]:
        facts = (run["flow"], shown_time(run["started"]), run["state"], run["message"])
        lines.append(f"| {' | '.join(map(_cell, facts))} |")
    success = status["last_success"]
    last = f"{success['flow']}, {shown_time(success['ended'])}" if success else "none on record"
    lines += ["", f"Last success: {last}."]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text that stays in one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
