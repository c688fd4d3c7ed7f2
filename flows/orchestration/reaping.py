"""Runs whose process is gone, found by their silence and marked as crashed, so that what waits for them proceeds."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags, FlowRunFilter, FlowRunFilterState
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Crashed

logger = logging.getLogger(__name__)
TAG = "minicoil"  # of all our deployments; other people's runs on the same server are none of our business
HEARTBEAT = "prefect.flow-run.heartbeat"
STALE_SECONDS = 600.0  # three heartbeats at Prefect's own rate of 180 s; a service that sets its own rate passes less
PENDING_SECONDS = 300.0  # from taken by a worker to running, a slow container pull included
_PAGE = 200


@dataclass(frozen=True)
class Reaped:
    """One run that was marked, and why."""

    run: str
    state: str
    silent_seconds: float
    reason: str

    def row(self) -> dict[str, Any]:
        """For reports."""
        return asdict(self)


async def reap(stale_seconds: float = STALE_SECONDS, pending_seconds: float = PENDING_SECONDS) -> list[Reaped]:
    """Mark runs of this service that died without anyone to say so.

    A run whose worker lives is marked by the worker. Where both died it stays RUNNING, and where the worker died
    between taking a run and starting it, PENDING; either would hold its deployment's slot for ever.

    Args:
        stale_seconds: A RUNNING or CANCELLING run is dead when its last sign of life is older.
        pending_seconds: A PENDING run is dead when it was taken longer ago.
    """
    reaped = []
    async with get_client() as client:
        for run in await _unfinished(client):
            found = await _judge(client, run, stale_seconds, pending_seconds)
            if found is not None:
                # forced: a dead run cannot be asked, and orchestration rules would keep CANCELLING as it is
                await client.set_flow_run_state(run.id, Crashed(message=found.reason), force=True)
                logger.warning("reaped run %s (%s): %s", found.run, found.state, found.reason)
                reaped.append(found)
    return reaped


async def _unfinished(client: PrefectClient) -> list[FlowRun]:
    types = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    states: dict[str, Any] = {"type": {"any_": types}}
    return await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState.model_validate(states)),
        deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG])),
        limit=_PAGE,
    )


async def _judge(client: PrefectClient, run: FlowRun, stale: float, pending: float) -> Reaped | None:
    state = run.state
    if state is None:
        return None
    since = state.timestamp
    if state.is_pending():
        silent = _seconds_since(since)
        limit, what = pending, "its worker took it and never started it"
    else:
        beat = await _last_heartbeat(client, run.id)
        silent = _seconds_since(max(since, beat) if beat else since)
        limit, what = stale, "its heartbeat stopped: process and worker are gone"
    if silent <= limit:
        return None
    reason = f"{what} ({silent:.0f} s ago); run it again, what was finished is kept"
    return Reaped(run.name, state.name or state.type.value, round(silent, 1), reason)


def _seconds_since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment).total_seconds()


async def _last_heartbeat(client: PrefectClient, run: UUID) -> datetime | None:
    """When a run last said that it lives; None where it never did."""
    body = {
        "filter": {
            "event": {"name": [HEARTBEAT]},
            "resource": {"id": [f"prefect.flow-run.{run}"]},
            "occurred": {"since": (datetime.now(UTC) - timedelta(days=1)).isoformat()},
            "order": "DESC",
        },
        "limit": 1,
    }
    response = await client.request("POST", "/events/filter", json=body)
    events = response.json()["events"]
    return datetime.fromisoformat(events[0]["occurred"]) if events else None
