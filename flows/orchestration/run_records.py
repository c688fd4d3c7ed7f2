"""Records of runs in a home: one JSON file a run, for whoever asks later what ran, for how long, and how it ended.

Where a Prefect server keeps runs, its pages are this record. The truth about releases and collections lies in object
storage; nothing is ever read back from here by the program.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import pydantic

from minicoil.errors import MiniCoilError, UsageError
from minicoil.files import write_json, write_whole
from minicoil.harmless import harmless
from tasks.settings import Settings

logger = logging.getLogger(__name__)
FOLDER = "runs"
MOST_RECORDS = 200  # the oldest go first
OLD_SECONDS = 3600.0  # no record takes that long to write
RUNNING, COMPLETED, FAILED, CANCELLED = "Running", "Completed", "Failed", "Cancelled"


@dataclass
class RunRecord:
    """One run, as its file says it.

    Attributes:
        path: The file; its name begins with the time of the start, so that a listing is in order.
        flow: Name of the flow.
        parameters: What it was called with, defaults left out; secrets never pass through parameters.
        state: Running, Completed, Failed or Cancelled. A file that says Running of a process that is gone was killed.
        message: What it failed with.
        steps: Name, seconds and number of tries of each step, in order.
        artifacts: Key, kind and description of what it showed.
        finished: The step that ended well last; for whoever stops the run, and not in the file.
    """

    path: Path
    flow: str
    parameters: dict[str, Any]
    started: str
    state: str = RUNNING
    message: str = ""
    seconds: float = 0.0
    steps: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[dict[str, str]] = field(default_factory=list)
    finished: str = ""

    def add_step(self, name: str, seconds: float, tries: int, is_done: bool = True) -> None:
        """A step ended, well or not."""
        self.finished = name if is_done else self.finished
        self.steps.append({"name": name, "seconds": round(seconds, 2), "tries": tries})

    def add_artifact(self, key: str, kind: str, description: str) -> None:
        """Something was shown that a run's page would keep."""
        self.artifacts.append({"key": key, "kind": kind, "description": harmless(description)})

    def write(self) -> None:
        """To its file; a home that cannot be written is said once by whoever needs it, and not here."""
        facts = {name: value for name, value in vars(self).items() if name not in ("path", "finished")}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, write_json({**facts, "process": os.getpid()}, indent=1))
        except (OSError, ValueError) as error:
            logger.debug("no record of this run: %s", error)


_current: ContextVar[RunRecord | None] = ContextVar("run", default=None)
_newest: list[RunRecord] = []  # one at most


def current_run() -> RunRecord | None:
    """The record of the run that goes on in this process."""
    return _current.get()


def newest_run() -> RunRecord | None:
    """The record of the run that this process began last, whether it still goes on or not."""
    return _newest[0] if _newest else None


def home_of(args: Sequence[object], kwargs: Mapping[str, object]) -> Path:
    """The home that a call of a flow names in its parameters, given as a model or a mapping; defaults filled in."""
    parameters = args[0] if args else kwargs.get("parameters")
    named = parameters.get("home") if isinstance(parameters, Mapping) else getattr(parameters, "home", None)
    try:
        return Path(str(named or Settings().home)).expanduser()
    except RuntimeError as error:
        raise UsageError(f"home '{named}': there is no such user on this machine; give the folder") from error


@contextmanager
def record_run(flow: str, home: Path, parameters: object) -> Iterator[RunRecord]:
    """Keep a record of the body, from its start to its end; a request to end (SIGTERM) cancels it as Ctrl-C does."""
    now, started = datetime.now(UTC), time.monotonic()
    folder = home / FOLDER
    name = f"{now:%Y%m%dT%H%M%S}-{flow}-{uuid.uuid4().hex[:6]}.json"
    values = (
        parameters.model_dump(mode="json", exclude_defaults=True) if isinstance(parameters, pydantic.BaseModel) else {}
    )
    record = RunRecord(folder / name, flow, values, now.isoformat(timespec="seconds"))
    token, _newest[:] = _current.set(record), [record]
    with _ending_on_request():
        record.write()
        try:
            yield record
            record.state = COMPLETED
        except BaseException as error:  # whatever ends a run is what its record is for
            cancelled = isinstance(error, KeyboardInterrupt | SystemExit)
            record.state = CANCELLED if cancelled else FAILED
            known = isinstance(error, MiniCoilError)
            record.message = "" if cancelled else str(error) if known else f"{type(error).__name__}: {error}"
            raise
        finally:
            _current.reset(token)
            record.seconds = round(time.monotonic() - started, 2)
            record.write()
            _remove_oldest(folder)


@contextmanager
def _ending_on_request() -> Iterator[None]:
    """SIGTERM raises `KeyboardInterrupt`, so that locks, children and half-written files are left in order."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # who asks twice must not cut the tidying up
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)  # None: set by something that is no Python


def _remove_oldest(folder: Path) -> None:
    with suppress(OSError):
        for path in sorted(folder.glob("*.json"))[:-MOST_RECORDS]:
            path.unlink(missing_ok=True)
        for path in folder.glob("*.part"):  # of a run that was killed while it wrote
            if time.time() - path.stat().st_mtime > OLD_SECONDS:
                path.unlink(missing_ok=True)
