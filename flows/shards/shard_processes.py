"""Shards worked on by processes of this machine, each `python -m flows.shards.shard_processes WHAT HOME STORE`.

A process reads keys from its standard input, one a line, and answers each with a line of JSON. It goes when that ends,
which it does however the process that started it dies. One that dies costs its shard, which another one does again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows import screen
from flows.shards.shard_work import shard_work
from minicoil import errors
from minicoil.errors import MiniCoilError, StoreError, StoreUnavailableError
from minicoil.files import parse_json, write_json
from minicoil.harmless import guard_logs
from tasks.place import Place
from tasks.progress import progress

TRIES = 2  # a process that dies with a shard costs that shard once more
# every core has a process: pools of threads in each would fight
_ALONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
logger = logging.getLogger(__name__)


def spread_on_processes(what: str, place: Place, keys: Sequence[str], n_processes: int, label: str) -> None:
    """Have the work of the flow `what` done with every key; waits for all.

    Args:
        what: Name of the flow.
        place: Where.
        keys: Of the shards.
        n_processes: How many at a time; 1: this one.
        label: For whoever watches the progress.

    Raises:
        MiniCoilError: what the work raised.
        StoreUnavailableError: processes died; shards that are done are kept.
    """
    with progress(label, len(keys), "shards") as advance:
        if n_processes == 1:
            work = shard_work(what)
            for key in keys:
                work(place, key)
                advance(1)
            return
        waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        for key in keys:
            waiting.put(key)
        crew = _Crew(what, place, waiting)
        hands = [threading.Thread(target=crew.work, daemon=True) for _ in range(min(n_processes, len(keys)))]
        for hand in hands:
            hand.start()
        try:
            for _ in keys:
                failure = crew.done.get()
                if failure is not None:
                    raise failure
                advance(1)
        finally:
            crew.end()
            for hand in hands:
                hand.join()


class _Crew:
    """Processes at work, one a thread; `done` gets None for every shard, or the error that ends it all."""

    def __init__(self, what: str, place: Place, waiting: queue.SimpleQueue[str]) -> None:
        self._what, self._place, self._waiting = what, place, waiting
        self.done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._ended = False

    def work(self) -> None:
        """Give shards to a process until none waits."""
        process: subprocess.Popen[str] | None = None
        try:
            while not self._ended:
                key = self._waiting.get_nowait()
                for attempt in range(1, TRIES + 1):
                    process = process or self._start()
                    answer = _ask(process, key)
                    if answer is not None or self._ended:
                        break
                    status, process = self._stop(process), None
                    logger.warning("a process of %s ended with status %d at %s", self._what, status, key)
                    if attempt == TRIES:
                        raise _death(self._what, key, status)
                if answer is not None and "error" in answer:
                    kind = getattr(errors, answer["error"], StoreError)
                    raise kind(answer["message"], **answer["facts"])
                self.done.put(None)
        except queue.Empty:
            pass
        except BaseException as error:  # told to whoever waits
            self.done.put(error)
        finally:
            if process is not None:
                self._stop(process)

    def _start(self) -> subprocess.Popen[str]:
        place = self._place
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "flows.shards.shard_processes", self._what, str(place.home)),
                *(place.store_url, *([place.qdrant_url] if place.qdrant_url else [])),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                **_ALONE,
                "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
                screen.LOG_JSON: "1" if screen.wants_json_lines() else "",
            },
        )
        with self._lock:
            self._running.add(process)
            if self._ended:
                process.kill()
        return process

    def _stop(self, process: subprocess.Popen[str]) -> int:
        """Let a process go; its exit status."""
        with contextlib.suppress(BrokenPipeError):
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        status = process.wait()
        with self._lock:
            self._running.discard(process)
        return status

    def end(self) -> None:
        """Nothing more is begun; what is under way is stopped, and done again by the next run."""
        with self._lock:
            self._ended = True
            for process in self._running:
                process.kill()


def _ask(process: subprocess.Popen[str], key: str) -> dict[str, Any] | None:
    """What a process answers; None where it died."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(key + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except (BrokenPipeError, ValueError):  # it died, or was stopped meanwhile
        return None
    answer: dict[str, Any] | None = parse_json(line) if line.endswith("\n") else None
    return answer


def _death(what: str, key: str, status: int) -> StoreUnavailableError:
    """The error for a shard that processes died with; a status below zero is that of a signal."""
    reason = "most likely for want of memory" if status < 0 else "and what they said stands above"
    return StoreUnavailableError(
        f"{TRIES} processes of {what} ended with status {status} at {key}, {reason}; set MINICOIL_READ_PROCESSES to "
        "fewer where memory is short, then run the same command again: finished pieces are kept"
    )


def main() -> None:
    """Work on the shards whose keys arrive."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which stops this one
    if screen.wants_json_lines():
        screen.log_json_lines(logging.WARNING)
    else:
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    guard_logs()
    what, home, store, *qdrant = sys.argv[1:]
    place, work = Place(Path(home), store, qdrant[0] if qdrant else None), shard_work(what)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        try:
            answer: dict[str, Any] = work(place, line.strip())
        except MiniCoilError as error:
            answer = {"error": type(error).__name__, "message": str(error), "facts": {}}
        try:
            answers.write(write_json(answer, ascii_only=True) + "\n")
            answers.flush()
        except BrokenPipeError:  # whoever asked is gone; what was done is kept
            os._exit(0)


if __name__ == "__main__":
    main()
