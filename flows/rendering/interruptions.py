"""What a person who pressed Ctrl-C is told: what is kept, and what the same command does when it is run again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.orchestration import RunRecord

# functions of commands that leave nothing but an answer or a whole file or folder, and caches that save the next one
LOOKING = {
    *("compare", "doctor", "encode", "evaluate", "metrics", "search", "serve_embeddings", "status", "words"),
    *("release_audit", "release_list", "release_pull", "release_show", "release_verify", "release_waiting"),
}
_RECORDS = "flows.orchestration.run_records"  # brings pydantic in: a command that ran no flow has not loaded it


def newest_run() -> RunRecord | None:
    """The record of the run that this process began last; None where it began none, or a server keeps it."""
    if _RECORDS not in sys.modules:
        return None
    from flows.orchestration import newest_run as newest

    return newest()


def describe_interruption(command: str, home: str, is_dry: bool, before: RunRecord | None) -> str:
    """The line for the person.

    Args:
        command: Name of the command's function.
        home: As it was named.
        is_dry: Whether it was a dry run.
        before: `newest_run` when the command began.
    """
    if command in LOOKING or is_dry:
        return "interrupted; nothing was changed"
    run = newest_run()
    step = "" if run is None or run is before or not run.finished else f", up to step '{run.finished}' of {run.flow}"
    return f"interrupted; what was done is kept in {home}{step}; the same command run again goes on from there"
