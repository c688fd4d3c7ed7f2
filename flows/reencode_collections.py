"""The flow `reencode-collections`: bring collections to the release their channel serves or is about to serve."""

from __future__ import annotations

from flows.forms import ReencodeParameters
from flows.orchestration import flow, show_reencoding, take_turn
from flows.outcomes import ReencodingOutcome
from flows.stages import Clock, contract_step, plan_step, promote_step, sweep_step
from minicoil.errors import ReleaseError
from tasks.catalogue import read_channel
from tasks.readers import waiting_rows
from tasks.rewriting import is_grace_over


@flow(name="reencode-collections", description="Re-encode exactly the affected points.")
def reencode_collections(parameters: ReencodeParameters) -> ReencodingOutcome:
    """Expand and move what is pending, sweep for points that came late, contract when the grace period is over."""
    place, clock = parameters.place(), Clock()
    channel, names = parameters.channel, parameters.collections
    with take_turn(place, channel, "reencode", shared=parameters.part is not None), clock.timing("total"):
        state = read_channel(place.objects(), channel)
        release = state.pending or state.current
        if release is None:
            raise ReleaseError(
                f"channel '{channel}' has no release to re-encode for; "
                "`minicoil extend --common 1000 --corpus SPEC` makes one"
            )
        options = parameters.expansion
        if parameters.dry_run:
            rows = plan_step(place, channel, release, names, options)
            looked = {"release": release, "dry_run": True, "collections": rows, "seconds": clock.seconds}
            return ReencodingOutcome.of(looked)
        result = promote_step(place, channel, release, names, None, options)
        show_reencoding(result["collections"], release, result["waiting"])
        if parameters.part is not None:
            note = f"part {parameters.part} is done; when all parts are, `minicoil reencode` moves the channel"
            done = {"release": release, **result, "message": note, "seconds": clock.seconds}
            return ReencodingOutcome.of(done)
        if result["paused"]:
            note = f"paused: {result['paused']}; the next run goes on, and searches stay where they are until it ends"
            return ReencodingOutcome.of({"release": release, **result, "message": note, "seconds": clock.seconds})
        result["swept"] = sweep_step(place, channel, names, parameters.allowance)
        contracted: list[str] = []
        if parameters.allowance.is_spent:
            result["message"] = f"paused: {parameters.allowance.reason}; the next run sweeps and contracts"
        elif parameters.contract or is_grace_over(place, channel, parameters.grace_hours):
            # what has to stay is a refusal on command; on schedule it is told, and tomorrow is early enough
            contracted = contract_step(place, channel, names, not parameters.contract)
            result["waiting"] = waiting_rows(place, channel, names, followers=True)
    return ReencodingOutcome.of({"release": release, **result, "contracted": contracted, "seconds": clock.seconds})
