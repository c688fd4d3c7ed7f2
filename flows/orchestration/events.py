"""Events that automations listen to; sent where a server is in charge, for nobody hears them elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.orchestration.local_runs import under_prefect
from tasks.place import Place

MODEL_PUBLISHED = "minicoil.model.published"
GATE_FAILED = "minicoil.gate.failed"


def announce_release(place: Place, channel: str, release: int, outcome: Mapping[str, Any]) -> None:
    """Say that a release was published, and whether somebody still has to re-encode for it."""
    if not under_prefect():
        return
    from prefect.events import emit_event

    resource = {
        "prefect.resource.id": f"minicoil.release.{release}",
        "prefect.resource.name": f"release {release}",
        "minicoil.channel": channel,
        "minicoil.store": place.store_url,
        "minicoil.reencoding": reencoding_state(outcome),
    }
    emit_event(MODEL_PUBLISHED, resource, payload={"release": release, "channel": channel})
    if outcome.get("refused"):
        reasons = list((outcome.get("gate") or {}).get("reasons", []))
        emit_event(GATE_FAILED, resource, payload={"release": release, "channel": channel, "reasons": reasons})


def reencoding_state(outcome: Mapping[str, Any]) -> str:
    """done: by the publisher; due: by whoever hears the event; none: nobody asked for it, or a gate refused.

    paused: begun by the publisher, whose budget is spent; the next scheduled run goes on, and nobody before.
    """
    if outcome.get("promoted"):
        return "done"
    if outcome.get("paused"):
        return "paused"
    return "due" if outcome.get("behind") or outcome.get("pending") else "none"
