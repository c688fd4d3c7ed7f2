"""How often a step is tried, and how long it waits in between, wherever it runs."""

from __future__ import annotations

import tenacity

from minicoil.errors import EngineUnavailableError, StoreUnavailableError

TRIES = 3
WAIT_SECONDS: list[float] = [5, 20]
JITTER = 0.5  # of a wait, at most: runs that failed together must not come back together


def is_transient(error: BaseException) -> bool:
    """What may pass by itself: a busy store, an engine that restarts."""
    return isinstance(error, StoreUnavailableError | EngineUnavailableError)


def wait_between(state: tenacity.RetryCallState) -> float:
    """Seconds until the next try."""
    base = WAIT_SECONDS[min(state.attempt_number, len(WAIT_SECONDS)) - 1]
    return base + tenacity.wait_random(0, base * JITTER)(state)
