"""What a person should know of a service: one notice for each thing that is stuck, waits or runs out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal[
    "unsafe",  # searches may fail or miss points now
    "unreachable",  # store, engine or Prefect server does not answer
    "damaged",  # a document cannot be read
    "interrupted",  # a promotion began and nobody is at it
    "failure",  # the newest run of a flow failed, was killed, or was refused
    "absence",  # nothing succeeded for too long
    "schedule",  # a schedule is off, or its runs start too late
    "approval",  # a release waits for a person
    "due",  # points wait to be re-encoded
    "ids",  # word ids run out
    "contraction",  # cells of older releases wait
    "readers",  # somebody has to confirm or move readers
    "drift",  # texts are not as long any more as the collection was made for
    "lock",  # a command works here now
]
ORDER: tuple[str, ...] = Kind.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Notice:
    """One thing.

    Attributes:
        kind: What sort of thing; the most urgent ones first.
        about: Which channel, collection, release or flow; with `kind` it tells a notice from all others.
        message: What was found, and what it means.
        command: What a person can do about it; None where there is nothing to do but wait.
        since: ISO time, where it is known.
        is_alert: Whether somebody is to be woken for it.
    """

    kind: Kind
    about: str
    message: str
    command: str | None = None
    since: str | None = None
    is_alert: bool = False

    @property
    def key(self) -> str:
        """The same thing, looked at another time, has the same key."""
        return f"{self.kind}:{self.about}"

    def row(self) -> dict[str, Any]:
        """For answers."""
        return {**asdict(self), "key": self.key}


def in_order(notices: Iterable[Notice]) -> list[Notice]:
    """Alerts first, then by kind, then by what they are about."""
    return sorted(notices, key=lambda notice: (not notice.is_alert, ORDER.index(notice.kind), notice.about))
