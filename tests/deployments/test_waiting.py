"""The service waits for a slow server, and tells one that is slow from one that ended."""

import threading
from pathlib import Path

import pytest

from deployments import serving
from deployments.children import Child
from deployments.serving import Service
from minicoil.errors import MiniCoilError


def wait(tmp_path, command):
    server = Child("server", command, {"MINICOIL_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, tmp_path / "log")
    server.start()
    try:
        serving._wait_ready(Service(tmp_path, port=9), server, threading.Event())
    finally:
        server.stop()


def test_a_server_that_is_not_ready_in_time_is_slow(tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "READY_SECONDS", 1.0)
    with pytest.raises(MiniCoilError, match=r"not ready after 1 s; the machine or its disk is slow .*serve again"):
        wait(tmp_path, ["sleep", "60"])


def test_a_server_that_ended_is_not_waited_for_and_its_last_words_are_shown(tmp_path):
    with pytest.raises(MiniCoilError, match="did not start; .* ends with:\nno database"):
        wait(tmp_path, ["sh", "-c", "echo no database; exit 1"])


def test_a_server_that_has_a_folder_of_its_own_runs_there(tmp_path):
    folder = tmp_path / "prefect"
    folder.mkdir()
    environment = {"MINICOIL_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    server, worker = serving._children(Service(tmp_path), environment)
    assert (server.folder, worker.folder) == (folder, None)
    assert "deployments.prefect_process" in worker.command
    child = Child("server", ["pwd"], environment, tmp_path / "log", server.folder)
    child.start()
    child._process.wait(30)
    assert Path(child.last_words().strip()).resolve() == folder.resolve()
