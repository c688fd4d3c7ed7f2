"""Services that take a request and stay silent are told as slow, with the setting that gives them more time."""

import socket
import threading

import pytest

from minicoil.errors import EngineUnavailableError, StoreUnavailableError
from tasks.place import Place
from tasks.qdrant import open_points, server_calls
from tasks.settings import Settings
from tasks.store.opening import open_store


@pytest.fixture
def silent():
    """Address of a listener that takes whatever comes and never answers."""
    held = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hold():
            while True:
                try:
                    held.append(listener.accept()[0])
                except OSError:  # closed
                    return

        thread = threading.Thread(target=hold, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    for connection in held:
        connection.close()


def test_a_silent_qdrant_is_slow(silent, tmp_path, monkeypatch):
    monkeypatch.setattr(server_calls, "TRIES", 1)
    slow = "did not answer in time .ReadTimeout.; .* give it more time .MINICOIL_QDRANT_TIMEOUT_SECONDS"
    with open_points(tmp_path, silent, timeout_seconds=1) as points, pytest.raises(EngineUnavailableError, match=slow):
        points.names()


def test_the_time_that_the_environment_gives_is_what_the_client_takes(silent, tmp_path, monkeypatch):
    monkeypatch.setattr(server_calls, "TRIES", 1)
    monkeypatch.setenv("MINICOIL_QDRANT_TIMEOUT_SECONDS", "1")
    with (
        Place.at(tmp_path, qdrant_url=silent).points() as points,
        pytest.raises(EngineUnavailableError, match="did not answer in time"),
    ):
        points.names()


def test_a_silent_store_is_slow(silent):
    settings = Settings(
        s3_endpoint_url=silent, s3_access_key_id="key", s3_secret_access_key="secret", s3_timeout_seconds=1
    )
    slow = "s3://bucket/models/a: the store did not answer in time .*MINICOIL_S3_TIMEOUT_SECONDS"
    with pytest.raises(StoreUnavailableError, match=slow):
        open_store("s3://bucket/models", settings).read("a")
