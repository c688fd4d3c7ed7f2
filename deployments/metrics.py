"""`/metrics` for Prometheus: what this machine's processes counted, and where the service stands as `status` knows it.

Counts are read at every scrape. Where the service stands is looked at by a thread of its own, seldom, and only while
somebody scrapes: it asks the object store and the engine.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from deployments.listening import Answer, Answers, answering
from deployments.scraping import scrape
from minicoil.errors import MiniCoilError, UsageError
from tasks.metrics import FOLDER_VARIABLE

if TYPE_CHECKING:
    from tasks.watch import ChannelStatus

logger = logging.getLogger(__name__)
FOLDER = "metrics"  # of a home
LOOK_SECONDS = 60.0  # between two looks, at least
_SHARE = 20.0  # a look that takes long is followed by so many times its length without one
_PATIENCE_SECONDS = 5.0  # of a scrape for a look; Prometheus itself gives up after ten
Look = Callable[[], Sequence["ChannelStatus"]]


def metric_answers(home: Path, look: Look) -> Answers:
    """`/metrics` of a home."""
    standing = Standing(look)

    def answer() -> Answer:
        return Answer(200, scrape(home / FOLDER, [standing]), CONTENT_TYPE_LATEST)

    return {"/metrics": answer}


def look_at(home: Path, store: str | None, qdrant_url: str | None) -> Look:
    """What is looked at: every channel of a place, which the environment fills in."""

    def look() -> Sequence[ChannelStatus]:
        from flows.stages import look_at_channels
        from tasks.place import Place

        return look_at_channels(Place.at(home, store, qdrant_url))

    return look


def counting_environment(home: Path) -> dict[str, str]:
    """What makes a worker and its runs count into the folder of a home, which is made: its library makes none."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return {FOLDER_VARIABLE: str(folder)}


class Standing(Collector):
    """Gauges of a service as the last look found it; none where no look has ended well.

    Args:
        look: Gives every channel; raises what it will.
        clock: Seconds that only grow.
    """

    def __init__(self, look: Look, clock: Callable[[], float] = time.monotonic) -> None:
        self._look, self._clock = look, clock
        self._lock = threading.Lock()
        self._found: tuple[float, Sequence[ChannelStatus]] | None = None  # when, and what
        self._next = clock()
        self._looking: threading.Thread | None = None

    def describe(self) -> list[Metric]:
        """Nothing: a registry asks when it is filled."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Of the newest look; a scrape waits a moment for one that is under way."""
        with self._lock:
            if self._looking is None and self._clock() >= self._next:
                self._looking = threading.Thread(target=self._look_now, name="look-at-service", daemon=True)
                self._looking.start()
            looking = self._looking
        if looking is not None:
            looking.join(_PATIENCE_SECONDS)
        found = self._found
        if found is not None:
            yield from _gauges(*found)

    def _look_now(self) -> None:
        started = self._clock()
        try:
            self._found = (time.time(), self._look())
        except MiniCoilError as error:  # unreachable; the time of the last look says since when
            logger.warning("could not look where the service stands: %s", error)
        except Exception:  # a thread that ends with it would say so to nobody
            logger.exception("could not look where the service stands")
        finally:
            with self._lock:
                self._looking = None
                self._next = self._clock() + max(LOOK_SECONDS, _SHARE * (self._clock() - started))


def _gauges(at: float, channels: Sequence[ChannelStatus]) -> Iterator[Metric]:
    yield GaugeMetricFamily("minicoil_looked_timestamp_seconds", "When the gauges of channels were looked at.", at)
    due = GaugeMetricFamily(
        "minicoil_points_due", "Points that wait to be re-encoded.", labels=("channel", "collection")
    )
    safe = GaugeMetricFamily(
        "minicoil_channel_safe", "1 where nothing says that a search misses points.", None, ("channel",)
    )
    release = GaugeMetricFamily("minicoil_release", "Release that is served.", labels=("channel",))
    ids = GaugeMetricFamily("minicoil_word_ids_left", "Ids left for new words.", labels=("channel",))
    for channel in channels:
        safe.add_metric((channel.name,), float(channel.safe))
        if channel.current is not None:
            release.add_metric((channel.name,), channel.current)
        if channel.ids.left is not None:
            ids.add_metric((channel.name,), channel.ids.left)
        for collection in channel.collections:
            if collection.due is not None:
                due.add_metric((channel.name, collection.name), collection.due.n_due)
    yield from (due, ids, release, safe)


def run_counted(
    command: Sequence[str], home: Path, look: Look, host: str, port: int, say_ready: Callable[[str], None]
) -> int:
    """Answer `/metrics` while a command runs that counts, it and all that it starts; without one, until told to stop.

    Args:
        command: Its words.
        home: Whose folder the counts lie in.
        look: See `look_at`.
        host: Where to listen.
        port: Where to listen; 0 takes any that is free.
        say_ready: Told the URL.

    Returns:
        The command's exit status.

    Raises:
        UsageError: the port is taken, or there is no such command.
    """
    stop = threading.Event()
    child: subprocess.Popen[bytes] | None = None

    def end(number: int, frame: object) -> None:
        stop.set()
        if child is not None and number == signal.SIGTERM:  # a terminal tells the command of Ctrl-C by itself
            child.terminate()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    environment = {**os.environ, **counting_environment(home)}
    with answering(metric_answers(home, look), host, port, "--port") as listening:
        say_ready(f"http://{f'[{host}]' if ':' in host else host}:{listening}/metrics")
        if not command:
            stop.wait()
            return 0
        try:
            child = subprocess.Popen(list(command), env=environment)
        except OSError as error:
            raise UsageError(f"cannot run '{command[0]}' ({error.strerror})") from error
        if stop.is_set():  # told so before there was anybody to tell
            child.terminate()
        status = child.wait()
        return status if status >= 0 else 128 - status  # as a shell says that a signal ended it
