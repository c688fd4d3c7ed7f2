"""Commands in forked children, killed on purpose: `python -m crash_server` answers a request a line.

Everything is imported once; a child is forked for each command and runs `minicoil ARGUMENTS` to its end or its kill.
Flows run there in the child alone; under the server that PREFECT_API_URL names, where there is one. A request has `home`, `arguments`, `log`, and perhaps
`environment` and `clock_offset_seconds`; `owner` false, where the command itself shall start the engine's owner; `after_seconds` or `at_step`, when the child is killed with all its threads; `with_owner`, that the engine's owner process
dies with it; `owner_at_step`, the operation at which the owner alone dies. The answer has the child's exit `status` (below
zero: killed), its `seconds`, and the `steps` it took outward.
"""

import importlib
import json
import mmap
import os
import pkgutil
import signal
import struct
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

os.environ |= {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}  # no pool to lose
os.environ |= {"PREFECT_LOGGING_LEVEL": "CRITICAL", "MINICOIL_DEVICE": "cpu"}

# With files opened for writing: what another process, or the same command run again, will find.
OUTWARD = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "shutil.rmtree", "http.client.send"}
PRELOADED = (
    "torch",
    "onnx",
    "onnxruntime",
    "fastembed",
    "transformers",
    "sentence_transformers",
    "boto3",
    "qdrant_edge",
)
RETRY_SECONDS = 0.1
OF_PREFECT = {
    "flows.orchestration.prefect_flow",
    "flows.shards.shard_runs",
    "flows.upkeep.reaping",
    "flows.reap_runs",
}  # take seconds to import
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class StepCounter:
    """Counts steps outward in memory that the server shares, and dies before the one it was told."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 8)

    @property
    def n_steps(self) -> int:
        return struct.unpack("q", self._shared[:8])[0]

    def step(self, last: int | None) -> None:
        n = self.n_steps + 1
        self._shared[:8] = struct.pack("q", n)
        if n == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, last: int | None) -> None:
        """Count what this process does to files, over HTTP and through the engine's socket."""
        from tasks.points import wire

        def hear(event: str, arguments: tuple) -> None:
            is_write = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
            if event in OUTWARD or (is_write and not str(arguments[0]).startswith("/dev/")):
                self.step(last)

        send = wire.send

        def counted_send(connection, value):
            self.step(last)
            send(connection, value)

        wire.send = counted_send
        sys.addaudithook(hear)


def import_everything() -> None:
    """All that a command may need; waits between tries are cut short."""
    import flows
    import tasks
    from flows.orchestration import retries

    if "PREFECT_API_URL" in os.environ:
        from flows.orchestration.embedded import SERVED_SETTINGS

        os.environ |= {**SERVED_SETTINGS, "PREFECT_LOGGING_LEVEL": "CRITICAL"}  # before Prefect reads it
    else:
        retries.WAIT_SECONDS[:] = [RETRY_SECONDS, RETRY_SECONDS]
    for name in PRELOADED:
        importlib.import_module(name)
    for package in (tasks, flows):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "PREFECT_API_URL" in os.environ or module.name not in OF_PREFECT:
                importlib.import_module(module.name)
    if threading.active_count() > 1:
        raise RuntimeError(f"{threading.enumerate()} before the first fork; what they hold would be held for ever")


def fork(body, log: str) -> int:
    """The child's pid; its output goes to `log`."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        status = body() or 0
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def run_command(request: dict, counter: StepCounter) -> None:
    """What the child does."""
    from flows.cli import main

    os.environ |= request.get("environment", {})
    if offset := request.get("clock_offset_seconds"):
        now = time.time
        time.time = lambda: now() + offset
    counter.watch(request.get("at_step"))
    main(args=request["arguments"], prog_name="minicoil")


def run_owner(home: str, last: int | None) -> None:
    """What the owner process of `home` does; it dies before or after carrying out its `last` operation, by turns."""
    from tasks.points import owner

    if last is not None:
        counter, answer = StepCounter(), owner.Owner._answer

        def answer_or_die(self, operation, arguments):
            if last % 2:
                counter.step(last)
            result = answer(self, operation, arguments)
            if not last % 2:
                counter.step(last)
            return result

        owner.Owner._answer = answer_or_die
    sys.argv = ["owner", home]
    owner.main()


class Server:
    """Forks, waits, kills, and tells how it went."""

    def __init__(self) -> None:
        self._owners: dict[str, int] = {}

    def answer(self, request: dict) -> dict:
        home = request["home"]
        if "forget" in request:
            self._end_owner(home)
            return {}
        if request.get("owner", True):
            self._start_owner(home, request.get("owner_at_step"))
        counter, started = StepCounter(), time.monotonic()
        pid = fork(lambda: run_command(request, counter), request["log"])
        status = self._wait(pid, started, request.get("after_seconds"))
        if status < 0 and request.get("with_owner"):
            self._end_owner(home)
        return {"status": status, "seconds": time.monotonic() - started, "steps": counter.n_steps}

    def _wait(self, pid: int, started: float, after_seconds: float | None) -> int:
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            if after_seconds is not None and time.monotonic() - started >= after_seconds:
                os.kill(pid, signal.SIGKILL)  # it has threads, and no processes but the owner
                return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            time.sleep(0.002)

    def _start_owner(self, home: str, last: int | None) -> None:
        """Forked too, so that a command need not start a Python for it; killed first where it is to die at a step."""
        if last is not None:
            self._end_owner(home)
        known = self._owners.get(home)
        if known is None or os.waitpid(known, os.WNOHANG)[0]:
            Path(home).mkdir(parents=True, exist_ok=True)
            self._owners[home] = fork(lambda: run_owner(home, last), f"{home}.owner.log")

    def _end_owner(self, home: str) -> None:
        """By its lock, where the command itself had to start one."""
        lock = Path(home) / "engine" / "owner.lock"
        pids = {self._owners.pop(home, 0), int(lock.read_text() or 0) if lock.exists() else 0} - {0}
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def main() -> None:
    """Answer until stdin ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    import_everything()
    server = Server()
    for line in sys.stdin:
        print(json.dumps(server.answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
