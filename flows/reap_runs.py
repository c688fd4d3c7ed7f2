"""The flow `reap-runs`: mark runs whose process is gone, so that the next scheduled ones proceed."""

from __future__ import annotations

import asyncio

from flows.forms import ReapParameters
from flows.orchestration import flow, server_address, show_table
from flows.outcomes import ReapOutcome
from flows.upkeep import reap
from minicoil.errors import UsageError


@flow(name="reap-runs", description="Mark runs whose process is gone as crashed.")
def reap_runs(parameters: ReapParameters) -> ReapOutcome:
    """Look at every unfinished run of this service once."""
    if server_address() is None:
        raise UsageError(
            "reap-runs looks at the runs of a Prefect server, and none is named; set PREFECT_API_URL to its API"
        )
    found = asyncio.run(reap(parameters.stale_seconds, parameters.pending_seconds))
    rows = [entry.row() for entry in found]
    if rows:
        show_table(rows, key="reaped-runs", description="Runs whose process is gone")
    return ReapOutcome(reaped=rows)
