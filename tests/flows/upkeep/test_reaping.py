"""A run is dead when it has been silent for too long, and begun again only where another begin does no harm."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelling, Pending, Running

from flows.orchestration.embedded import FLOWS
from flows.upkeep import reaping

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


class Server:
    """A Prefect server's client, as far as one run asks: its flow's name, and when it last said that it lives."""

    def __init__(self, flow="extend-vocabulary", beat_seconds_ago=None):
        self.flow, self.asked = flow, []
        moment = None if beat_seconds_ago is None else datetime.now(UTC) - timedelta(seconds=beat_seconds_ago)
        self.events = [] if moment is None else [{"occurred": moment.isoformat()}]

    async def read_flow(self, flow_id):
        return SimpleNamespace(name=self.flow)

    async def request(self, method, path, json):
        self.asked.append((method, path, json))
        return SimpleNamespace(json=lambda: {"events": self.events})


def run_in(state, seconds_ago, **facts):
    state.timestamp = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    given = {"flow_id": uuid4(), "deployment_id": uuid4(), "work_pool_name": "minicoil", "run_count": 1, **facts}
    return FlowRun(name="brave-owl", state=state, **given)


def judge(run, server=None, stale=600, pending=300):
    return asyncio.run(reaping._judge(server or Server(), run, stale, pending))


def test_a_run_that_says_that_it_lives_is_left_alone():
    assert judge(run_in(Running(), 500)) is None  # it began a moment ago
    assert judge(run_in(Running(), 9000), Server(beat_seconds_ago=60)) is None
    assert judge(run_in(Pending(), 200)) is None
    assert judge(FlowRun(name="x", flow_id=uuid4(), state=None)) is None


def test_a_run_whose_heartbeat_stopped_is_dead_and_begun_again():
    server = Server(beat_seconds_ago=700)
    run = run_in(Running(), 9000)
    found = judge(run, server)
    assert (found.run, found.state, found.is_begun_again) == ("brave-owl", "Running", True)
    assert found.silent_seconds == pytest.approx(700, abs=5)
    assert found.reason == (
        f"its heartbeat stopped: process and worker are gone ({found.silent_seconds:.0f} s ago); it is begun again, "
        "what was finished is kept"
    )
    ((_, path, asked),) = server.asked
    assert path == "/events/filter" and asked["filter"]["resource"] == {"id": [f"prefect.flow-run.{run.id}"]}
    assert asked["filter"]["event"] == {"name": [reaping.HEARTBEAT]} and asked["limit"] == 1


def test_a_run_that_never_began_is_dead_by_its_own_bound():
    found = judge(run_in(Pending(), 400))
    assert found.reason.startswith("its worker took it and never started it (") and found.state == "Pending"
    assert judge(run_in(Pending(), 400), pending=500) is None


@pytest.mark.parametrize(
    ("state", "facts", "flow"),
    [
        (Cancelling(), {}, "extend-vocabulary"),  # somebody was stopping it
        (Running(), {"run_count": reaping.BEGINNINGS}, "extend-vocabulary"),  # it dies each time
        (Running(), {"deployment_id": None}, "extend-vocabulary"),  # a command's own run: nobody would take it
        (Running(), {"work_pool_name": None}, "extend-vocabulary"),
        (Running(), {}, "rollback-release"),  # a second one would go back one release more
    ],
)
def test_what_must_not_begin_again_is_for_a_person(state, facts, flow):
    found = judge(run_in(state, 9000, **facts), Server(flow))
    assert not found.is_begun_again and "; run it again, what was finished is kept" in found.reason


def test_what_begins_again_are_flows_of_this_service():
    assert set(FLOWS) >= reaping._GOES_ON and "rollback-release" not in reaping._GOES_ON
