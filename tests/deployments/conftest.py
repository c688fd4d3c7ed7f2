"""One real service on loopback for all slow tests: server, UI, worker, as `minicoil serve` starts them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from deployments.children import _marked
from tasks.place import Place

ROOT = Path(__file__).parents[2]
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass
class Served:
    """A running service, reached as the UI reaches it."""

    home: Path
    url: str
    seconds: float
    process: subprocess.Popen = field(repr=False)

    @property
    def api(self) -> str:
        return f"{self.url}/api"

    @property
    def place(self) -> Place:
        return Place.at(self.home)

    def get(self, path: str) -> Any:
        return self._send("GET", path).raise_for_status().json()

    def post(self, path: str, body: Any) -> httpx.Response:
        return self._send("POST", path, json=body)

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        """As Prefect's own client: 503 says that another writer had the database, and to ask again."""
        for _ in range(20):
            answer = httpx.request(method, f"{self.api}{path}", timeout=60, **content)
            if answer.status_code != 503:
                return answer
            time.sleep(0.5)
        return answer

    def patch(self, path: str, body: Any) -> None:
        self._send("PATCH", path, json=body).raise_for_status()

    def deployment(self, name: str) -> Any:
        return self.get(f"/deployments/name/{name}")

    def ask(self, name: str, at: datetime | None = None, **parameters: Any) -> httpx.Response:
        """What the UI's Run button sends: now, or at a time to come."""
        state = {"type": "SCHEDULED", **({"state_details": {"scheduled_time": at.isoformat()}} if at else {})}
        body = {"parameters": {"parameters": parameters}, "state": state}
        return self.post(f"/deployments/{self.deployment(name)['id']}/create_flow_run", body)

    def start(self, name: str, at: datetime | None = None, **parameters: Any) -> str:
        answer = self.ask(name, at, **parameters)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def run_of(self, run: str) -> Any:
        return self.get(f"/flow_runs/{run}")

    def wait(self, run: str, states: tuple[str, ...] = FINAL, seconds: float = 280) -> Any:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                found = self.run_of(run)
            except (httpx.TransportError, httpx.HTTPStatusError):  # the server is being started again
                found = {"state_type": None, "state": None}
            if found["state_type"] in states:
                return found
            time.sleep(0.3)
        raise AssertionError(f"run {run} is {found['state']} after {seconds} s")

    def finish(self, name: str, **parameters: Any) -> str:
        run = self.start(name, **parameters)
        found = self.wait(run)
        assert found["state_type"] == "COMPLETED", found["state"]
        return run

    def artifacts(self, run: str) -> dict[str, Any]:
        rows = self.post("/artifacts/filter", {"flow_runs": {"id": {"any_": [run]}}}).json()
        return {row["key"]: row["data"] for row in rows}

    def runs_of(self, name: str) -> list[Any]:
        body = {"deployments": {"id": {"any_": [self.deployment(name)["id"]]}}}
        return self.post("/flow_runs/filter", body).json()

    def processes(self, words: str) -> list[int]:
        """Numbers of this service's processes whose command line has `words`."""
        found = []
        for process in _marked(self.home):
            with suppress(psutil.Error):
                if words in " ".join(process.cmdline()):
                    found.append(process.pid)
        return found

    def reap(self, stale: float, pending: float) -> list[Any]:
        """Reap as another process of the service would."""
        code = (
            "import asyncio, json; from flows.upkeep.reaping import reap; "
            f"print(json.dumps([row.row() for row in asyncio.run(reap({stale}, {pending}))]))"
        )
        environment = {**os.environ, "PREFECT_API_URL": self.api, "PREFECT_LOGGING_LEVEL": "CRITICAL"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout.splitlines()[-1])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_service(home: Path, *options: str) -> Served:
    port = free_port()
    command = [sys.executable, "-m", "flows.cli", "serve", "--home", str(home), "--port", str(port), "--json", *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment["MINICOIL_READ_SHARDS"] = "2"  # of a corpus of several pieces; one of a single piece is read as ever
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / "serve.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, env=environment, text=True)
    line = process.stdout.readline()
    assert line, (home.parent / "serve.log").read_text()
    ready = json.loads(line)
    return Served(home, ready["ui"], ready["seconds"], process)


def stop_service(served: Served) -> int:
    served.process.send_signal(signal.SIGTERM)
    served.process.stdout.close()
    return served.process.wait(60)


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    service = start_service(tmp_path_factory.mktemp("service") / "home")
    yield service
    if service.process.poll() is None:
        stop_service(service)
