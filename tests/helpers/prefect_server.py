"""A real Prefect server on loopback, set up as `minicoil serve` sets its own up, without worker or deployments."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from deployments.serving import Service

START_SECONDS = 120.0


class PrefectServer:
    """Starts at once and runs until closed.

    Attributes:
        url: Without the "/api" that its clients are told.
    """

    def __init__(self, folder: Path, limits: tuple[str, ...]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._service = Service(folder, port=port)
        self.url = self._service.url
        (folder / "prefect").mkdir(parents=True)
        command = [sys.executable, "-m", "prefect", "--no-prompt", "server", "start", "--host", "127.0.0.1"]
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
        environment = {**clean, **self._service.environment(), "PREFECT_SERVER_LOGGING_LEVEL": "WARNING"}
        self._log = folder / "server.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(port)], stdout=log, stderr=log, env=environment, start_new_session=True
            )
        self._limits = limits

    def wait(self) -> None:
        """Until it answers; then it has its limits."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            assert self._process.poll() is None, self._log.read_text()[-3000:]
            try:
                if httpx.get(f"{self.url}/api/health", timeout=5).is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.2)
        else:
            raise AssertionError(f"no server after {START_SECONDS} s: {self._log.read_text()[-3000:]}")
        for name in self._limits:
            self.post("/v2/concurrency_limits/", {"name": name, "limit": 1, "active": True})

    def get(self, path: str) -> Any:
        return self._send("GET", path).json()

    def post(self, path: str, body: Any) -> Any:
        return self._send("POST", path, json=body).json()

    def delete(self, path: str) -> None:
        self._send("DELETE", path)

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        """As Prefect's own client: 503 says that another writer had the database, and to ask again."""
        for _ in range(20):
            answer = httpx.request(method, f"{self.url}/api{path}", timeout=60, **content)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(0.5)
        return answer.raise_for_status()

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
