"""Prefect's server of this process alone: started in its own folder, waited for with patience, missed when it ends."""

from __future__ import annotations

import atexit
import contextlib
import os
import time
from typing import Any

import httpx

from flows import screen
from minicoil.errors import StoreUnavailableError

PATIENCE = "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"
_PORT_TAKEN = 3  # exit status of uvicorn
_PORTS_TRIED = 10
_SAY_AFTER_SECONDS = 30.0  # a usual start takes 3 to 10
_LOOK_SECONDS = 0.1


def start_own_server(say_after: float = _SAY_AFTER_SECONDS) -> None:
    """Start the server of this process if it has none yet and no other is named.

    Prefect would start it by itself; here it does not see files of the working folder, which may be another project's,
    and a server that ended is not waited for.

    Raises:
        StoreUnavailableError: it ended, or it was not ready in time; the message says which.
    """
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    server: Any = SubprocessASGIServer()
    if settings.api.url or server.running:
        return
    patience = float(settings.server.ephemeral.startup_timeout_seconds)
    begun, is_said = time.monotonic(), False
    atexit.register(server.stop)
    n_tried = _launch(server, settings.home)
    with httpx.Client(timeout=patience) as client:
        while not _answers(client, f"{server.api_url}/health"):
            waited, status = time.monotonic() - begun, server.server_process.poll()
            if status == _PORT_TAKEN and n_tried < _PORTS_TRIED:
                n_tried += _launch(server, settings.home)
            elif status is not None:
                raise StoreUnavailableError(
                    f"Prefect's server of this home ended with status {status} before it was ready; what it said "
                    f"stands above. Its database lies in {settings.home}: is there space, and may you write there?"
                )
            elif waited > patience:
                server.stop()
                raise StoreUnavailableError(
                    f"Prefect's server of this home was not ready after {waited:.0f} s; the machine or its disk is "
                    f"slow or busy: run this again when it is not, or set {PATIENCE} above {patience:.0f}"
                )
            elif waited > say_after and not is_said:
                is_said = True
                screen.tell(f"Prefect's server is slow to start on this machine; waiting up to {patience:.0f} s ...")
            time.sleep(_LOOK_SECONDS)
    server.running = True  # Prefect's own clients take it from here


def _launch(server: Any, folder: os.PathLike[str]) -> int:
    server.port = server.find_available_port()
    with contextlib.chdir(folder):  # it reads settings in the folder that it is started in
        server.server_process = server._run_uvicorn_command()
    return 1


def _answers(client: httpx.Client, address: str) -> bool:
    try:
        return client.get(address).is_success
    except httpx.TransportError:
        return False  # not listening yet, or too slow to answer
