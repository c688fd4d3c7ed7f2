"""Progress of long steps, with counts and time left, to whoever listens: a terminal, or the run's log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

logger = logging.getLogger(__name__)
LOG_EVERY_SECONDS = 15.0
T = TypeVar("T")
Advance = Callable[[int], None]


class Listener(Protocol):
    """Something that shows steps: opened by label and total, told of units done."""

    def step(self, label: str, total: int | None, unit: str) -> _Step:
        """Begin to show a step; `total` is None where nobody knows it, `unit` a plural noun."""


class _Step(Protocol):
    def advance(self, n: int) -> None: ...
    def close(self) -> None: ...


class _LoggedStep:
    """One line at most every 15 s, and none for a step shorter than that."""

    def __init__(self, label: str, total: int | None, unit: str) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self.started = self.told = time.monotonic()

    def advance(self, n: int) -> None:
        self.done += n
        now = time.monotonic()
        if now - self.told < LOG_EVERY_SECONDS:
            return
        self.told = now
        if self.total and self.done:
            left = (now - self.started) * (self.total - self.done) / self.done
            logger.info("%s: %d of %d %s, about %.0f s left", self.label, self.done, self.total, self.unit, left)
        else:
            logger.info("%s: %d %s", self.label, self.done, self.unit)

    def close(self) -> None:
        logger.info("%s: %d %s in %.1f s", self.label, self.done, self.unit, time.monotonic() - self.started)


class LogListener:
    """The default: progress as log lines, which Prefect collects for the run's page."""

    def step(self, label: str, total: int | None, unit: str) -> _Step:
        return _LoggedStep(label, total, unit)


_listener: Listener = LogListener()


def listen(listener: Listener) -> None:
    """Send the progress of this process to `listener` from now on."""
    global _listener
    _listener = listener


def listener() -> Listener:
    """Where the progress of this process goes now."""
    return _listener


@contextmanager
def progress(label: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
    """Report one step; the body calls what it is given with the number of units just done."""
    step = _listener.step(label, total, unit)
    try:
        yield step.advance
    finally:
        step.close()


def track(items: Iterable[T], label: str, total: int | None = None, unit: str = "") -> Iterator[T]:
    """The items, each counted as one unit of a step."""
    with progress(label, total, unit) as advance:
        for item in items:
            yield item
            advance(1)
