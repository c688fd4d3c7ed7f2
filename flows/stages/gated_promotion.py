"""From published to served: by itself where every gate passes, else by a person, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows.forms import WordsParameters
from flows.orchestration import announce_release, run_logger, show_reencoding, show_release
from flows.stages.steps import Clock, promote_step
from tasks.catalogue import (
    Manifest,
    decide_promotion,
    finish_waiting,
    hold_release,
    read_channel,
    read_waiting,
    set_pending,
)
from tasks.place import Place
from tasks.rewriting import ExpansionOptions

Wish = bool | str  # True: promote here; False: publish only; "elsewhere": leave it to whoever hears the event


def settle_release(
    place: Place,
    channel: str,
    manifest: Manifest,
    wish: Wish,
    clock: Clock,
    names: Sequence[str] = (),
    approval_days: float = 14,
    options: ExpansionOptions | None = None,
) -> dict[str, Any]:
    """Promote a published release if that was asked for and its gates pass; tell people and automations.

    Args:
        place: Where.
        channel: Pointer to move.
        manifest: Of the release; its facts are what is judged.
        wish: See `Wish`.
        clock: Told how long it took.
        names: Expand only these collections.
        approval_days: How long a refused release waits for a person.
        options: How hard its promotion may press.

    Returns:
        `promoted`, `collections`, `behind`, `gate`; where it was refused also `refused`, `expires_at`, `message`.
    """
    store, release, gate = place.objects(), manifest.release, decide_promotion(manifest.facts)
    outcome: dict[str, Any] = {"promoted": False, "collections": [], "behind": [], "gate": gate.row()}
    if wish and not gate.passed:
        waiting = hold_release(store, channel, release, gate.reasons, approval_days)
        outcome |= {"refused": True, "expires_at": waiting.until.isoformat(timespec="seconds")}
        outcome["message"] = refusal(release, gate.reasons, outcome["expires_at"])
        run_logger().warning(outcome["message"])
    elif wish == "elsewhere":
        set_pending(store, channel, release, manifest.parent)
        outcome["pending"] = True
    elif wish:
        with clock.timing("promote"):
            outcome |= promote_step(place, channel, release, names, manifest.parent, options)
        finish_waiting(store, channel, release)
    show_reencoding(outcome["collections"], release, outcome.get("waiting", ()))
    show_release(store, release, outcome)
    announce_release(place, channel, release, outcome)
    return outcome


def settle_answered(place: Place, parameters: WordsParameters, answered: Manifest, clock: Clock) -> dict[str, Any]:
    """A release that answered the same request before: if it was never promoted and may be, that is finished now.

    Returns:
        As `settle_release`, with `parent`, what the channel serves, and a `message` always.
    """
    store, channel = place.objects(), parameters.channel
    state, waiting = read_channel(store, channel), read_waiting(store, channel, answered.release)
    served = state.current == answered.release or any(row.release == answered.release for row in state.history)
    message = f"nothing to do: release {answered.release} answered this request on the same text"
    outcome: dict[str, Any] = {"promoted": served, "collections": []}
    if waiting is not None:
        expires = waiting.until.isoformat(timespec="seconds")
        message += f"; {refusal(answered.release, waiting.reasons, expires)}"
        outcome |= {"refused": True, "expires_at": expires}
    elif parameters.promote and not served and state.current == answered.parent:
        names, days = parameters.collections, parameters.approval_days
        outcome = settle_release(place, channel, answered, True, clock, names, days, parameters.expansion)
    return {"parent": state.current, "message": message, **outcome}


def refusal(release: int, reasons: Sequence[str], expires_at: str) -> str:
    """What a person is told of a release that waits."""
    return (
        f"release {release} is published and waits for a person: {'; '.join(reasons)}. "
        f"`minicoil release promote {release}` serves it nevertheless, until {expires_at}"
    )
