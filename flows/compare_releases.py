"""The flow `compare-releases`: two releases on the same points, before anybody is moved to the second."""

from __future__ import annotations

from flows.forms import CompareParameters
from flows.orchestration import flow
from flows.outcomes import ComparisonOutcome
from flows.stages import Clock, compare_step


@flow(name="compare-releases", description="Search with two releases on the same points.")
def compare_releases(parameters: CompareParameters) -> ComparisonOutcome:
    """Shadow evaluation; nothing that is served changes."""
    clock = Clock()
    with clock.timing("total"):
        answer = compare_step(
            parameters.place(),
            parameters.one,
            parameters.other,
            parameters.collection,
            parameters.queries,
            parameters.limit,
            parameters.run,
        )
    return ComparisonOutcome.of({**answer, "seconds": clock.seconds})
