"""What `running` makes of flows and steps where Prefect is at hand: Prefect's own, with this service's rules."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from prefect import Flow, Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.runtime import flow_run as this_run
from prefect.settings import PREFECT_API_KEY, PREFECT_API_URL, temporary_settings

from flows.orchestration.artifacts import show_result
from flows.orchestration.local_runs import call_here, under_prefect
from flows.orchestration.retries import JITTER, TRIES, WAIT_SECONDS, is_transient
from flows.orchestration.run_names import name_run, tag_run
from flows.orchestration.run_records import home_of
from flows.orchestration.servers import PrefectServer, find_server
from tasks.metrics import counting_run, timing_step

P = ParamSpec("P")
R = TypeVar("R")


class ServiceFlow(Flow[P, R]):
    """A Prefect flow that runs in this process, without any server, where no server is named.

    Under a server its runs say in name and tags what they are about.
    """

    def __init__(self, function: Callable[P, R], name: str, description: str) -> None:
        begun: list[Any] = [_add_tags]
        done: list[Any] = [_show_result]
        super().__init__(
            function,
            name=name,
            description=description,
            flow_run_name=_name_this_run,
            on_running=begun,
            on_completion=done,
        )
        self.fn = _counted(function, name)  # only now: the flow's version is that of the file its function stands in

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run as part of the run that calls, under the server that is named, or here; with equal results."""
        if under_prefect():
            return super().__call__(*args, **kwargs)
        server = find_server(home_of(args, kwargs))
        if server is None:
            return call_here(self.name, self.fn, args, kwargs)
        with _under(server):
            return super().__call__(*args, **kwargs)

    def with_options(self, **options: Any) -> Any:
        """A copy that decides as this one does; hooks, retries and time-outs of a flow need a server to keep them."""
        changed = super().with_options(**options)
        changed.__class__ = ServiceFlow  # Prefect makes one of its own class, whatever this one is
        return changed


def _counted(function: Callable[P, R], name: str) -> Callable[P, R]:
    """`function`, counted as a run of the flow where Prefect keeps it; elsewhere `run_here` does so."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not under_prefect():
            return function(*args, **kwargs)
        with counting_run(name):
            return function(*args, **kwargs)

    # with types for their names: Prefect looks names up where the code of a flow stands, which is here now
    vars(run)["__signature__"] = inspect.signature(function, eval_str=True)
    return run


def _name_this_run() -> str:
    """For Prefect, which asks without arguments once the parameters are checked."""
    return name_run(this_run.parameters.get("parameters"))


def _add_tags(flow: Flow[..., Any], run: FlowRun, state: State[Any]) -> None:
    """Tags of its own for a run that begins, beside those of its deployment; one more begin changes nothing."""
    # Prefect calls this before the run has a context, and a deployment's run lacks what its form fills in
    parameters = flow.validate_parameters(run.parameters)
    tags = sorted({*run.tags, *tag_run(parameters.get("parameters"))})
    with get_client(sync_client=True) as client:
        client.update_flow_run(run.id, tags=tags)


def _show_result(flow: Flow[..., Any], run: FlowRun, state: State[Any]) -> None:
    """What every flow answers, on its run's page: a run that a schedule started has no terminal to say it on."""
    answer = state.result(raise_on_failure=False)
    if isinstance(answer, Mapping) and answer:
        show_result(answer, run.name)


@contextmanager
def _under(server: PrefectServer) -> Iterator[None]:
    """Prefect's client read its settings when it was imported; a server that was found since is named to it here."""
    key = server.settings.get("PREFECT_API_KEY") or os.environ.get("PREFECT_API_KEY")
    address = {PREFECT_API_URL: server.url}
    if key:
        with temporary_settings({**address, PREFECT_API_KEY: key}):
            yield
    else:  # the key of a profile is for the server of that profile
        with temporary_settings(address, restore_defaults={PREFECT_API_KEY}):
            yield


@functools.cache
def as_task(function: Callable[P, R], name: str) -> Task[P, R]:
    """A Prefect task that runs `function` in the flow's process and retries what is transient."""
    return task(
        name=name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=TRIES - 1,
        retry_delay_seconds=WAIT_SECONDS,
        retry_jitter_factor=JITTER,
        retry_condition_fn=_may_pass,
    )(timing_step(name)(function))


def _may_pass(task: Any, run: Any, state: Any) -> bool:
    try:
        state.result()
    except BaseException as error:  # whatever ended the task; the run goes on to say so
        return is_transient(error)
    return False
