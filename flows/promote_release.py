"""The flow `promote-release`: a published release becomes the one that searches use; also how a person approves one."""

from __future__ import annotations

from flows.forms import PromoteParameters
from flows.orchestration import announce_release, flow, show_reencoding, show_release, take_turn
from flows.outcomes import ReencodingOutcome
from flows.stages import Clock, promote_step
from tasks.catalogue import begin_anew, check_approval, finish_waiting


@flow(name="promote-release", description="Approve a release: re-encode for it, then move the channel.")
def promote_release(parameters: PromoteParameters) -> ReencodingOutcome:
    """Expand every collection of the channel for the release, then move the channel to it."""
    place, clock = parameters.place(), Clock()
    objects, release = place.objects(), parameters.release
    with take_turn(place, parameters.channel, "promote"), clock.timing("total"):
        kept_at = begin_anew(objects, parameters.channel) if parameters.force else None
        check_approval(objects, parameters.channel, release, parameters.force)
        result = promote_step(place, parameters.channel, release, (), None, parameters.expansion)
        finish_waiting(objects, parameters.channel, release)
        show_reencoding(result["collections"], release, result["waiting"])
        show_release(objects, release, result)
        announce_release(place, parameters.channel, release, result)
    if result["paused"]:
        result["message"] = f"paused: {result['paused']}; `minicoil reencode` goes on, and searches stay where they are"
    if kept_at is not None:
        result["message"] = f"the damaged document of channel '{parameters.channel}' is kept at {objects.url}/{kept_at}"
    return ReencodingOutcome.of({"release": release, **result, "seconds": clock.seconds})
