"""Probes of a service, over HTTP: alive from the start, ready only while a run that is asked for would begin."""

import http.server
import os
import signal
import socket
import sys
import threading
import time

import httpx
import pytest

from deployments.children import Child
from deployments.listening import answering
from deployments.probes import STUCK_SECONDS, ServiceState
from tests.deployments.conftest import free_port, start_service, stop_service


@pytest.fixture
def api():
    """A server that answers `/api/ready` with the status it holds; Prefect's says 503 where its database is away."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(server.status if self.path == "/api/ready" else 404)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.status = 200
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def child(tmp_path):
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    child = Child("worker", command, {**os.environ, "MINICOIL_HOME": str(tmp_path)}, tmp_path / "worker.log")
    child.start()
    yield child
    child.stop()


def ask(port, path):
    answer = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60)
    return answer.status_code, answer.json()


def test_ready_is_said_only_while_runs_would_begin(api, child):
    state = ServiceState(f"http://127.0.0.1:{api.server_address[1]}/api")
    with answering(state.answers(), "127.0.0.1", 0, "--health-port") as port:
        assert ask(port, "/health") == (200, {"alive": True})
        assert ask(port, "/ready") == (503, {"ready": False, "reason": "the service is starting or stopping"})
        state.serving([child])
        assert ask(port, "/ready") == (200, {"ready": True})
        api.status = 503
        status, said = ask(port, "/ready")
        assert status == 503 and "status 503" in said["reason"]
        api.status = 200
        child.stop()
        status, said = ask(port, "/ready")
        assert status == 503 and said["reason"].startswith("the worker ended") and ask(port, "/health")[0] == 200
        child.start()
        assert ask(port, "/ready") == (200, {"ready": True})
        state.stopping()
        assert ask(port, "/ready")[0] == 503
        assert ask(port, "/nothing")[0] == 404


def test_a_server_that_does_not_answer_is_named(child):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and never listens
        state = ServiceState(f"http://127.0.0.1:{closed.getsockname()[1]}/api")
        state.serving([child])
        assert state.readiness() == {"ready": False, "reason": "the server does not answer (ConnectError)"}


def test_a_watch_that_is_stuck_is_what_another_start_would_help(child):
    now = [0.0]
    state = ServiceState("http://127.0.0.1:9/api", lambda: now[0])
    now[0] = 10 * STUCK_SECONDS
    assert state.health() == {"alive": True}  # starting takes as long as it takes
    state.serving([child])
    now[0] += STUCK_SECONDS - 1
    assert state.health()["alive"]
    now[0] += 2
    assert not state.health()["alive"]
    state.look()
    assert state.health()["alive"]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_service_whose_worker_dies_is_not_ready_until_it_has_another(tmp_path):
    port = free_port()
    service = start_service(tmp_path / "home", "--health-port", str(port))
    try:
        assert ask(port, "/ready") == (200, {"ready": True})
        (worker,) = service.processes("deployments.prefect_process")
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: ask(port, "/ready")[0] == 503)
        assert ask(port, "/health") == (200, {"alive": True})
        wait_until(lambda: ask(port, "/ready")[0] == 200)
    finally:
        assert stop_service(service) == 0


def wait_until(holds):
    until = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)
