"""prefect.yaml agrees with the flows, and setting up can be repeated without harm."""

import asyncio
import importlib
import typing

import pytest
import yaml

from deployments.setting_up import PREFECT_FILE, SetUpError, deployment_names, set_up
from flows.orchestration.embedded import FLOWS

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def rows():
    return yaml.safe_load(PREFECT_FILE.read_text())["deployments"]


def test_every_flow_can_be_run_on_demand():
    on_demand = {flow for flow, name in deployment_names() if name == "on-demand"}
    assert on_demand >= set(FLOWS)


def test_every_entrypoint_is_a_flow_of_that_name():
    for row, (name, _) in zip(rows(), deployment_names(), strict=True):
        module, function = row["entrypoint"].rsplit(".", 1)
        assert getattr(importlib.import_module(module), function).name == name
        assert "minicoil" in row["tags"]


def test_what_runs_by_itself_has_parameters_that_its_form_accepts():
    scheduled = [row for row in rows() if row.get("schedules")]
    assert {row["name"] for row in scheduled} == {"nightly", "weekly", "nightly-sweep", "hourly", "every-ten-minutes"}
    for row in scheduled:
        module, function = row["entrypoint"].rsplit(".", 1)
        model = typing.get_type_hints(getattr(importlib.import_module(module), function).fn)["parameters"]
        model.model_validate(row["parameters"]["parameters"])
        (schedule,) = row["schedules"]
        assert schedule["timezone"] == "{{ prefect.variables.minicoil_timezone }}"


def test_only_what_the_publisher_left_undone_starts_a_reencoding():
    (trigger,) = [trigger for row in rows() for trigger in row.get("triggers", [])]
    assert trigger["expect"] == ["minicoil.model.published"] and trigger["match"]["minicoil.reencoding"] == "due"


@pytest.fixture(scope="module")
def set_up_twice():
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=270):
        first = asyncio.run(set_up(["production", "staging", "production"]))
        second = asyncio.run(set_up(["production"]))
        yield first, second, asyncio.run(what_stands())


async def what_stands():
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        limits = await client.read_global_concurrency_limits(limit=10, offset=0)
        automations = await client.read_automations()
        pools = await client.read_work_pools()
    return {limit.name: limit.limit for limit in limits}, [a.name for a in automations], [p.name for p in pools]


def test_setting_up_twice_makes_everything_once(set_up_twice):
    first, second, (limits, automations, pools) = set_up_twice
    assert first.limits == ["channel-production", "channel-staging"]
    assert second.automations == first.automations
    assert limits == {"channel-production": 1, "channel-staging": 1}
    assert sorted(automations) == sorted(first.automations) and pools == ["minicoil"]


def test_a_server_that_does_not_answer_is_named(monkeypatch):
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    nowhere = {PREFECT_API_URL: "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(nowhere), pytest.raises(SetUpError, match="http://127.0.0.1:9/api does not answer"):
        asyncio.run(set_up(["production"]))
