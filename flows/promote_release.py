"""The flow `promote-release`: a published release becomes the one that searches use; also how a person approves one."""

from __future__ import annotations

from typing import Any

from flows.artifacts import show_reencoding, show_release
from flows.events import announce_release
from flows.parameters import PromoteParameters
from flows.running import flow
from flows.steps import Clock, promote_step
from flows.turns import take_turn
from tasks.approvals import check_approval, finish_waiting
from tasks.channels import begin_anew


@flow(name="promote-release", description="Approve a release: re-encode for it, then move the channel.")
def promote_release(parameters: PromoteParameters) -> dict[str, Any]:
    """Expand every collection of the channel for the release, then move the channel to it."""
    place, clock = parameters.place(), Clock()
    objects, release = place.objects(), parameters.release
    with take_turn(place, parameters.channel, "promote"), clock.timing("total"):
        kept_at = begin_anew(objects, parameters.channel) if parameters.force else None
        check_approval(objects, parameters.channel, release, parameters.force)
        result: dict[str, Any] = promote_step(place, parameters.channel, release, (), None, parameters.options())
        finish_waiting(objects, parameters.channel, release)
        show_reencoding(result["collections"], release, result["waiting"])
        show_release(objects, release, result)
        announce_release(place, parameters.channel, release, result)
    if kept_at is not None:
        result["message"] = f"the damaged document of channel '{parameters.channel}' is kept at {objects.url}/{kept_at}"
    return {"release": release, **result, "seconds": clock.seconds}
