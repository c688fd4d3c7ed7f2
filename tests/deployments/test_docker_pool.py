"""One run on a docker pool, executed: the worker starts a container of the image, which indexes and ends.

Skipped, with the reason, where Docker, the image or the worker's package is missing:

    docker build -f deployments/Dockerfile -t minicoil-service:0.1.0 .
    pip install prefect-docker==0.7.4
    pytest -m slow -rs tests/deployments/test_docker_pool.py
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest
from prefect_server import PrefectServer
from qdrant_double import QdrantDouble

from deployments.pools import Pool, deployments_on

ROOT = Path(__file__).parents[2]
IMAGE = deployments_on(Pool("containers", "docker"), "docker")["deployments"][0]["work_pool"]["job_variables"]["image"]
TEXTS = ["A pool of workers takes tasks from a queue.", "The pool is heated.", "Workers went on strike."]
KEYS = {"MINICOIL_S3_ACCESS_KEY_ID": "key", "MINICOIL_S3_SECRET_ACCESS_KEY": "secret"}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.filterwarnings("ignore")]


def missing() -> str | None:
    """What of all that the test needs is not here; None where it can run."""
    if importlib.util.find_spec("prefect_docker") is None:
        return "prefect-docker is not installed: pip install prefect-docker==0.7.4"
    if shutil.which("docker") is None:
        return "there is no docker command here"
    if _docker("info").returncode:
        return f"no docker engine answers: {_docker('info').stderr.strip()[-200:]}"
    if _docker("image", "inspect", IMAGE).returncode:
        return f"image {IMAGE} is not here: docker build -f deployments/Dockerfile -t {IMAGE} ."
    return None


def _docker(*command):
    return subprocess.run(["docker", *command], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def server(tmp_path):
    if reason := missing():
        pytest.skip(reason)
    server = PrefectServer(tmp_path / "server", ())
    try:
        server.wait()
        yield server
    finally:
        server.close()


def run(server, environment, *command):
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MINICOIL_"))}
    ours |= {"PREFECT_API_URL": f"{server.url}/api", "PREFECT_PROFILES_PATH": os.devnull, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", *command]
    done = subprocess.run(
        command, cwd=ROOT, env={**ours, **environment}, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_run_is_executed_in_a_container_of_the_image(server, s3_address, make_bucket, tmp_path):
    bucket = make_bucket(s3_address)
    body = "\n".join(json.dumps({"_id": str(i), "text": text}) for i, text in enumerate(TEXTS)).encode()
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    client = boto3.client("s3", endpoint_url=s3_address, region_name="us-east-1", **keys)
    client.put_object(Bucket=bucket, Key="texts/docs.jsonl", Body=body)
    with QdrantDouble() as qdrant:
        where = {"MINICOIL_STORE": f"s3://{bucket}/store", "MINICOIL_QDRANT_URL": qdrant.url}
        where["MINICOIL_S3_ENDPOINT_URL"] = s3_address
        pool = ("--pool", "containers", "--pool-type", "docker")
        run(server, {**where, **KEYS}, "flows.cli", "deploy", "--home", str(tmp_path), *pool)
        deployment = server.get("/deployments/name/index-collection/on-demand")
        # the host's network, on which server, store and Qdrant listen here; addresses come from the work pool
        variables = {"env": {**deployment["job_variables"]["env"], **KEYS}, "network_mode": "host"}
        asked = {"collection": "docs", "corpus": [f"s3://{bucket}/texts/docs.jsonl"]}
        begun = {"parameters": {"parameters": asked}, "job_variables": variables, "state": {"type": "SCHEDULED"}}
        flow_run = server.post(f"/deployments/{deployment['id']}/create_flow_run", begun)["id"]
        worker = ("worker", "start", *pool[:2], "--type", "docker", "--install-policy", "never", "--run-once")
        said = run(server, {}, "deployments.prefect_process", "--no-prompt", *worker)
        until = time.monotonic() + 60  # its last word may come after the worker's
        while (found := server.get(f"/flow_runs/{flow_run}"))["state_type"] in ("PENDING", "RUNNING"):
            assert time.monotonic() < until, said
            time.sleep(0.5)
        assert found["state_type"] == "COMPLETED", f"{found['state']}\n{said}"
        assert "docs" in qdrant.collections
    assert client.list_objects_v2(Bucket=bucket, Prefix="store/collections/docs.json")["KeyCount"] == 1
