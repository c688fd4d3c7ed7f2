"""The flow `attach-collection`: a collection that carries miniCOIL vectors already becomes one of the channel's."""

from __future__ import annotations

from flows.forms import AttachParameters
from flows.orchestration import flow, take_turn
from flows.outcomes import AttachOutcome
from flows.stages import Clock, attach_step, base_step
from flows.upkeep import with_shared_corpora
from tasks.adoption import AttachRequest

_FIELDS = ("collection", "channel", "vector", "text", "join", "k", "b", "avg_len", "tenant")


@flow(name="attach-collection", description="Adopt an existing collection.")
def attach_collection(parameters: AttachParameters) -> AttachOutcome:
    """Find what a collection's vectors were made with, prove it on a sample, register it; no point is written to."""
    parameters = with_shared_corpora(parameters)
    place, clock = parameters.place(), Clock()
    with take_turn(place, parameters.channel, "attach"), place.points() as points, clock.timing("total"):
        if parameters.base is not None:
            base_step(place, parameters.channel, parameters.base)
        asked = {name: getattr(parameters, name) for name in _FIELDS}
        request = AttachRequest(**asked, corpus=tuple(parameters.corpus))
        result = attach_step(place, points, request)
    return AttachOutcome.of({**result, "seconds": clock.seconds})
