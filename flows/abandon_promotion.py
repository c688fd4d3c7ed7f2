"""The flow `abandon-promotion`: a release that is being promoted is given up."""

from __future__ import annotations

from flows.forms import AbandonParameters
from flows.orchestration import flow, take_turn
from flows.outcomes import AbandonOutcome
from flows.stages import Clock, abandon_step


@flow(name="abandon-promotion", description="Give up the release that a channel is being moved to.")
def abandon_promotion(parameters: AbandonParameters) -> AbandonOutcome:
    """Take the pending release's cells out of every collection; the channel stays where it is."""
    place, clock = parameters.place(), Clock()
    with take_turn(place, parameters.channel, "abandon"), clock.timing("total"):
        result = abandon_step(place, parameters.channel)
    return AbandonOutcome.of({**result, "seconds": clock.seconds})
