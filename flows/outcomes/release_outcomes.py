"""What flows answer that move a channel, or collections to the release that it serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.outcomes.outcome import Row, TimedOutcome
from flows.outcomes.shown_parts import show_collections
from flows.screen import say, shown


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ReencodingOutcome(TimedOutcome):
    """Of `reencode-collections` and `promote-release`.

    Attributes:
        release: That collections were re-encoded for.
        collections: A row each: `name`, `n_points`, `n_affected`, `n_rewritten`.
        dry_run: Whether it was only looked at.
        promoted: Whether the channel serves the release now.
        behind: Collections that keep the channel where it is.
        reports: Keys of the collections' reports in the object store.
        waiting: Cells that wait for readers, a row each.
        swept: Points that came late, a row a collection.
        contracted: Collections whose cells of older releases went.
    """

    release: int
    collections: Sequence[Row]
    dry_run: bool = False
    promoted: bool = False
    behind: Sequence[str] = ()
    reports: Sequence[str] = ()
    waiting: Sequence[Row] = ()
    swept: Sequence[Row] = ()
    contracted: Sequence[str] = ()

    def show(self) -> None:
        """Counts by collection, and what waits."""
        if self.message:
            say(shown(self.message))
        show_collections(self.collections, self.waiting)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PublishOutcome(TimedOutcome):
    """Of `publish-release`.

    Attributes:
        release: That was published, and `parent` that it grew from.
        promoted, collections, behind, waiting: As `ReencodingOutcome` has them.
        gate: What the gates said.
        refused: Whether they refused, and the release waits for a person until `expires_at`.
        pending: Whether promoting it was left to others.
    """

    release: int
    parent: int | None
    promoted: bool
    collections: Sequence[Row]
    behind: Sequence[str] = ()
    waiting: Sequence[Row] = ()
    gate: Row | None = None
    refused: bool = False
    pending: bool = False
    expires_at: str | None = None


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class RollbackOutcome(TimedOutcome):
    """Of `rollback-release`: the `channel`, the `release` it serves now, and the one before."""

    channel: str
    release: int | None
    previous: int | None
    promoted: bool


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class AbandonOutcome(TimedOutcome):
    """Of `abandon-promotion`.

    Attributes:
        channel: Whose promotion it was.
        abandoned: The release that was pending; None: nothing was.
        release: That the channel serves, as before.
        collections: A row each.
    """

    channel: str
    abandoned: int | None
    release: int | None
    collections: Sequence[Row]
