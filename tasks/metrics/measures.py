"""The counters and the histogram of a process, by the names that Prometheus has them under."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

PREFIX = "minicoil_"
RUNS, RUNS_STARTED = "minicoil_flow_runs", "minicoil_flow_runs_started"
RUNS_HELP = "Runs that ended, by flow and state; Crashed are those whose process was gone before."
RUN_LABELS = ("flow", "state")
_SECONDS = (0.1, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 14_400.0)


class Measures:
    """What one process counts, made once a process.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self) -> None:
        registry = CollectorRegistry()  # its own: what is scraped are the files
        self.runs = Counter(RUNS, RUNS_HELP, RUN_LABELS, registry=registry)
        self.runs_started = Counter(RUNS_STARTED, "Runs that began, by flow.", ("flow",), registry=registry)
        self.step_seconds = Histogram(
            "minicoil_step_seconds",
            "One try of a step, from its begin to its end; a Failed one may be tried again.",
            ("step", "state"),
            buckets=_SECONDS,
            registry=registry,
        )
        self.words = Counter("minicoil_words", "Words that runs answered, by verdict.", ("verdict",), registry=registry)
        self.rewritten = Counter(
            "minicoil_points_rewritten",
            "Points that got the cells of another release.",
            ("collection",),
            registry=registry,
        )
        self.store_conflicts = Counter(
            "minicoil_store_conflicts",
            "Documents that somebody else changed between a look and a write, by kind; they are looked at again.",
            ("kind",),
            registry=registry,
        )
        self.store_retries = Counter(
            "minicoil_store_retries", "Requests to the object store that were made once more.", registry=registry
        )
        self.engine_retries = Counter(
            "minicoil_engine_retries", "Requests to a Qdrant server that were made once more.", registry=registry
        )
