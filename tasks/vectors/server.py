"""The process that serves: one socket, one event loop, and signals that end it after its last answer."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

import uvicorn

from minicoil.errors import UsageError
from tasks.vectors.app import make_app
from tasks.vectors.embed_requests import Bounds
from tasks.vectors.served_model import ModelAddress
from tasks.vectors.service import VectorService

LAST_ANSWERS_SECONDS = 30  # for requests under way when told to stop; Kubernetes gives as much before it kills
KEEP_ALIVE_SECONDS = 75  # of an idle connection: longer than the 60 s of common proxies, which then never send into one


def serve_vectors(
    address: ModelAddress,
    host: str,
    port: int,
    bounds: Bounds,
    n_threads: int | None,
    say_ready: Callable[[str, dict[str, Any]], None],
) -> None:
    """Serve until SIGTERM or Ctrl-C; the requests under way are answered first.

    Args:
        address: The model's.
        host, port: Where to listen; port 0 takes any that is free.
        bounds: On what is asked.
        n_threads: Batches at once; None for a core each.
        say_ready: Told the URL and what `/ready` says, when the model is there.

    Raises:
        UsageError: the port is taken.
        MiniCoilError: the model cannot be loaded; see `minicoil.load`.
    """
    with _listen(host, port) as listener:
        url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        service = VectorService(address, bounds, n_threads)
        config = uvicorn.Config(
            make_app(service, bounds),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
        )
        server = uvicorn.Server(config)

        def loaded() -> None:
            if service.failure is not None:
                server.should_exit = True
            else:
                say_ready(url, service.describe())

        # a daemon: a release of a hundred megabytes that is being pulled must not hold up the end
        threading.Thread(target=service.load, args=(loaded,), name="load-model", daemon=True).start()
        before = _end_quietly(server)
        try:
            server.run(sockets=[listener])
        finally:
            service.stop()
            for number, handler in before.items():
                signal.signal(number, handler)
    if service.failure is not None:
        raise service.failure


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port} ({error.strerror}); give another --port or --host") from error


def _end_quietly(server: uvicorn.Server) -> dict[int, Any]:
    """Handlers from before, in place of which a signal only ends the server.

    uvicorn handles signals while it runs, and raises them again afterwards for whoever was there before: by default
    that kills the process, and a service that was told to stop and did so has not failed.
    """

    def end(*_: object) -> None:
        server.should_exit = True

    return {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
