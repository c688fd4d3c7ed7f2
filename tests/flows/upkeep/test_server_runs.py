"""What a Prefect server says of the service: runs, schedules that are off or silent, runs that nobody takes."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


@pytest.fixture(scope="module")
def view(prefect_server):
    """The server's view after deployments of several kinds, and runs in several states, were made on it."""
    from flows.upkeep.server_runs import look_at_server

    asyncio.run(_fill())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_API_URL", prefect_server)
        yield look_at_server()


async def _fill():
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.states import Completed, Crashed, Failed, Scheduled

    def cron(text, active=True):
        return [DeploymentScheduleCreate(schedule=CronSchedule(cron=text, timezone="UTC"), active=active)]

    now = datetime.now(UTC)
    async with get_client() as client:
        extend = await client.create_flow_from_name("extend-vocabulary")
        sweep = await client.create_flow_from_name("reencode-collections")
        strange = await client.create_flow_from_name("somebody-elses")
        tags = ["minicoil", "scheduled", "nightly"]
        await client.create_deployment(
            extend, "nightly-x", schedules=cron("0 2 * * *", active=False), tags=tags, parameters={}
        )
        on = await client.create_deployment(
            sweep, "nightly-sweep-x", schedules=cron("30 3 * * *"), tags=tags, parameters={}
        )
        await client.create_deployment(strange, "theirs", schedules=cron("0 1 * * *"), tags=["scheduled"])
        for flow, state in ((extend, Failed(message="no corpus\x1b[31m")), (strange, Crashed()), (sweep, Completed())):
            model = await _run_of(client, flow, state, on if flow == sweep else None)
            assert model
        await _run_of(client, sweep, Scheduled(scheduled_time=now - timedelta(hours=2)), on)


async def _run_of(client, flow_id, state, deployment_id=None):
    from prefect.states import to_state_create

    body = {"flow_id": str(flow_id), "name": f"run-{uuid4().hex[:6]}"}
    body["state"] = to_state_create(state).model_dump(mode="json", exclude_unset=True)
    if deployment_id is not None:
        body["deployment_id"] = str(deployment_id)
    answer = await client._client.post("/flow_runs/", json=body)
    answer.raise_for_status()
    return answer.json()


def test_runs_of_our_flows_are_told_and_nobody_elses(view):
    found = {(run.flow, run.state) for run in view.runs}
    assert found >= {("extend-vocabulary", "Failed"), ("reencode-collections", "Completed")}
    assert "somebody-elses" not in {run.flow for run in view.runs}
    (failed,) = [run for run in view.runs if run.flow == "extend-vocabulary" and run.message.startswith("no corpus")]
    assert failed.is_bad and "\x1b" not in failed.message and failed.kept_by.startswith("http://")


def test_schedules_say_whether_they_are_on(view):
    by_name = {schedule.name: schedule for schedule in view.schedules}
    assert not by_name["extend-vocabulary/nightly-x"].is_on
    assert by_name["reencode-collections/nightly-sweep-x"].is_on
    assert not [name for name in by_name if "theirs" in name]


def test_a_run_that_should_have_begun_hours_ago_is_late(view):
    assert [entry for entry in view.late if entry.startswith("reencode-collections (run-")]


def test_what_it_says_becomes_notices():
    from flows.stages.service_status import _of_schedules
    from flows.upkeep.server_runs import Schedule

    def notices(late=(), **values):
        hours = values.pop("hours_ago", 1.0)
        facts = {"name": "x/nightly", "is_on": True, "is_configured": True, "hours": 24.0, "has_succeeded": True}
        at = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
        schedule = Schedule(**{**facts, "since": at, "next_run": None, **values})
        return [(n.kind, n.is_alert) for n in _of_schedules([schedule], late, 36.0)]

    assert notices() == []
    assert notices(hours_ago=37) == [("absence", True)]
    assert notices(hours_ago=200, hours=168.0) == []  # a weekly one has a week and a half
    assert notices(hours_ago=300, hours=168.0) == [("absence", True)]
    assert notices(hours_ago=37, has_succeeded=False) == [("absence", True)]
    assert notices(is_on=False) == [("schedule", True)]
    assert notices(is_on=False, is_configured=False) == [("schedule", False)]  # it never was to run
    assert notices(late=["x (run-1)"]) == [("schedule", True)]


def test_a_server_that_is_none_is_told_in_one_line(monkeypatch):
    from flows.upkeep.server_runs import look_at_server
    from minicoil.errors import StoreUnavailableError

    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    nowhere = {PREFECT_API_URL: "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with (
        temporary_settings(nowhere),
        pytest.raises(StoreUnavailableError, match="http://127.0.0.1:9/api does not answer"),
    ):
        look_at_server()
