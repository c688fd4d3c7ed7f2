"""Long steps as progress bars on the run's page, rarely enough that the server does not notice."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from flows.orchestration.shown_artifacts import move_progress, show_progress
from tasks import progress

logger = logging.getLogger(__name__)
FIRST_AFTER_SECONDS = 5.0  # a step shorter than this is not worth a bar
EVERY_SECONDS = 5.0  # an update costs a request


class _ShownStep:
    """A step that is logged, and shown as a bar once it has taken a while."""

    def __init__(self, label: str, total: int | None, unit: str) -> None:
        self._logged = progress.LogListener().step(label, total, unit)
        self._label, self._total, self._unit, self._done = label, total, unit, 0
        self._bar: UUID | None = None
        self._next = time.monotonic() + FIRST_AFTER_SECONDS
        self._shown = bool(total)

    def advance(self, n: int) -> None:
        self._done += n
        self._logged.advance(n)
        if self._shown and time.monotonic() >= self._next:
            self._show(min(100.0 * self._done / (self._total or 1), 99.0))

    def close(self) -> None:
        self._logged.close()
        if self._bar is not None:
            self._show(100.0)

    def _show(self, percent: float) -> None:
        self._next = time.monotonic() + EVERY_SECONDS
        text = f"{self._label}: {self._done:,} of {self._total or self._done:,} {self._unit}"
        try:
            if self._bar is None:
                self._bar = show_progress(percent, _key(self._label), text)
            else:
                move_progress(self._bar, percent, text)
        except Exception as error:  # a server that restarts; the step matters more than its bar
            self._shown = False
            logger.warning("no progress bar for '%s' any more: %s", self._label, error)


class PageListener:
    """Progress to the run's log and page."""

    def step(self, label: str, total: int | None, unit: str) -> _ShownStep:
        return _ShownStep(label, total, unit)


@contextmanager
def progress_on_page() -> Iterator[None]:
    """Send this process's progress to the run's page for a while."""
    before = progress.listener()
    progress.listen(PageListener())
    try:
        yield
    finally:
        progress.listen(before)


def _key(label: str) -> str:
    """Lowercase letters, digits and dashes: what Prefect takes as a key."""
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-") or "step"
