"""The whole service on one machine: Prefect's server and UI, a worker, limits, deployments and reaping, under one home.

Everything that runs is a child of this process and goes with it: on Ctrl-C, on SIGTERM, and, because the kernel tells
the children, when it is killed. Nothing here may import Prefect before `serve` has set its environment: it reads its
settings once.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from deployments.children import Child, end_leftovers
from deployments.listening import Answers, answering
from deployments.probes import ServiceState
from flows.orchestration import SERVED_SETTINGS, SERVICE_LOCK, ignore_working_folder, this_machine
from flows.upkeep import CORPUS_VARIABLE
from minicoil.errors import BusyError, MiniCoilError, UsageError
from minicoil.files import parse_json, write_json
from tasks.disk import HeldError, lock_file, say_holder

logger = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"
HEARTBEAT_SECONDS = 30  # of every run; the shortest that Prefect allows
STALE_SECONDS = 180.0  # six of them missed: a run that swaps or holds the interpreter's lock may miss some
READY_SECONDS = 600.0  # a fresh database on a slow disk; only patience: one that ended is noticed
_ANSWER_SECONDS = 10.0  # of a health check while a database is being made
LOCK_SECONDS = 1.0  # a command that looks whether somebody serves holds the lock for a moment
LOOK_SECONDS = 1.0
REAP_EVERY_SECONDS = 60.0
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Service:
    """Where one machine's service lives and listens.

    Attributes:
        home: Absolute folder of everything: database, leases, logs, and the flows' own state.
        store, qdrant_url: For the flows; None means inside `home`.
        corpus: SPEC of the nightly and weekly runs; None: the one of before, if there was any; "" switches them off.
        time_zone: In which schedules are meant; None: the one of before, else UTC.
        channels: Beside those that were ever moved.
        run_limit: Runs at a time; more than one channel or long indexing is what more than one is for.
        health_port: Where `/health` and `/ready` are answered, on `host`; None for nowhere.
        metrics_port: Where `/metrics` is answered, on `host`, which may be the same; None: nothing is counted.
    """

    home: Path
    host: str = LOOPBACK
    port: int = 4200
    store: str | None = None
    qdrant_url: str | None = None
    corpus: str | None = None
    time_zone: str | None = None
    channels: tuple[str, ...] = ()
    run_limit: int = 4
    health_port: int | None = None
    metrics_port: int | None = None

    @property
    def url(self) -> str:
        """What a browser on this machine opens."""
        host = LOOPBACK if self.host in ("0.0.0.0", "::") else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def environment(self) -> dict[str, str]:
        """For server, worker and runs."""
        home = self.home / "prefect"
        chosen = {
            "PREFECT_HOME": str(home),
            "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),  # a person's own profile must not reach in here
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_UI_URL": self.url,
            "PREFECT_SERVER_UI_API_URL": f"{self.url}/api",
            "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
            # several runs write at once; SQLite makes them wait for each other rather than fail
            "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
            # leases in memory are forgotten by a restart, and their slots are then held for ever
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
            "PREFECT_SERVER_CONCURRENCY_MAXIMUM_CONCURRENCY_SLOT_WAIT_SECONDS": "5",
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
            "PREFECT_WORKER_QUERY_SECONDS": "5",
            "PREFECT_CLIENT_MAX_RETRIES": "10",  # a server that restarts in the middle of a run
            **SERVED_SETTINGS,
            "PREFECT_CLI_PROMPT": "false",
            "MINICOIL_HOME": str(self.home),
        }
        addresses = {"MINICOIL_STORE": self.store, "MINICOIL_QDRANT_URL": self.qdrant_url}
        if not _may_write_beside_prefect():
            chosen["PREFECT_SERVER_UI_STATIC_DIRECTORY"] = str(home / "ui")
        return {**os.environ, **chosen, **{key: value for key, value in addresses.items() if value}}


def _may_write_beside_prefect() -> bool:
    """Whether Prefect's server can copy its pages where it does by default; else there would be no UI."""
    found = importlib.util.find_spec("prefect")
    return found is not None and found.origin is not None and os.access(Path(found.origin).parent / "server", os.W_OK)


def serve(service: Service, tell: Tell, as_json: bool = False) -> None:
    """Run until told to stop.

    Raises:
        BusyError: another service runs on this home.
        UsageError: the port is taken.
        MiniCoilError: the server did not come up; the message ends with what it said.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    started = time.monotonic()
    state = ServiceState(f"{service.url}/api")
    with _service_lock(service.home) as say_address, _answering(service, state):
        _check_port(service)
        environment = service.environment()
        os.environ.update(environment)
        ignore_working_folder()
        (service.home / "prefect").mkdir(parents=True, exist_ok=True)
        end_leftovers(service.home)
        children = _children(service, environment)
        server, worker = children
        try:
            tell("starting the server ...")
            server.start()
            _wait_ready(service, server, stop)
            has_corpus = False
            if not stop.is_set():
                tell("registering work pool, limits, deployments ...")
                has_corpus = _set_up(service, worker)
            if not stop.is_set():
                say_address(f"{service.url}/api")
                state.serving(children)
                _say_ready(service, has_corpus, time.monotonic() - started, tell, as_json)
                _watch(children, stop, tell, state)
        finally:
            state.stopping()
            say_address(None)
            tell("stopping ...")
            worker.stop()  # first, so that its runs can still say how they ended
            end_leftovers(service.home)
            server.stop()
    tell("stopped")


def _children(service: Service, environment: dict[str, str]) -> tuple[Child, Child]:
    logs = service.home / "prefect"
    server = ["server", "start", "--host", service.host, "--port", str(service.port)]
    name = f"minicoil-{socket.gethostname()}"
    worker = ["worker", "start", "--pool", "minicoil", "--type", "process", "--name", name]
    worker += ["--limit", str(service.run_limit)]
    # both read settings of the folder they run in, which may be another project's: the server, whose own processes do
    # so as well, has a folder of its own; the worker runs where its operator's relative paths mean what they say
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    blind = [sys.executable, "-m", "deployments.prefect_process", "--no-prompt"]
    counts: dict[str, str] = {}
    if service.metrics_port is not None:
        from deployments.metrics import counting_environment

        counts = counting_environment(service.home)
    return (
        Child("server", [*prefect, *server], environment, logs / "server.log", logs),
        Child("worker", [*blind, *worker], {**environment, **counts}, logs / "worker.log"),
    )


@contextmanager
def _answering(service: Service, state: ServiceState) -> Iterator[None]:
    """Answer what was asked for: probes, metrics, or both at one port."""
    ports: dict[int, Answers] = {}
    if service.health_port is not None:
        ports[service.health_port] = state.answers()
    if service.metrics_port is not None:
        from deployments.metrics import look_at, metric_answers

        look = look_at(service.home, service.store, service.qdrant_url)
        port = service.metrics_port
        ports[port] = {**ports.get(port, {}), **metric_answers(service.home, look)}
    with ExitStack() as stack:
        for port, answers in ports.items():
            option = "--health-port" if port == service.health_port else "--metrics-port"
            stack.enter_context(answering(answers, service.host, port, option))
        yield


@contextmanager
def _service_lock(home: Path) -> Iterator[Callable[[str | None], None]]:
    """Hold the home's service; gives a function that tells commands on this home where it listens, None for nowhere."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(lock_file(home / SERVICE_LOCK, patience_seconds=LOCK_SECONDS))
        except HeldError as error:
            raise BusyError(
                f"{home} is served already ({_holder(error.said)}); use that one, stop it, or give another --home"
            ) from error

        def say(address: str | None) -> None:
            facts = {"process": os.getpid(), "machine": this_machine(), **({"api": address} if address else {})}
            say_holder(file, write_json(facts))

        say(None)
        yield say


def _holder(text: str) -> str:
    try:
        return f"process {parse_json(text)['process']}"
    except (ValueError, KeyError, TypeError):
        return f"process {text.strip()}" if text.strip().isdigit() else "another process"


def _check_port(service: Service) -> None:
    family = socket.AF_INET6 if ":" in service.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((service.host, service.port))
        except OSError as error:
            raise UsageError(
                f"cannot listen on {service.host}:{service.port} ({error.strerror}); give another --port or --host"
            ) from error


def _wait_ready(service: Service, server: Child, stop: threading.Event) -> None:
    import deployments.setting_up  # noqa: F401  takes seconds, which the server needs anyway

    until = time.monotonic() + READY_SECONDS
    while not stop.is_set():
        try:
            if httpx.get(f"{service.url}/api/health", timeout=_ANSWER_SECONDS).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass  # not listening yet, or too busy to answer
        if server.has_ended():
            raise MiniCoilError(f"the Prefect server did not start; {server.log} ends with:\n{server.last_words()}")
        if time.monotonic() > until:
            raise MiniCoilError(
                f"the Prefect server was not ready after {READY_SECONDS:.0f} s; the machine or its disk is slow or "
                f"busy: serve again when it is not. {server.log} ends with:\n{server.last_words()}"
            )
        stop.wait(0.3)


def _set_up(service: Service, worker: Child) -> bool:
    """Everything but the server itself; whether the nightly and weekly runs have a corpus."""
    from deployments.setting_up import known_channels, register_deployments, set_up
    from deployments.variables import Shared
    from tasks.place import Place

    channels = known_channels(Place.at(service.home, service.store).objects(), service.channels)
    shared = Shared(service.corpus, service.time_zone, reap=False)
    standing = asyncio.run(set_up(channels, shared))
    worker.start()  # its own start takes as long as registering does
    register_deployments(standing)
    return bool(asyncio.run(set_up(channels, shared)).variables[CORPUS_VARIABLE])


def _say_ready(service: Service, has_corpus: bool, seconds: float, tell: Tell, as_json: bool) -> None:
    if as_json:
        ready = {
            "ui": service.url,
            "api": f"{service.url}/api",
            "home": str(service.home),
            "seconds": round(seconds, 1),
        }
        sys.stdout.write(write_json(ready) + "\n")
        sys.stdout.flush()
    tell(f"ready after {seconds:.0f} s: {service.url}   (every flow has a form under Deployments)")
    if service.host not in (LOOPBACK, "localhost", "::1"):
        tell("this address can be reached from other machines, and whoever reaches it can run flows")
    if not has_corpus:
        tell("nightly and weekly runs are off: no --corpus was given")
    tell(f"from a shell: PREFECT_API_URL={service.url}/api minicoil extend ...   Ctrl-C stops everything")


def _watch(children: Sequence[Child], stop: threading.Event, tell: Tell, state: ServiceState) -> None:
    """Start again what died, and reap, until told to stop."""
    from flows.upkeep import reap

    next_reaping = time.monotonic()
    while not stop.wait(LOOK_SECONDS):
        state.look()
        for child in children:
            if child.has_ended():
                tell(f"the {child.name} ended (its log: {child.log}); starting it again")
                child.restart(stop)
        if time.monotonic() >= next_reaping:
            next_reaping = time.monotonic() + REAP_EVERY_SECONDS
            try:
                for found in asyncio.run(reap(STALE_SECONDS)):
                    tell(f"run {found.run} was dead and is marked as crashed: {found.reason}")
            except httpx.HTTPError as error:  # the server is being started again; the next look finds what is dead
                logger.warning("could not look for dead runs: %s", error)
