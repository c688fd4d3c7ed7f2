"""How a flow and its steps run: under a Prefect server where one is named, in this process where none is.

`flow` and `step` are Prefect's `flow` and `task` with one decision before them, made at each call. Under Prefect a step
is a task run with Prefect's retries, a run page, cancellation from the UI. Here the same functions are called directly:
the same retries, progress on the terminal, Ctrl-C or SIGTERM for cancellation, and a record of the run in the home; no
server, no port, no database, and Prefect is not even imported, which takes longer than many a command.
"""

from __future__ import annotations

import functools
import inspect
import logging
import sys
import time
import typing
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

import pydantic
import tenacity

from flows.orchestration.prefect_settings import ignore_working_folder
from flows.orchestration.run_records import current_run, home_of, record_run
from flows.orchestration.servers import find_server
from minicoil.errors import EngineUnavailableError, StoreUnavailableError

if TYPE_CHECKING:
    from prefect import Flow

P = ParamSpec("P")
R = TypeVar("R")
logger = logging.getLogger("flows.run")
tries = logging.getLogger("flows.tries")  # what a person waits for; the command line shows it
TRIES = 3
WAIT_SECONDS: list[float] = [5, 20]
_HERE: ContextVar[bool] = ContextVar("here", default=False)  # a run in this process, whoever calls it
JITTER = 0.5  # of a wait, at most: runs that failed together must not come back together


def under_prefect() -> bool:
    """Whether this code runs inside a flow run that Prefect keeps, and was not told to run by itself there."""
    if "prefect" not in sys.modules or _HERE.get():
        return False
    from prefect.context import FlowRunContext

    return FlowRunContext.get() is not None


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

            return ServiceFlow(function, name=name, description=description)
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

        return ServiceFlow(self.fn, name=self.name, description=self.description)


def call_here(name: str, function: Callable[..., R], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """`run_here` as a flow is called: with Prefect's `return_state`, and `wait_for`, which waits for nothing here."""
    given = {key: value for key, value in kwargs.items() if key not in ("return_state", "wait_for")}
    if not kwargs.get("return_state"):
        return run_here(name, function, *args, **given)
    from prefect.states import Completed, Failed

    try:
        return Completed(data=run_here(name, function, *args, **given))
    except Exception as error:  # what a state is asked for instead of
        return Failed(data=error, message=str(error))


def run_here(name: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a flow's function in this process, and keep a record of the run in the home of its parameters.

    Raises:
        pydantic.ValidationError: the parameters were given as a mapping and are none.
        MiniCoilError: what the flow refused or failed with; the record says it too.
    """
    bound = inspect.signature(function).bind(*args, **kwargs)
    for parameter, kind in typing.get_type_hints(function).items():
        given = bound.arguments.get(parameter)
        if isinstance(given, Mapping) and isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
            bound.arguments[parameter] = kind.model_validate(given)  # as Prefect does
    token = _HERE.set(True)
    try:
        with record_run(name, home_of(bound.args, bound.kwargs), next(iter(bound.arguments.values()), None)):
            return function(*bound.args, **bound.kwargs)
    finally:
        _HERE.reset(token)


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


def is_transient(error: BaseException) -> bool:
    """What may pass by itself: a busy store, an engine that restarts."""
    return isinstance(error, StoreUnavailableError | EngineUnavailableError)


def _wait(state: tenacity.RetryCallState) -> float:
    base = WAIT_SECONDS[min(state.attempt_number, len(WAIT_SECONDS)) - 1]
    return base + tenacity.wait_random(0, base * JITTER)(state)


def _run_step(name: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    def tell(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        n = state.attempt_number
        tries.warning("%s failed: %s; trying again in %.0f s (%d of %d)", name, error, wait, n, TRIES)

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_transient),
        stop=tenacity.stop_after_attempt(TRIES),
        wait=_wait,
        before_sleep=tell,
        reraise=True,
    )
    started, run = time.monotonic(), current_run()
    try:
        return retrying(function, *args, **kwargs)
    finally:
        if run is not None:
            run.add_step(name, time.monotonic() - started, retrying.statistics.get("attempt_number", 1))
