"""What processes counted is added up, whether they run or are gone; files do not grow in number, and no count is lost."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from metrics_server import ROOT, clean_environment, read_samples, value
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from deployments.scraping import scrape
from tasks.metrics import FOLDER_VARIABLE

COUNTING = """
import sys
from tasks.metrics import count_rewritten, counting_run, timing_step
with timing_step("promote-release"):
    count_rewritten("docs", 5)
with counting_run("reencode-collections"):
    pass
with counting_run("reencode-collections"):
    print("begun", flush=True)
    sys.stdin.read()
"""


def start(folder):
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTING],
        cwd=ROOT,
        env=clean_environment(**{FOLDER_VARIABLE: str(folder)}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "begun\n"
    return process


def end(process, kill=False):
    if kill:
        process.kill()
    process.communicate()
    assert process.returncode == (-signal.SIGKILL if kill else 0)


def samples_of(folder):
    return read_samples(scrape(folder).decode())


def runs(samples, state):
    return value(samples, "minicoil_flow_runs_total", flow="reencode-collections", state=state)


def files(folder):
    return sorted(path.name for path in folder.glob("*.db"))


def test_counts_of_processes_that_run_and_of_those_that_are_gone_are_added_up(tmp_path):
    one, two = start(tmp_path), start(tmp_path)
    samples = samples_of(tmp_path)
    assert value(samples, "minicoil_points_rewritten_total", collection="docs") == 10
    assert runs(samples, "Completed") == 2 and len(files(tmp_path)) == 4
    end(one)
    samples = samples_of(tmp_path)
    assert value(samples, "minicoil_points_rewritten_total", collection="docs") == 10
    assert value(samples, "minicoil_step_seconds_count", step="promote-release", state="Completed") == 2
    assert runs(samples, "Completed") == 3 and len(files(tmp_path)) == 4
    end(two)
    for _ in range(3):
        assert runs(samples_of(tmp_path), "Completed") == 4
    assert files(tmp_path) == ["counter_ended.db", "histogram_ended.db"]
    end(start(tmp_path))
    samples = samples_of(tmp_path)
    assert value(samples, "minicoil_points_rewritten_total", collection="docs") == 15
    buckets = [n for (name, labels), n in samples.items() if name == "minicoil_step_seconds_bucket"]
    assert max(buckets) == 3  # cumulative once, however often they were added up
    assert files(tmp_path) == ["counter_ended.db", "histogram_ended.db"]


def test_a_run_whose_process_was_killed_is_counted_as_crashed_once(tmp_path):
    process = start(tmp_path)
    assert runs(samples_of(tmp_path), "Crashed") is None
    end(process, kill=True)
    for _ in range(2):
        samples = samples_of(tmp_path)
        assert (runs(samples, "Crashed"), runs(samples, "Completed")) == (1, 1)
    end(start(tmp_path), kill=True)
    assert runs(samples_of(tmp_path), "Crashed") == 2


def test_who_scrapes_at_the_same_time_sees_every_count_once(tmp_path):
    processes = [start(tmp_path) for _ in range(3)]
    for process in processes:
        end(process)
    seen = []

    def look():
        seen.extend(runs(samples_of(tmp_path), "Completed") for _ in range(10))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [6.0] * 40


def test_counts_of_other_programs_are_left_out(tmp_path):
    code = "from prometheus_client import Counter; Counter('prefect_something', 'Theirs.').inc()"
    environment = clean_environment(**{FOLDER_VARIABLE: str(tmp_path)})
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert files(tmp_path) and samples_of(tmp_path) == {}


def test_more_can_be_answered_beside(tmp_path):
    class Beside(Collector):
        def collect(self):
            yield GaugeMetricFamily("minicoil_points_due", "Due.", 3.0)

    assert read_samples(scrape(tmp_path / "new", [Beside()]).decode()) == {("minicoil_points_due", frozenset()): 3.0}


@pytest.mark.parametrize("content", [b"", b"\xff\xff\xff\x7f" + b"x" * 5000, b"ab"])
def test_what_a_full_disk_left_of_a_file_ends_no_scrape(tmp_path, content, caplog):
    end(start(tmp_path))
    samples_of(tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / f"counter_{gone.pid}.db").write_bytes(content)
    for _ in range(2):
        assert runs(samples_of(tmp_path), "Completed") == 2
    assert files(tmp_path) == ["counter_ended.db", "histogram_ended.db"]
    assert ("cannot be read" in caplog.text) == bool(content)


@pytest.mark.parametrize("content", [b"", bytes(65_536)])
def test_a_file_that_a_process_just_makes_holds_nothing_yet(tmp_path, content):
    end(start(tmp_path))
    (tmp_path / f"counter_{os.getpid()}.db").write_bytes(content)
    assert runs(samples_of(tmp_path), "Completed") == 2
    assert f"counter_{os.getpid()}.db" in files(tmp_path)
