"""Past runs of the service's flows, from a home's records: which succeeded last, which failed or were killed."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows.orchestration import CANCELLED, COMPLETED, FAILED, FOLDER, RUNNING
from minicoil.files import parse_json
from minicoil.harmless import harmless
from tasks.disk import is_alive
from tasks.store import name_damage

KILLED = "Killed"  # a record says Running, and its process is gone
# flows that keep a service's promise; one that nobody has asked for this year is none the worse
UPKEEP = (
    "extend-vocabulary",
    "retrain-words",
    "remove-words",
    "reencode-collections",
    "index-collection",
    "publish-release",
    "promote-release",
)
_MOST_LETTERS = 500  # of a message, which is shown on one line


@dataclass(frozen=True)
class PastRun:
    """One run, whoever kept it.

    Attributes:
        flow: Its name.
        state: Running, Completed, Failed, Cancelled or Killed; or as Prefect names it.
        started, ended: ISO times; `ended` None where it has not, or nobody saw it.
        message: What it failed with.
        kept_by: "home", or the address of a Prefect server.
    """

    flow: str
    state: str
    started: str
    ended: str | None = None
    message: str = ""
    kept_by: str = "home"

    @property
    def is_bad(self) -> bool:
        """Whether it ended otherwise than it should; what a person cancelled did as it was told."""
        return self.state in (FAILED, KILLED, "Crashed")

    def row(self) -> dict[str, Any]:
        """For answers."""
        return asdict(self)


def read_runs(home: Path) -> list[PastRun]:
    """Runs on record in a home, oldest first; a record that is damaged is named, and the rest are read."""
    found = []
    for path in sorted((home / FOLDER).glob("*.json")):
        try:
            found.append(_read(path))
        except FileNotFoundError:  # the oldest go while others are written
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            name_damage(
                f"{FOLDER}/{path.name}",
                f"the record of a run, {path}, cannot be read ({type(error).__name__}: {error}); it may be deleted",
            )
    return found


def _read(path: Path) -> PastRun:
    said = parse_json(path.read_text(encoding="utf-8"))
    started = datetime.fromisoformat(said["started"])
    state = str(said["state"])
    if state == RUNNING and not is_alive(int(said["process"])):
        state = KILLED
    ended = started + timedelta(seconds=float(said["seconds"])) if state in (COMPLETED, FAILED, CANCELLED) else None
    return PastRun(
        str(said["flow"]),
        state,
        started.isoformat(timespec="seconds"),
        None if ended is None else ended.isoformat(timespec="seconds"),
        harmless(str(said["message"]))[:_MOST_LETTERS],
        f"home on {socket.gethostname()}",
    )


def newest_by_flow(runs: Iterable[PastRun]) -> list[PastRun]:
    """The newest run of each flow that keeps the service's promise, by name."""
    newest: dict[str, PastRun] = {}
    for run in sorted(runs, key=lambda run: datetime.fromisoformat(run.started)):
        if run.flow in UPKEEP:
            newest[run.flow] = run
    return [newest[name] for name in sorted(newest)]


def last_success(runs: Sequence[PastRun]) -> PastRun | None:
    """The run of such a flow that ended well last."""
    done = [run for run in runs if run.flow in UPKEEP and run.state == COMPLETED and run.ended]
    return max(done, key=lambda run: datetime.fromisoformat(run.ended or run.started), default=None)


def hours_since(at: str) -> float:
    """Hours that have passed since an ISO time."""
    return (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds() / 3600
