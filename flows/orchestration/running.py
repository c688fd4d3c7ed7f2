"""How a flow and its steps run: under a Prefect server where one is named, in this process where none is.

`flow` and `step` are Prefect's `flow` and `task` with one decision before them, made at each call. Under Prefect a step
is a task run with Prefect's retries, a run page, cancellation from the UI. Here the same functions are called directly:
the same retries, progress on the terminal, Ctrl-C or SIGTERM for cancellation, and a record of the run in the home; no
server, no port, no database, and Prefect is not even imported, which takes longer than many a command.
"""

from __future__ import annotations

import functools
import logging
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

import tenacity

from flows.orchestration.local_runs import call_here, under_prefect
from flows.orchestration.prefect_settings import ignore_working_folder
from flows.orchestration.retries import TRIES, is_transient, wait_between
from flows.orchestration.run_records import current_run, home_of
from flows.orchestration.servers import find_server
from tasks.metrics import timing_step

if TYPE_CHECKING:
    from prefect import Flow

P = ParamSpec("P")
R = TypeVar("R")
logger = logging.getLogger("flows.run")
tries = logging.getLogger("flows.tries")  # what a person waits for; the command line shows it


def server_address() -> str | None:
    """Of the API of the Prefect server that keeps the current run and that others see, too."""
    if not under_prefect():
        return None
    from prefect.settings import PREFECT_API_URL

    address = PREFECT_API_URL.value()
    return str(address) if address else None  # a temporary server, which nobody else knows


def run_logger() -> logging.Logger | logging.LoggerAdapter[Any]:
    """The log of the run: on its page under Prefect, this program's own log elsewhere."""
    if not under_prefect():
        return logger
    from prefect.logging import get_run_logger

    return cast("logging.LoggerAdapter[Any]", get_run_logger())


def flow(name: str, description: str) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """Prefect's `@flow`, for a function of one parameter model.

    A worker, or whoever else imported Prefect first, gets a true `prefect.Flow`; everybody else gets one that becomes
    a `prefect.Flow` as soon as more is wanted of it than to run here.
    """

    def decorate(function: Callable[P, R]) -> Flow[P, R]:
        if "prefect" in sys.modules:
            from flows.orchestration.prefect_flow import ServiceFlow

            return ServiceFlow(function, name, description)
        return cast("Flow[P, R]", _LocalFlow(function, name, description))

    return decorate


class _LocalFlow(Generic[P, R]):
    """A flow that has not needed Prefect yet."""

    def __init__(self, function: Callable[P, R], name: str, description: str) -> None:
        self.fn, self.name, self.description = function, name, description
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if under_prefect() or find_server(home_of(args, kwargs)) is not None:
            return self._as_prefect_flow(*args, **kwargs)
        return call_here(self.name, self.fn, args, kwargs)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(self._as_prefect_flow, attribute)

    @functools.cached_property
    def _as_prefect_flow(self) -> Flow[P, R]:
        if "prefect" not in sys.modules:  # else somebody else's program has brought it in as it wants it
            ignore_working_folder()
        from flows.orchestration.prefect_flow import ServiceFlow

        return ServiceFlow(self.fn, self.name, self.description)


def step(function: Callable[P, R], name: str) -> Callable[P, R]:
    """`function` as a step of a flow, which is tried again after what may pass by itself.

    Args:
        function: One step against the world; its signature is the step's.
        name: On the run's page, and in its record.

    Returns:
        A function to call inside a flow: a Prefect task there where a server keeps the run, else the function itself
        with the same retries.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not under_prefect():
            return _run_step(name, function, *args, **kwargs)
        from flows.orchestration.prefect_flow import as_task

        answer: Any = as_task(function, name)(*args, **kwargs)  # a task of a function that is not async gives its value
        return cast("R", answer)

    return run


def _run_step(name: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    def tell(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        n = state.attempt_number
        tries.warning("%s failed: %s; trying again in %.0f s (%d of %d)", name, error, wait, n, TRIES)

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_transient),
        stop=tenacity.stop_after_attempt(TRIES),
        wait=wait_between,
        before_sleep=tell,
        reraise=True,
    )
    started, run, is_done = time.monotonic(), current_run(), False
    try:
        answer = retrying(timing_step(name)(function), *args, **kwargs)
        is_done = True
        return answer
    finally:
        if run is not None:
            n_tries = retrying.statistics.get("attempt_number", 1)
            run.add_step(name, time.monotonic() - started, n_tries, is_done)
