"""Deployments as they stand on a real server: however they were registered, on whatever pool, at their hours."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prefect_server import PrefectServer

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.filterwarnings("ignore")]
# of one registration, and of the server's clock
PASSING = {
    "id",
    "created",
    "updated",
    "status",
    "last_polled",
    "flow_id",
    "deployment_id",
    "version_id",
    "version_info",
}
PASSING |= {"created_by", "updated_by", "work_queue_id", "concurrency_limit_id", "global_concurrency_limit", "next_run"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = PrefectServer(tmp_path_factory.mktemp("server"), ())
    try:
        server.wait()
        yield server
    finally:
        server.close()


def run(server, *command):
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MINICOIL_"))}
    environment = {**ours, "PREFECT_API_URL": f"{server.url}/api", "PREFECT_PROFILES_PATH": os.devnull}
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-m", *command]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)


def minicoil_deploy(server, home, *options):
    done = run(server, "flows.cli", "deploy", "--home", str(home), *options)
    assert done.returncode == 0, done.stdout + done.stderr


def prefect_deploy(server, path):
    done = run(server, "deployments.prefect_process", "--no-prompt", "deploy", "--all", "--prefect-file", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def deployments(server):
    rows = server.post("/deployments/filter", {"limit": 200})
    flows = {row["id"]: row["name"] for row in server.post("/flows/filter", {"limit": 200})}
    return {f"{flows[row['flow_id']]}/{row['name']}": row for row in rows}


def standing(server):
    """Everything about the deployments that somebody chose."""
    return {name: _chosen(row) for name, row in deployments(server).items()}


def _chosen(value):
    if isinstance(value, dict):
        return {key: _chosen(entry) for key, entry in value.items() if key not in PASSING}
    return [_chosen(entry) for entry in value] if isinstance(value, list) else value


def test_both_ways_make_the_same_deployments(server, tmp_path):
    minicoil_deploy(server, tmp_path, "--corpus", "pydocs:networkx", "--timezone", "Europe/Berlin")
    ours = standing(server)
    triggers = {row["name"] for row in server.post("/automations/filter", {})}
    for row in deployments(server).values():
        server.delete(f"/deployments/{row['id']}")
    assert standing(server) == {}

    prefect_deploy(server, ROOT / "deployments" / "prefect.yaml")
    assert standing(server) == ours and len(ours) == 24
    assert {row["name"] for row in server.post("/automations/filter", {})} == triggers

    nightly = ours["extend-vocabulary/nightly"]
    assert nightly["parameters"]["parameters"]["corpus"] == ["var:minicoil_corpus"]
    assert server.get("/variables/name/minicoil_corpus")["value"] == ["pydocs:networkx"]
    (schedule,) = nightly["schedules"]
    assert schedule["active"] and schedule["schedule"]["timezone"] == "Europe/Berlin"
    assert ours["extend-vocabulary/on-demand"]["work_pool_name"] == "minicoil"


def test_what_was_chosen_stays_chosen_until_it_is_chosen_otherwise(server, tmp_path):
    before = standing(server)
    minicoil_deploy(server, tmp_path)
    assert standing(server) == before
    minicoil_deploy(server, tmp_path, "--corpus", "")
    off = standing(server)
    assert [name for name in off if off[name] != before[name]] == [
        name for name in off if name in {"extend-vocabulary/nightly", "retrain-words/weekly"} or "sweep" in name
    ]
    assert not off["retrain-words/weekly"]["schedules"][0]["active"]


def test_runs_are_planned_ahead_and_none_for_the_past(server):
    """What the runbook says of runs that were missed: a server plans from now on; what it planned, a worker gets late."""
    hourly = deployments(server)["show-status/hourly"]["id"]
    scheduled = {"state": {"type": {"any_": ["SCHEDULED"]}}}
    wanted = {"deployments": {"id": {"any_": [hourly]}}, "flow_runs": scheduled}
    until = time.monotonic() + 300
    while not (planned := server.post("/flow_runs/filter", wanted)):
        assert time.monotonic() < until, "nothing was planned"
        time.sleep(1)
    now = datetime.now(UTC)
    assert len(planned) >= 3
    assert all(datetime.fromisoformat(row["expected_start_time"]) > now for row in planned)

    late = {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": "2026-01-01T00:00:00Z"}}}
    late_run = server.post(f"/deployments/{hourly}/create_flow_run", late)
    given = server.post("/work_pools/minicoil/get_scheduled_flow_runs", {})
    assert late_run["id"] in {row["flow_run"]["id"] for row in given}


@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_a_pool_of_containers_gets_the_same_by_both_ways(server, tmp_path, kind):
    options = ("--pool", kind, "--pool-type", kind, "--image", "registry/minicoil:9")
    minicoil_deploy(server, tmp_path, *options)
    ours = standing(server)
    one = ours["extend-vocabulary/on-demand"]
    assert one["work_pool_name"] == kind and one["job_variables"]["image"] == "registry/minicoil:9"
    assert server.get(f"/work_pools/{kind}")["type"] == kind

    path = tmp_path / "prefect.yaml"
    done = run(server, "deployments.setting_up", *options, "--write", str(path))
    assert done.returncode == 0, done.stderr
    prefect_deploy(server, path)
    assert standing(server) == ours


def test_a_pool_that_is_of_another_type_is_named(server, tmp_path):
    done = run(server, "flows.cli", "deploy", "--home", str(tmp_path), "--pool", "minicoil", "--pool-type", "docker")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "work pool 'minicoil' is of type process, expected docker; give another --pool" in done.stderr
