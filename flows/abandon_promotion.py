"""The flow `abandon-promotion`: a release that is being promoted is given up."""

from __future__ import annotations

from typing import Any

from flows.forms import AbandonParameters
from flows.orchestration import flow, take_turn
from flows.stages import Clock, abandon_step


@flow(name="abandon-promotion", description="Give up the release that a channel is being moved to.")
def abandon_promotion(parameters: AbandonParameters) -> dict[str, Any]:
    """Take the pending release's cells out of every collection; the channel stays where it is."""
    place, clock = parameters.place(), Clock()
    with take_turn(place, parameters.channel, "abandon"), clock.timing("total"):
        result: dict[str, Any] = abandon_step(place, parameters.channel)
    return {**result, "seconds": clock.seconds}
