"""A flow run in this process: who knows that it is one, and the record that it leaves in the home."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

import pydantic

from flows.orchestration.run_records import home_of, record_run
from tasks.metrics import counting_run

P = ParamSpec("P")
R = TypeVar("R")
_HERE: ContextVar[bool] = ContextVar("here", default=False)  # a run in this process, whoever calls it


def under_prefect() -> bool:
    """Whether this code runs inside a flow run that Prefect keeps, and was not told to run by itself there."""
    if "prefect" not in sys.modules or _HERE.get():
        return False
    from prefect.context import FlowRunContext

    return FlowRunContext.get() is not None


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
        parameters = next(iter(bound.arguments.values()), None)
        with counting_run(name), record_run(name, home_of(bound.args, bound.kwargs), parameters):
            return function(*bound.args, **bound.kwargs)
    finally:
        _HERE.reset(token)
