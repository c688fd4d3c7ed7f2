"""The flow `adopt-collection`: miniCOIL vectors added to a live collection in place, and taken back on demand."""

from __future__ import annotations

from flows.forms import AdoptParameters
from flows.orchestration import flow, take_turn
from flows.outcomes import AdoptOutcome
from flows.stages import Clock, adopt_step, base_step, plan_adoption_step, undo_adoption_step


@flow(name="adopt-collection", description="Add miniCOIL vectors to a live collection in place.")
def adopt_collection(parameters: AdoptParameters) -> AdoptOutcome:
    """Add the vectors, fill them from the points' own payload, hold a sample against the texts; or undo all of it."""
    place, clock, options = parameters.place(), Clock(), parameters.options()
    shared, name = options.part is not None, parameters.collection
    with take_turn(place, parameters.channel, "adopt", shared), place.points() as points, clock.timing("total"):
        if parameters.undo:
            rate = options.points_per_second
            undone = undo_adoption_step(place, points, name, rate, parameters.dry_run)
            return AdoptOutcome.of({**undone, "seconds": clock.seconds})
        if parameters.base is not None:
            base_step(place, parameters.channel, parameters.base, parameters.language)
        if parameters.dry_run:
            plan = plan_adoption_step(place, points, parameters.request())
            return AdoptOutcome.of({**plan, "seconds": clock.seconds})
        result = adopt_step(place, points, parameters.request(), options)
    if shared:
        note = f"part {parameters.part} is done; when all parts are, `minicoil adopt {name}` verifies the whole"
        result = {**result, "message": note}
    return AdoptOutcome.of({**result, "seconds": clock.seconds})
