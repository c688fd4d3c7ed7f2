"""How many word ids a channel has left, how fast releases take them, and on which day none is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from minicoil.errors import ReleaseError
from tasks.catalogue import Manifest, read_sound
from tasks.store import ObjectStore

WINDOW_DAYS = 60.0  # older releases say little of tonight's
_LEAST_DAYS = 1.0  # several releases of one afternoon are no pace of many a day
_MOST_DAYS = 36_500.0  # a date a century away is none to plan with


@dataclass(frozen=True)
class IdBudget:
    """Ids of a channel's release, and what past releases say of the future.

    Attributes:
        left: Ids that can still be given out; None where the release does not say.
        per_day: Ids taken a day over the last `WINDOW_DAYS`; None where there is only one release to go by.
        n_releases: Releases the pace was measured on.
        exhausted_on: ISO date on which none is left at that pace; None where no pace is known, or ids do not shrink.
    """

    left: int | None
    per_day: float | None = None
    n_releases: int = 0
    exhausted_on: str | None = None

    @property
    def days_left(self) -> float | None:
        """Until none is left."""
        return self.left / self.per_day if self.left is not None and self.per_day else None

    def row(self) -> dict[str, Any]:
        """For answers."""
        days = self.days_left
        return {
            "left": self.left,
            "per_day": None if self.per_day is None else round(self.per_day, 1),
            "n_releases": self.n_releases,
            "exhausted_on": self.exhausted_on,
            "days_left": None if days is None else round(days),
        }


def id_budget(store: ObjectStore, release: int | None, now: datetime | None = None) -> IdBudget:
    """The ids left in `release`, and when they are used up at the pace of the releases that it grew from.

    Damaged and pruned releases are left out.

    Args:
        store: Has the manifests.
        release: What the channel serves; None or 0: nothing is given out yet.
        now: For tests.
    """
    manifest = _find(store, release) if release else None
    if manifest is None:
        return IdBudget(None)
    known = [found for number in manifest.ancestors if number and (found := _find(store, number)) is not None]
    return measure_pace([*known, manifest], now or datetime.now(UTC))


def _find(store: ObjectStore, number: int) -> Manifest | None:
    try:
        return read_sound(store, number)
    except ReleaseError:  # pruned, or lost, which whoever needs its files is told
        return None


def measure_pace(manifests: Sequence[Manifest], now: datetime) -> IdBudget:
    """What the manifests of one lineage, oldest first, say of its ids.

    An id that comes back between two releases counts as none taken there.
    """
    left = _ids_left(manifests[-1])
    if left is None:
        return IdBudget(None)
    since = now - timedelta(days=WINDOW_DAYS)
    rows = [(created_at(entry), ids) for entry in manifests if (ids := _ids_left(entry)) is not None]
    # the newest one before the window is where the window's releases began
    first = max((i for i, (at, _) in enumerate(rows) if at < since), default=0)
    recent = rows[first:]
    taken = sum(max(before - after, 0) for (_, before), (_, after) in zip(recent, recent[1:], strict=False))
    if len(recent) < 2:
        return IdBudget(left, None, len(recent))
    days = max((now - max(recent[0][0], since)).total_seconds() / 86_400, _LEAST_DAYS)
    pace = taken / days
    if not pace or left / pace > _MOST_DAYS:
        return IdBudget(left, pace, len(recent))
    return IdBudget(left, pace, len(recent), (now + timedelta(days=left / pace)).date().isoformat())


def created_at(manifest: Manifest) -> datetime:
    """When a release was published; long ago where it does not say so."""
    try:
        at = datetime.fromisoformat(manifest.created_at)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _ids_left(manifest: Manifest) -> int | None:
    found = manifest.facts.get("ids_left")
    return found if type(found) is int and found >= 0 else None
