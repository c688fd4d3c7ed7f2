"""What `running` makes of flows and steps where Prefect is at hand: Prefect's own, with this service's rules."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from prefect import Flow, Task, task
from prefect.cache_policies import NO_CACHE
from prefect.settings import PREFECT_API_KEY, PREFECT_API_URL, temporary_settings

from flows.orchestration.local_runs import call_here, under_prefect
from flows.orchestration.retries import JITTER, TRIES, WAIT_SECONDS, is_transient
from flows.orchestration.run_records import home_of
from flows.orchestration.servers import PrefectServer, find_server

P = ParamSpec("P")
R = TypeVar("R")


class ServiceFlow(Flow[P, R]):
    """A Prefect flow that runs in this process, without any server, where no server is named."""

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
    )(function)


def _may_pass(task: Any, run: Any, state: Any) -> bool:
    try:
        state.result()
    except BaseException as error:  # whatever ended the task; the run goes on to say so
        return is_transient(error)
    return False
