"""The flow `rollback-release`: searches use the previous release again."""

from __future__ import annotations

from flows.forms import RollbackParameters
from flows.orchestration import flow, take_turn
from flows.outcomes import RollbackOutcome
from flows.stages import Clock, rollback_step


@flow(name="rollback-release", description="Point a channel back to its previous release, at once.")
def rollback_release(parameters: RollbackParameters) -> RollbackOutcome:
    """Move the channel back; the previous release's cells are still beside, so nothing is encoded."""
    place, clock = parameters.place(), Clock()
    with take_turn(place, parameters.channel, "rollback"), clock.timing("total"):
        result = rollback_step(place, parameters.channel)
    return RollbackOutcome.of({**result, "seconds": clock.seconds})
