"""What a service counts, as Prometheus scrapes it."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class ServiceMetrics:
    """Counters of one service, in a registry of their own: a process may have several services.

    Args:
        n_waiting: Asked at each scrape: texts that wait.
        release: Asked at each scrape: the release that queries are encoded with; -1 where there is none to name.
        has_problem: Asked at each scrape: whether the channel could not be followed at the last look.
    """

    def __init__(
        self, n_waiting: Callable[[], float], release: Callable[[], float], has_problem: Callable[[], float]
    ) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "minicoil_embed_requests",
            "Requests answered, by kind and HTTP status.",
            ("kind", "status"),
            registry=registry,
        )
        self._texts = Counter("minicoil_embed_texts", "Texts answered with a vector.", ("kind",), registry=registry)
        self._seconds = Histogram(
            "minicoil_embed_request_seconds",
            "From the whole body read to the answer, of requests that got vectors.",
            ("kind",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._batches = Histogram(
            "minicoil_embed_batch_texts", "Texts encoded together.", buckets=_TEXTS, registry=registry
        )
        for name, what, find in (
            ("waiting_texts", "Texts that no core has taken yet.", n_waiting),
            ("release", "Release that queries are encoded with; -1 while loading and where none is named.", release),
            ("channel_problem", "1 where the last look at the channel failed.", has_problem),
        ):
            Gauge(f"minicoil_embed_{name}", what, registry=registry).set_function(find)

    def note_batch(self, n_texts: int) -> None:
        """Count a batch; called by the threads that encode."""
        self._batches.observe(n_texts)

    def note_answer(self, kind: str, n_texts: int, seconds: float) -> None:
        """Count a request that got its vectors."""
        self._requests.labels(kind, "200").inc()
        self._texts.labels(kind).inc(n_texts)
        self._seconds.labels(kind).observe(seconds)

    def note_refusal(self, kind: str, status: int) -> None:
        """Count a request that got none."""
        self._requests.labels(kind, str(status)).inc()

    def scrape(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self._registry)
