"""The flow `rebuild-collection`: a collection anew beside itself, then an alias moved to it."""

from __future__ import annotations

from typing import Any

from flows.forms import RebuildParameters
from flows.orchestration import flow, take_turn
from flows.stages import Clock, rebuild_step
from tasks.collections import RebuildRequest

_FIELDS = ("source", "target", "channel", "text", "alias", "k", "b", "avg_len")


@flow(name="rebuild-collection", description="Build a collection anew beside itself.")
def rebuild_collection(parameters: RebuildParameters) -> dict[str, Any]:
    """Copy every point with vectors of the channel's release, verify the copy, then move the alias."""
    place, clock = parameters.place(), Clock()
    with take_turn(place, parameters.channel, "rebuild"), place.points() as points, clock.timing("total"):
        request = RebuildRequest(**{name: getattr(parameters, name) for name in _FIELDS})
        result: dict[str, Any] = rebuild_step(place, points, request)
    return {**result, "seconds": clock.seconds}
