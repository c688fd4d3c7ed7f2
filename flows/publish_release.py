"""The flow `publish-release`: a model folder made elsewhere becomes a release, gated and promoted like any other."""

from __future__ import annotations

from flows.forms import PublishParameters
from flows.orchestration import flow, take_turn
from flows.outcomes import PublishOutcome
from flows.stages import Clock, Wish, check_folder_step, publish_step, settle_release
from tasks.catalogue import read_channel


@flow(name="publish-release", description="Publish a model folder as a release of a channel.")
def publish_release(parameters: PublishParameters) -> PublishOutcome:
    """Check the folder against the release it grew from, compare the implementations on it, publish, promote."""
    place, clock, channel = parameters.place(), Clock(), parameters.channel
    with take_turn(place, channel, "publish"):
        parent = read_channel(place.objects(), channel).current
        with clock.timing("check"):
            facts = check_folder_step(place, parameters.folder, parent)
        with clock.timing("publish"):
            published = publish_step(place.objects(), parameters.path(), parent, facts)
        wishes: dict[str, Wish] = {"here": True, "elsewhere": "elsewhere", "no": False}
        outcome = settle_release(
            place,
            channel,
            published.manifest,
            wishes[parameters.promote],
            clock,
            approval_days=parameters.approval_days,
        )
    answer = {"release": published.release, "parent": parent, **outcome, "seconds": clock.seconds}
    return PublishOutcome.of(answer)
