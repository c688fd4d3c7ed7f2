"""The server of one process: waited for where the machine is slow, missed at once where it ended."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from flows.own_server import start_own_server
from minicoil.errors import StoreUnavailableError

_SLEEP = "import time; time.sleep(60)"
_SERVE = """
import http.server, sys, time
time.sleep(float(sys.argv[2]))
class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Healthy).serve_forever()
"""


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Prefect's own class, which starts what the test says instead of its server."""
    from prefect.server.api.server import SubprocessASGIServer

    monkeypatch.setattr(SubprocessASGIServer, "_instances", {})
    settings = SimpleNamespace(
        api=SimpleNamespace(url=None),
        home=tmp_path,
        server=SimpleNamespace(ephemeral=SimpleNamespace(startup_timeout_seconds=1)),
    )
    monkeypatch.setattr("prefect.settings.get_current_settings", lambda: settings)
    instance = SubprocessASGIServer()

    def starts(*codes):
        waiting = list(codes)

        def launch(self):
            code = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            return subprocess.Popen([sys.executable, "-c", code, str(self.port), "0.4"])

        monkeypatch.setattr(SubprocessASGIServer, "_run_uvicorn_command", launch)
        return settings

    yield SimpleNamespace(starts=starts, instance=instance)
    instance.stop()


def test_a_slow_server_is_waited_for_and_that_is_said_once(server, capsys):
    server.starts(_SERVE).server.ephemeral.startup_timeout_seconds = 60
    start_own_server(say_after=0.0)
    assert server.instance.running
    assert capsys.readouterr().err.count("is slow to start on this machine; waiting up to 60 s") == 1
    process = server.instance.server_process
    start_own_server()
    assert server.instance.server_process is process  # it has one already


def test_one_that_is_too_slow_is_told_with_the_setting_that_gives_it_more_time(server):
    server.starts(_SLEEP)
    with pytest.raises(
        StoreUnavailableError, match=r"not ready after \d+ s; the machine .*_STARTUP_TIMEOUT_SECONDS above 1"
    ):
        start_own_server()
    assert server.instance.server_process is None and not server.instance.running


def test_one_that_ended_is_not_waited_for(server):
    server.starts("raise SystemExit(1)").server.ephemeral.startup_timeout_seconds = 10_000
    with pytest.raises(StoreUnavailableError, match="ended with status 1 before it was ready"):
        start_own_server()


def test_a_port_that_somebody_took_is_replaced_by_another(server):
    server.starts("raise SystemExit(3)", _SERVE).server.ephemeral.startup_timeout_seconds = 60
    start_own_server()
    assert server.instance.running


def test_where_a_server_is_named_none_is_started(server):
    server.starts("raise SystemExit(1)").api.url = "http://server/api"
    start_own_server()
    assert server.instance.server_process is None
