"""The flow `reencode-collections`: bring collections to the release their channel serves or is about to serve."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.artifacts import show_reencoding
from flows.parameters import ReencodeParameters
from flows.steps import Clock, contract_step, promote_step
from flows.turns import take_turn
from minicoil.errors import ReleaseError
from tasks.channels import read_channel
from tasks.promotion import select_collections
from tasks.reencoding import expand_collection
from tasks.registry import list_collections


@flow(name="reencode-collections", description="Re-encode exactly the affected points.")
def reencode_collections(parameters: ReencodeParameters) -> dict[str, Any]:
    """Finish a pending promotion, or sweep for the current release; with `contract`, drop the previous one's cells."""
    place, clock = parameters.place(), Clock()
    objects = place.objects()
    with take_turn(place, parameters.channel, "reencode"), clock.timing("total"):
        state = read_channel(objects, parameters.channel)
        release = state.pending or state.current
        if release is None:
            raise ReleaseError(
                f"channel '{parameters.channel}' has no release to re-encode for; `minicoil extend` makes one"
            )
        if parameters.dry_run:
            names, channel = parameters.collections, parameters.channel
            with place.points() as points:
                records = select_collections(list_collections(objects, channel), names, channel)
                rows = [expand_collection(place, points, record, release, dry_run=True).row() for record in records]
            return {"release": release, "dry_run": True, "collections": rows, "seconds": clock.seconds}
        result: dict[str, Any] = {"promoted": True, "behind": [], "collections": []}
        if state.pending is not None:
            result = promote_step(place, parameters.channel, release, parameters.collections)
        contracted = contract_step(place, parameters.channel, parameters.collections) if parameters.contract else []
    show_reencoding(result["collections"], release)
    return {"release": release, **result, "contracted": contracted, "seconds": clock.seconds}
