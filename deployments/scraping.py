"""What all processes of a folder counted, added up, in Prometheus's text format; and what ended processes leave."""

from __future__ import annotations

import logging
import os
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from minicoil.files import parse_json
from tasks.disk import lock_file
from tasks.metrics import PREFIX, RUN_LABELS, RUNS, RUNS_HELP, RUNS_STARTED

logger = logging.getLogger(__name__)
CRASHED = "Crashed"
_ENDED = "ended"  # in the place of a process's number: all that are gone
_LOCK = "scraping.lock"


def scrape(folder: Path, beside: Sequence[Collector] = ()) -> bytes:
    """Everything that was ever counted in a folder, by processes that run and by those that are gone.

    Runs that a process had begun and not ended when it was gone are counted as Crashed.

    Args:
        folder: As `FOLDER_VARIABLE` names it to those that count; made where it is missing.
        beside: More to answer with.

    Raises:
        OSError: the folder cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    registry = CollectorRegistry()
    registry.register(_Counted(folder))
    for collector in beside:
        registry.register(collector)
    # while files are added up, counts stand in two of them for a moment
    with lock_file(folder / _LOCK, patience_seconds=None):
        _add_up_ended(folder)
        return generate_latest(registry)


class _Counted(Collector):
    """This service's own counts; what else counts in the same processes, such as Prefect's client, is left out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self) -> list[Metric]:
        """Nothing: a registry asks when it is filled, and the files may change until it is scraped."""
        return []

    def collect(self) -> Iterator[Metric]:
        """By name, as Prometheus has them."""
        # one without a byte is of a process that makes it at this moment
        files = [str(path) for path in self._folder.glob("*.db") if path.stat().st_size]
        found = MultiProcessCollector.merge(files)
        yield from sorted((m for m in found if m.name.startswith(PREFIX)), key=lambda metric: metric.name)


def _add_up_ended(folder: Path) -> None:
    """Put the counts of ended processes into one file a kind, so that there is no file more with every run.

    A kill between its last two steps counts them twice; were the steps the other way round it would lose counts, which
    Prometheus takes for a restart from zero, and adds all that is left once more.
    """
    try:
        ended = [path for path in folder.glob("*_*.db") if _has_ended(path)]
        for kind in {path.name.partition("_")[0] for path in ended}:
            _add_up(folder / f"{kind}_{_ENDED}.db", [path for path in ended if path.name.startswith(f"{kind}_")])
    except OSError as error:  # a full disk
        logger.warning("the counts of ended processes in %s stay where they are: %s", folder, error)


def _has_ended(path: Path) -> bool:
    number = path.stem.rpartition("_")[2]
    return number.isdigit() and not psutil.pid_exists(int(number))


def _add_up(target: Path, ended: Sequence[Path]) -> None:
    counts: defaultdict[str, float] = defaultdict(float)
    for path in (*ended, target):
        own = _read(path)
        crashed = _crashed(own) if path != target else {}
        for key, value in (*own.items(), *crashed.items()):
            counts[key] += value
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    whole = MmapedDict(str(part))
    try:
        for key, value in counts.items():
            whole.write_value(key, value, 0.0)
    finally:
        whole.close()
    os.replace(part, target)
    for path in ended:
        path.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, float]:
    """Values by key; a file that nobody can read is moved aside, for it would end every scrape to come."""
    if not path.exists() or not path.stat().st_size:  # its process was killed before it wrote anything
        return {}
    try:
        return {key: value for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path))}
    except (struct.error, RuntimeError, ValueError) as error:
        aside = path.with_suffix(".unreadable")
        path.replace(aside)
        logger.warning("%s cannot be read (%s): its counts are lost, and it is kept as %s", path, error, aside.name)
        return {}


def _crashed(counts: Mapping[str, float]) -> dict[str, float]:
    """Runs of one process that began and never ended, as counts of their own."""
    open_runs: Counter[str] = Counter()
    for key, value in counts.items():
        name, _, labels, _ = parse_json(key)
        if name in (RUNS, RUNS_STARTED):
            open_runs[labels["flow"]] += int(value) if name == RUNS_STARTED else -int(value)
    return {
        mmap_key(RUNS, f"{RUNS}_total", list(RUN_LABELS), [flow, CRASHED], RUNS_HELP): float(n)
        for flow, n in open_runs.items()
        if n > 0
    }
