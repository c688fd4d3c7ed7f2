"""The best release that a channel served, and which documents ask for themselves when others are held against it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from minicoil.files import Release
from tasks.store import Documents, ObjectStore

BEST_VERSION = 1


class BestServed(BaseModel):
    """What later releases are held against.

    Attributes:
        name: The channel.
        release: The best so far.
        at: When its questions were frozen.
        documents: Collection -> ids of the points drawn then: their titles or first sentences are the questions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=1, le=BEST_VERSION)] = BEST_VERSION
    name: str
    release: Release
    at: str
    documents: dict[str, tuple[int | str, ...]] = Field(default_factory=dict)


_BESTS = Documents(
    BestServed,
    BEST_VERSION,
    "best/",
    title=lambda name: f"the note of the best release of channel '{name}'",
    way_out=lambda name: f"delete best/{name}.json: the release that is served then counts as the best",
    stray=lambda best, name: None if best.name == name else f"is damaged: it is that of channel '{best.name}'",
)


def read_best(store: ObjectStore, channel: str) -> BestServed | None:
    """The best release of a channel; None where there is none, or only a damaged one, which is told once."""
    return _BESTS.find_sound(store, channel)


def keep_best(store: ObjectStore, best: BestServed) -> BestServed:
    """Note a channel's best release, over whatever stood there."""
    return _BESTS.change(store, best.name, lambda before: best, over_damage=True)


def list_bests(store: ObjectStore) -> list[BestServed]:
    """Of every channel whose note can be read."""
    return [best for name in _BESTS.names(store) if (best := _BESTS.find_sound(store, name)) is not None]
