"""The flow `settle-readers`: what the owner of collections says of their readers, and what their cells wait for."""

from __future__ import annotations

from flows.forms import ReadersParameters
from flows.orchestration import flow, show_cells_that_wait
from flows.outcomes import ReadersOutcome
from flows.stages import settle_readers_step


@flow(name="settle-readers", description="Confirm that nobody reads a release any more, or register who does.")
def settle_readers(parameters: ReadersParameters) -> ReadersOutcome:
    """Take it down by compare-and-swap, without waiting for a run that changes the channel; then show the list."""
    outcome = ReadersOutcome.of(settle_readers_step(parameters.place(), parameters.request()))
    show_cells_that_wait([row for row in outcome.collections if row["waiting"]])
    return outcome
