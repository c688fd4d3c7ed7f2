"""What a Prefect server knows of this service: past runs, schedules that are off, runs that nobody takes.

Only imported where a server is named.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags, FlowFilter, FlowFilterName
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort

from flows.upkeep.past_runs import UPKEEP, PastRun
from flows.upkeep.reaping import TAG
from flows.upkeep.shared_corpora import CORPUS_VARIABLE
from minicoil.errors import StoreUnavailableError
from minicoil.harmless import harmless

SCHEDULED = "scheduled"  # tag of the deployments that run by themselves
UPKEEP_TAG = "upkeep"  # of what a service does by itself where it runs: off there on purpose
LATE_MINUTES = 30.0
_PAGE = 200  # the most that a server gives at once
_MOST_RUNS = 1000
_OURS = FlowFilter(name=FlowFilterName(any_=list(UPKEEP)))


@dataclass(frozen=True)
class Schedule:
    """A deployment that runs by itself.

    Attributes:
        name: Flow and deployment, as flow/deployment.
        is_on: Whether it fires.
        is_configured: Whether it ever was to: without a corpus the nightly ones were never switched on.
        hours: Between two runs; None where that is not regular.
        since: ISO time of the end of the newest run that completed, else of when it was deployed.
        has_succeeded: Whether one completed.
        next_run: ISO time.
    """

    name: str
    is_on: bool
    is_configured: bool
    hours: float | None
    since: str
    has_succeeded: bool
    next_run: str | None

    def row(self) -> dict[str, Any]:
        """For answers."""
        return dict(vars(self))


@dataclass(frozen=True)
class ServerView:
    """Of one server: runs oldest first, schedules by name, and runs that should have begun long ago."""

    runs: Sequence[PastRun]
    schedules: Sequence[Schedule]
    late: Sequence[str]


def look_at_server() -> ServerView:
    """What the server of PREFECT_API_URL knows.

    Raises:
        StoreUnavailableError: it does not answer, or not as a Prefect server does.
    """
    address = os.environ.get("PREFECT_API_URL", "")
    try:
        with get_client(sync_client=True) as client:
            deployments = _deployments(client)
            runs = _runs(client)
            corpus = client.read_variable_by_name(CORPUS_VARIABLE)
            names = {flow.id: flow.name for flow in client.read_flows(flow_filter=_OURS, limit=_PAGE)}
    except (httpx.HTTPError, RuntimeError) as error:  # Prefect raises the latter where it cannot ask for the version
        cause = error.__cause__ if isinstance(error.__cause__, httpx.HTTPError) else error
        raise StoreUnavailableError(
            f"the Prefect server at {address} does not answer ({type(cause).__name__}); start it or correct its address"
        ) from error
    past = [_past(run, names.get(run.flow_id, "?"), address) for run in runs if not _is_waiting(run)]
    waiting = [run for run in runs if _is_waiting(run)]
    ended = {d.id: _last_end(d, runs) for d in deployments}
    configured = corpus is not None and bool(corpus.value)
    schedules = [
        _schedule(d, names[d.flow_id], ended[d.id], configured, waiting)
        for d in deployments
        if SCHEDULED in d.tags and UPKEEP_TAG not in d.tags and d.flow_id in names
    ]
    before = datetime.now(UTC) - timedelta(minutes=LATE_MINUTES)
    late = [
        f"{names.get(run.flow_id, '?')} ({run.name})"
        for run in waiting
        if run.expected_start_time is not None and run.expected_start_time < before
    ]
    return ServerView(sorted(past, key=lambda run: run.started), sorted(schedules, key=lambda s: s.name), late)


def _deployments(client: SyncPrefectClient) -> list[DeploymentResponse]:
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    return client.read_deployments(deployment_filter=ours, limit=_PAGE)


def _runs(client: SyncPrefectClient) -> list[FlowRun]:
    """Newest first, scheduled ones included, of deployments and of commands that named the server."""
    found: list[FlowRun] = []
    while len(found) < _MOST_RUNS:
        page = client.read_flow_runs(
            flow_filter=_OURS,
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=_PAGE,
            offset=len(found),
        )
        found += page
        if len(page) < _PAGE:
            break
    return found


def _is_waiting(run: FlowRun) -> bool:
    return run.state is not None and (run.state.is_scheduled() or run.state.is_pending())


def _past(run: FlowRun, flow: str, address: str) -> PastRun:
    started = run.start_time or run.expected_start_time or run.created or datetime.now(UTC)
    state = run.state
    name = "Running" if state is None else (state.name or state.type.value)
    if state is not None and state.is_completed():
        name = "Completed"
    message = harmless((state.message if state is not None else None) or "")[:500]
    return PastRun(flow, name, _iso(started), _iso(run.end_time) if run.end_time else None, message, address)


def _last_end(deployment: DeploymentResponse, runs: Sequence[FlowRun]) -> datetime | None:
    ends = [
        run.end_time
        for run in runs
        if run.deployment_id == deployment.id and run.state is not None and run.state.is_completed() and run.end_time
    ]
    return max(ends, default=None)


def _schedule(
    deployment: DeploymentResponse,
    flow: str,
    ended: datetime | None,
    configured: bool,
    waiting: Sequence[FlowRun],
) -> Schedule:
    on = [entry for entry in deployment.schedules if entry.active]
    coming = [run.expected_start_time for run in waiting if run.deployment_id == deployment.id]
    starts = sorted(moment for moment in coming if moment is not None)
    gaps = [(later - earlier).total_seconds() / 3600 for earlier, later in zip(starts, starts[1:], strict=False)]
    return Schedule(
        f"{flow}/{deployment.name}",
        bool(on) and not deployment.paused,
        configured,
        round(max(gaps), 2) if gaps else None,
        _iso(ended or deployment.created or datetime.now(UTC)),
        ended is not None,
        _iso(starts[0]) if starts else None,
    )


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
