"""The flow `rebuild-collection`: a collection anew beside itself, then an alias moved to it."""

from __future__ import annotations

from flows.forms import RebuildParameters
from flows.orchestration import flow, take_turn
from flows.outcomes import RebuildOutcome
from flows.stages import Clock, move_back_step, rebuild_step
from tasks.adoption import RebuildRequest

_FIELDS = ("source", "target", "channel", "text", "alias", "k", "b", "avg_len", "importance")


@flow(name="rebuild-collection", description="Build a collection anew beside itself.")
def rebuild_collection(parameters: RebuildParameters) -> RebuildOutcome:
    """Copy every point with vectors of the channel's release, verify the copy, then move the alias; or move it back."""
    place, clock = parameters.place(), Clock()
    with take_turn(place, parameters.channel, "rebuild"), place.points() as points, clock.timing("total"):
        if parameters.back:
            names = (parameters.source, parameters.target, parameters.alias)
            return RebuildOutcome.of({**move_back_step(place, points, *names), "seconds": clock.seconds})
        request = RebuildRequest(**{name: getattr(parameters, name) for name in _FIELDS})
        result = rebuild_step(place, points, request)
    return RebuildOutcome.of({**result, "seconds": clock.seconds})
