"""What happened, told by whoever sees it happen: nothing at all unless the environment names a folder for it.

Each process has files of its own there, mapped into its memory by prometheus_client: counting waits for nobody. Where
the folder cannot be written that is said once, and the run goes on uncounted.
"""

from __future__ import annotations

import functools
import logging
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from minicoil.extras import missing_extra

if TYPE_CHECKING:
    from tasks.metrics.measures import Measures

logger = logging.getLogger(__name__)
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # its library reads it once, when it is imported
COMPLETED, FAILED, CANCELLED = "Completed", "Failed", "Cancelled"


def is_counting() -> bool:
    """Whether anything is counted here."""
    return _measures() is not None


@functools.cache
def _measures() -> Measures | None:
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return None
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        from tasks.metrics.measures import Measures

        return Measures()
    except ImportError as error:
        missing = missing_extra(error, f"counting for Prometheus ({FOLDER_VARIABLE} is set)")
        if missing is None:
            raise
        logger.warning("nothing is counted: %s", missing)
    except OSError as error:
        logger.warning("nothing is counted: %s, of %s, cannot be written (%s)", folder, FOLDER_VARIABLE, error)
    return None


@contextmanager
def counting_run(flow: str) -> Iterator[None]:
    """Count the body as a run of a flow, when it begins and by how it ended."""
    measures = _measures()
    if measures is None:
        yield
        return
    measures.runs_started.labels(flow).inc()
    state = FAILED
    try:
        yield
        state = COMPLETED
    except Exception:
        raise
    except BaseException:  # an interrupt, or an end that was asked for
        state = CANCELLED
        raise
    finally:
        measures.runs.labels(flow, state).inc()


@contextmanager
def timing_step(step: str) -> Iterator[None]:
    """Take the time of the body, one try of a step."""
    measures = _measures()
    if measures is None:
        yield
        return
    started, state = time.monotonic(), FAILED
    try:
        yield
        state = COMPLETED
    finally:
        measures.step_seconds.labels(step, state).observe(time.monotonic() - started)


def count_words(verdicts: Iterable[str]) -> None:
    """Words that a run answered with a verdict, one each."""
    measures = _measures()
    if measures is not None:
        for verdict, n_words in Counter(verdicts).items():
            measures.words.labels(verdict).inc(n_words)


def count_rewritten(collection: str, n_points: int) -> None:
    """Points that got the cells of another release."""
    measures = _measures()
    if measures is not None:
        measures.rewritten.labels(collection).inc(n_points)


def count_store_conflict(kind: str) -> None:
    """A document of a kind that somebody else changed between a look and a write; it is looked at again."""
    measures = _measures()
    if measures is not None:
        measures.store_conflicts.labels(kind).inc()


def count_store_retry() -> None:
    """A request to the object store that was made once more."""
    measures = _measures()
    if measures is not None:
        measures.store_retries.inc()


def count_engine_retry() -> None:
    """A request to a Qdrant server that was made once more."""
    measures = _measures()
    if measures is not None:
        measures.engine_retries.inc()
