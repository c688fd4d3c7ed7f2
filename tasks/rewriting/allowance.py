"""How much a run may write, and until when: what is spent pauses it, and the next night goes on where it stopped."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

from minicoil.errors import UsageError
from minicoil.files import Count, check_number

WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


class Allowance:
    """Points that a run may still write, and the moment at which it has to end.

    >>> allowance = Allowance(points=10)
    >>> allowance.share(8), allowance.spend(8), allowance.share(8), allowance.is_spent
    (8, None, 2, False)
    >>> allowance.spend(2), allowance.is_spent, allowance.reason
    (None, True, 'its budget of 10 points is spent')

    Args:
        points: Most points written; None: as many as there are.
        window: Hours of the day in UTC, as "22:00-06:00"; None: at any time.
        now: For tests.

    Raises:
        UsageError: the budget or the window is none.
    """

    def __init__(self, points: int | None = None, window: str | None = None, now: float | None = None) -> None:
        if points is not None:
            check_number("points_budget", points, Count)
        self.points, self._left, self._window = points, points, window
        self._until = None if window is None else closing_time(window, time.time() if now is None else now)

    def share(self, n: int) -> int:
        """How many of the next `n` points may be written."""
        if self._is_over:
            return 0
        return n if self._left is None else min(n, self._left)

    def spend(self, n: int) -> None:
        """So many were written."""
        if self._left is not None:
            self._left = max(self._left - n, 0)

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be written."""
        return self._left == 0 or self._is_over

    @property
    def _is_over(self) -> bool:
        return self._until is not None and time.time() >= self._until

    @property
    def reason(self) -> str:
        """Why a run pauses, for people."""
        if self._is_over:
            return f"its window {self._window} UTC is over"
        return f"its budget of {self.points or 0:,} points is spent"


def closing_time(window: str, now: float) -> float:
    """Seconds since 1970 at which the window closes that is open at `now`; `now` itself where it is shut.

    >>> night = datetime(2026, 3, 1, 23, 30, tzinfo=UTC).timestamp()
    >>> [(closing_time(hours, night) - night) / 3600 for hours in ("22:00-06:00", "22:00-23:00", "00:00-23:45")]
    [6.5, 0.0, 0.25]

    Raises:
        UsageError: it is no window.
    """
    found = WINDOW.fullmatch(window)
    if found is None or found.group(1, 2) == found.group(3, 4):
        raise UsageError(f"window '{window}': two times of the day in UTC were expected, as 22:00-06:00")
    moment = datetime.fromtimestamp(now, UTC)
    begins, ends = (
        moment.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
        for hour, minute in (found.group(1, 2), found.group(3, 4))
    )
    if ends <= begins:  # over midnight: it began yesterday, or ends tomorrow
        if moment < ends:
            begins -= timedelta(days=1)
        else:
            ends += timedelta(days=1)
    return ends.timestamp() if begins <= moment < ends else now
