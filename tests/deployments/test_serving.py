"""What a service gives its server, worker and runs to know, and what it answers beside."""

import os
import threading

import httpx
import pytest

from deployments.probes import ServiceState
from deployments.serving import Service, _answering, _children
from minicoil.errors import UsageError
from tasks.metrics import FOLDER_VARIABLE
from tests.deployments.conftest import free_port


@pytest.mark.parametrize("may_write", [True, False])
def test_the_ui_is_copied_into_the_home_only_where_prefect_s_own_folder_is_closed(tmp_path, monkeypatch, may_write):
    monkeypatch.delenv("PREFECT_SERVER_UI_STATIC_DIRECTORY", raising=False)
    monkeypatch.setattr(os, "access", lambda path, mode: may_write)
    chosen = Service(tmp_path).environment().get("PREFECT_SERVER_UI_STATIC_DIRECTORY")
    assert chosen == (None if may_write else str(tmp_path / "prefect" / "ui"))


def test_nothing_listens_and_nothing_is_counted_unless_asked(tmp_path, monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    service, before = Service(tmp_path), threading.active_count()
    with _answering(service, ServiceState("http://127.0.0.1:9/api")):
        assert threading.active_count() == before
    assert not [child for child in _children(service, service.environment()) if FOLDER_VARIABLE in child.environment]
    assert list(tmp_path.iterdir()) == []


def test_the_worker_counts_into_the_home_and_prefect_s_server_does_not(tmp_path, monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    service = Service(tmp_path, metrics_port=free_port())
    server, worker = _children(service, service.environment())
    assert worker.environment[FOLDER_VARIABLE] == str(tmp_path / "metrics")
    assert (tmp_path / "metrics").is_dir() and FOLDER_VARIABLE not in server.environment


@pytest.mark.parametrize("is_one", [True, False])
def test_probes_and_metrics_have_a_port_each_or_one_for_both(tmp_path, is_one):
    health = free_port()
    metrics = health if is_one else free_port()
    service = Service(tmp_path, health_port=health, metrics_port=metrics)
    with _answering(service, ServiceState("http://127.0.0.1:9/api")):
        for path, port, other in (("/health", health, metrics), ("/metrics", metrics, health)):
            assert httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60).status_code == 200
            assert is_one or httpx.get(f"http://127.0.0.1:{other}{path}", timeout=60).status_code == 404
        with (
            pytest.raises(UsageError, match="--metrics-port"),
            _answering(Service(tmp_path, metrics_port=metrics), None),
        ):
            pass
