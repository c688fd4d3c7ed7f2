"""Each metric as Prometheus sees it: real runs count, and a real port is scraped."""

import signal
import sys
import threading

import pytest
from light_home import make_light_home, make_model
from metrics_server import MetricsServer, read_samples, scrape_port, scrape_until, value

from deployments.listening import answering
from deployments.metrics import LOOK_SECONDS, Standing, look_at, metric_answers
from deployments.scraping import scrape
from minicoil.errors import StoreUnavailableError
from tasks.catalogue import STAMP_FIELD
from tasks.place import Place
from tests.deployments.conftest import free_port, start_service, stop_service

CONFLICT = """
from tasks.catalogue.channels import _CHANNELS
from tasks.catalogue import ChannelState
from tasks.store import open_store
from tasks.settings import Settings
import sys
store, others = open_store(sys.argv[1], Settings()), []
def change(before):
    if not others:  # somebody else is faster, once
        others.append(_CHANNELS.change(store, "staging", lambda found: ChannelState(name="staging", current=2)))
    return ChannelState(name="staging", current=1)
_CHANNELS.change(store, "staging", change)
"""
STORE = """
import os
from contextlib import closing
from fault_proxy import FaultProxy
from s3_double import S3Double
os.environ |= {"MINICOIL_S3_ACCESS_KEY_ID": "key", "MINICOIL_S3_SECRET_ACCESS_KEY": "secret"}
with S3Double() as double, closing(FaultProxy(double.address)) as proxy:
    from tasks.settings import Settings
    from tasks.store import open_store
    os.environ["MINICOIL_S3_ENDPOINT_URL"] = proxy.address
    store = open_store("s3://bucket/x", Settings())
    faults = ["busy", "busy", None, "cut"]
    proxy.fault = lambda method, path: faults.pop(0) if faults else None
    store.write("a", b"b" * 5000)
    assert store.read("a") == b"b" * 5000
"""
ENGINE = """
from contextlib import closing
from fault_proxy import FaultProxy
from qdrant_double import QdrantDouble
from tasks.qdrant import open_points
from pathlib import Path
with QdrantDouble() as double, closing(FaultProxy(double.url)) as proxy:
    faults = ["busy"]
    proxy.fault = lambda method, path: faults.pop() if faults else None
    with open_points(Path("nowhere"), proxy.address, None, 60) as points:
        assert list(points.names()) == []
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counted")
    make_light_home(folder / "home", make_model(folder))
    return folder / "home"


@pytest.fixture(scope="module")
def server(home):
    running = MetricsServer(home)
    yield running
    assert running.stop() == 0


def minicoil(server, home, *words):
    return server.run("-m", "flows.cli", *words, "--home", str(home))


def test_runs_steps_words_and_points_are_counted(server, home):
    assert minicoil(server, home, "attach", "nothing", "--vector", "v", "--text", "{text}").returncode == 1
    done = minicoil(server, home, "remove", "pods", "sandwich")
    assert done.returncode == 0, done.stderr
    samples = server.scrape()
    for flow, state, n in (("remove-words", "Completed", 1), ("attach-collection", "Failed", 1)):
        assert value(samples, "minicoil_flow_runs_total", flow=flow, state=state) == n
        assert value(samples, "minicoil_flow_runs_started_total", flow=flow) == n
    assert value(samples, "minicoil_step_seconds_count", step="promote-release", state="Completed") == 1
    assert value(samples, "minicoil_step_seconds_sum", step="promote-release", state="Completed") > 0
    assert value(samples, "minicoil_step_seconds_count", step="attach-collection", state="Failed") == 1
    assert value(samples, "minicoil_words_total", verdict="removed") == 1
    assert value(samples, "minicoil_words_total", verdict="kept_bm25") == 1
    assert value(samples, "minicoil_points_rewritten_total", collection="docs") == 1


def test_a_document_that_somebody_else_changed_first_is_a_conflict_of_its_kind(server, home):
    done = server.run("-c", CONFLICT, (home / "store").as_uri())
    assert done.returncode == 0, done.stderr
    assert value(server.scrape(), "minicoil_store_conflicts_total", kind="channels") == 1


def test_requests_that_are_made_once_more_are_counted(server):
    for code in (STORE, ENGINE):
        done = server.run("-c", code)
        assert done.returncode == 0, done.stderr
    samples = server.scrape()
    assert value(samples, "minicoil_store_retries_total") == 3  # two that were refused, a body that broke off
    assert value(samples, "minicoil_engine_retries_total") == 1


def test_gauges_say_what_status_says_and_follow_it(tmp_path, monkeypatch):
    monkeypatch.setattr("deployments.metrics._PATIENCE_SECONDS", 120.0)  # the first look imports what it needs
    make_light_home(tmp_path / "home", make_model(tmp_path))
    now = [0.0]
    standing = Standing(look_at(tmp_path / "home", None, None), lambda: now[0])
    place = Place.at(tmp_path / "home")

    def due():
        return value(read_samples(scrape(tmp_path / "metrics", [standing]).decode()), *DUE[:1], **DUE[1])

    assert due() == 0
    with place.points() as points:  # as a snapshot from before the promotion leaves them
        ids = [point.id for point in next(iter(points.scroll("docs")))]
        points.set_payload("docs", ids[:3], {STAMP_FIELD: None})
    assert due() == 0  # looked at a moment ago
    now[0] += LOOK_SECONDS
    assert due() == 3


DUE = ("minicoil_points_due", {"channel": "production", "collection": "docs"})


def test_the_port_answers_with_the_gauges_of_every_channel(server):
    samples = server.scrape_with(DUE[0])
    assert value(samples, DUE[0], **DUE[1]) == 0
    assert value(samples, "minicoil_release", channel="production") in (1, 2)  # whether before the run above or after
    assert value(samples, "minicoil_channel_safe", channel="production") == 1
    assert value(samples, "minicoil_word_ids_left", channel="production") > 10_000
    assert value(samples, "minicoil_looked_timestamp_seconds") > 1.7e9


def test_a_look_that_fails_leaves_the_one_before_and_its_time(tmp_path, caplog):
    now, found = [0.0], [[]]

    def look():
        if found[0] is None:
            raise StoreUnavailableError("the store is away")
        return found[0]

    standing = Standing(look, lambda: now[0])

    def seen():
        return value(read_samples(scrape(tmp_path, [standing]).decode()), "minicoil_looked_timestamp_seconds")

    first = seen()
    found[0], now[0] = None, now[0] + LOOK_SECONDS
    assert seen() == first and "the store is away" in caplog.text
    found[0], now[0] = [], now[0] + LOOK_SECONDS
    assert seen() > first


def test_a_look_that_takes_long_is_no_reason_for_a_scrape_to_and_is_followed_by_a_long_rest(tmp_path, monkeypatch):
    monkeypatch.setattr("deployments.metrics._PATIENCE_SECONDS", 0.05)
    now, go, looks = [0.0], threading.Event(), []

    def look():
        looks.append(now[0])
        go.wait(60)
        now[0] += 30.0
        return []

    standing = Standing(look, lambda: now[0])
    for _ in range(3):
        assert scrape(tmp_path, [standing]) == b""
    assert looks == [0.0]
    looking = standing._looking
    go.set()
    looking.join()
    assert b"minicoil_looked_timestamp_seconds" in scrape(tmp_path, [standing])
    now[0] += 2 * LOOK_SECONDS
    scrape(tmp_path, [standing])
    assert len(looks) == 1  # a look of half a minute, and ten minutes without one
    now[0] += 600.0
    scrape(tmp_path, [standing])
    assert len(looks) == 2


def test_counts_are_answered_where_nobody_could_look(tmp_path):
    def look():
        raise StoreUnavailableError("the store is away")

    with answering(metric_answers(tmp_path, look), "127.0.0.1", 0, "--port") as port:
        assert scrape_port(f"http://127.0.0.1:{port}/metrics") == {}


def test_a_command_counts_while_it_runs_and_its_end_is_the_end(tmp_path):
    code = "import sys; from tasks.metrics import count_words; count_words(['accepted']); print('counted'); sys.stdout.flush(); sys.stdin.read(); sys.exit(3)"
    running = MetricsServer(tmp_path, sys.executable, "-c", code)
    assert running.process.stdout.readline() == "counted\n"
    assert value(running.scrape(), "minicoil_words_total", verdict="accepted") == 1
    running.process.communicate("")
    assert running.process.returncode == 3
    running = MetricsServer(
        tmp_path,
        sys.executable,
        "-c",
        "print('there'); import time; time.sleep(600)".replace("print('there')", "print('there', flush=True)"),
    )
    assert running.process.stdout.readline() == "there\n"
    assert value(running.scrape(), "minicoil_words_total", verdict="accepted") == 1  # of a process that is gone
    assert running.stop() == 128 + signal.SIGTERM


def test_a_command_that_is_none_is_bad_usage(tmp_path):
    running = MetricsServer(tmp_path, "no-such-command")
    _, said = running.process.communicate(timeout=120)
    assert running.process.returncode == 2 and said.splitlines()[-1].startswith("error: cannot run 'no-such-command'")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_service_answers_with_what_the_runs_of_its_worker_counted(tmp_path):
    port = free_port()
    service = start_service(tmp_path / "home", "--health-port", str(port), "--metrics-port", str(port))
    try:
        service.finish("index-collection/on-demand", collection="docs", corpus=["pydocs:networkx"], sample=60)
        rollback = service.start("rollback-release/on-demand")
        assert service.wait(rollback)["state_type"] == "FAILED"
        url = f"http://127.0.0.1:{port}/metrics"
        samples = scrape_port(url)
        for flow, state in (("index-collection", "Completed"), ("rollback-release", "Failed")):
            assert value(samples, "minicoil_flow_runs_total", flow=flow, state=state) == 1
        assert value(samples, "minicoil_step_seconds_count", step="index-documents", state="Completed") == 1
        assert not [name for name, _ in samples if not name.startswith("minicoil_")]
        assert value(scrape_until(url, DUE[0]), DUE[0], **DUE[1]) == 0
    finally:
        assert stop_service(service) == 0
