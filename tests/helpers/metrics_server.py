"""`minicoil metrics` in a process of its own, scraped over real HTTP; and what others count beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120.0
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read_samples(text: str) -> Samples:
    """Every sample of a scrape, as Prometheus reads it."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape_port(url: str) -> Samples:
    answer = httpx.get(url, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return read_samples(answer.text)


def scrape_until(url: str, name: str) -> Samples:
    """A scrape that has the metric: a look at the service may take longer than a scrape waits for it."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        samples = scrape_port(url)
        if any(found == name for found, _ in samples):
            return samples
        assert time.monotonic() < until, f"no {name} at {url}"
        time.sleep(0.2)


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def clean_environment(**more: str) -> dict[str, str]:
    """Nothing that whoever runs the tests has set for himself, and the code of this checkout."""
    foreign = ("MINICOIL_", "PREFECT_", "PROMETHEUS_")
    ours = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
    return {**ours, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests/helpers"))), **more}


class MetricsServer:
    """Runs until stopped.

    Attributes:
        folder: For processes that count.
        url: What is scraped.
    """

    def __init__(self, home: Path, *command: str) -> None:
        words = [sys.executable, "-m", "flows.cli", "metrics", "--home", str(home), "--port", "0", "--json", *command]
        self.process = subprocess.Popen(
            words,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate(timeout=PATIENCE_SECONDS))
        self.url = json.loads(line)["url"]
        self.folder = home / "metrics"

    def scrape(self) -> Samples:
        return scrape_port(self.url)

    def scrape_with(self, name: str) -> Samples:
        return scrape_until(self.url, name)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another process that counts."""
        counting = clean_environment(PROMETHEUS_MULTIPROC_DIR=str(self.folder))
        return subprocess.run([sys.executable, *words], env=counting, capture_output=True, text=True, check=False)

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode
