"""Runs whose process is gone, found by their silence: marked as crashed so that what waits proceeds, or begun again."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags, FlowRunFilter, FlowRunFilterState
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import AwaitingRetry, Crashed

logger = logging.getLogger(__name__)
TAG = "minicoil"  # of all our deployments; other people's runs on the same server are none of our business
HEARTBEAT = "prefect.flow-run.heartbeat"
STALE_SECONDS = 600.0  # three heartbeats at Prefect's own rate of 180 s; a service that sets its own rate passes less
PENDING_SECONDS = 300.0  # from taken by a worker to running, a slow container pull included
BEGINNINGS = 3  # of one run, the first included: what kills its process each time needs a person
# flows that find what is done and do the rest. Not those that do more the second time: after a rollback whose last
# words were lost, another one would go back one release more
_GOES_ON = frozenset(
    {
        "adopt-collection",
        "attach-collection",
        "compare-releases",
        "evaluate-retrieval",
        "extend-vocabulary",
        "index-collection",
        "promote-release",
        "rebuild-collection",
        "reencode-collections",
        "remove-words",
        "retrain-words",
    }
)
_PAGE = 200


@dataclass(frozen=True)
class Reaped:
    """One run that was marked, and why.

    Attributes:
        run: Its name.
        state: It was left in.
        silent_seconds: Since its last sign of life.
        reason: For people.
        is_begun_again: Whether it waits for a worker now, which goes on where it stopped.
    """

    run: str
    state: str
    silent_seconds: float
    reason: str
    is_begun_again: bool = False

    def row(self) -> dict[str, Any]:
        """For reports."""
        return asdict(self)


async def reap(stale_seconds: float = STALE_SECONDS, pending_seconds: float = PENDING_SECONDS) -> list[Reaped]:
    """Mark runs of this service that died without anyone to say so; begin those again that go on where they stopped.

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
                if found.is_begun_again:  # as the UI's own Retry does
                    await client.set_flow_run_state(run.id, AwaitingRetry(message=found.reason), force=True)
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
    again = await _goes_on(client, run)
    then = "it is begun again" if again else "run it again"
    reason = f"{what} ({silent:.0f} s ago); {then}, what was finished is kept"
    return Reaped(run.name, state.name or state.type.value, round(silent, 1), reason, again)


async def _goes_on(client: PrefectClient, run: FlowRun) -> bool:
    """Whether a dead run is to be begun again: by a worker, unless somebody was stopping it, and not for ever."""
    if run.state is None or run.state.is_cancelling() or run.run_count >= BEGINNINGS:
        return False
    if run.deployment_id is None or run.work_pool_name is None:  # a command's own run: nobody would take it
        return False
    return (await client.read_flow(run.flow_id)).name in _GOES_ON


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
