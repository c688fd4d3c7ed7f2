"""The flow `promote-release`: a published release becomes the one that searches use."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.parameters import PromoteParameters
from flows.steps import Clock, promote_step
from tasks.home_lock import writer_lock


@flow(name="promote-release", description="Re-encode, then move the channel.", validate_parameters=False)
def promote_release(parameters: PromoteParameters) -> dict[str, Any]:
    """Expand every collection of the channel for the release, then move the channel to it."""
    place, clock = parameters.place(), Clock()
    with writer_lock(place.home, "promote"), clock.timing("total"):
        result: dict[str, Any] = promote_step(
            place, parameters.channel, parameters.release, (), None, parameters.options()
        )
    return {"release": parameters.release, **result, "seconds": clock.seconds}
