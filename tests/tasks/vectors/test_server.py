"""`minicoil serve-embeddings` over real HTTP: vectors, refusals, health, readiness, metrics, channels, its end."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from vector_server import PATIENCE_SECONDS, ROOT, VectorServer, parse_metrics

import minicoil
from tasks.catalogue.channels import move_current, set_pending
from tasks.place import Place
from tasks.readers.readers import list_readers

TEXTS = ["a pod and the nodes of a quantum kernel", "banks of rivers", "\u65e5\u672c\u8a9e caf\u00e9", "", "the of"]


@pytest.fixture(scope="module")
def server(bundle):
    arguments = ("--avg-len", 9, "--max-texts", 40, "--max-characters", 2000, "--max-body-bytes", 50_000)
    with VectorServer(bundle, *arguments) as server:
        yield server


@pytest.fixture(scope="module")
def model(bundle):
    return minicoil.load(bundle, avg_len=9.0, threads=1)


def hold(found, expected):
    """Answers of the service against vectors of the library."""
    assert [row["indices"] for row in found] == [vector.indices.tolist() for vector in expected]
    for row, vector in zip(found, expected, strict=True):
        assert np.allclose(row["values"], vector.values, atol=2e-6)


def test_vectors_are_those_of_the_library(server, model):
    for kind, encode in (("query", model.query_embed), ("document", model.embed)):
        answer = server.post(TEXTS, kind)
        assert answer.status == 200 and answer.headers["content-type"] == "application/json"
        hold(answer.body["vectors"], list(encode(TEXTS)))


def test_many_who_ask_at_once_get_their_own(server, model):
    def ask(i):
        texts = [f"{TEXTS[i % 2]} {i} {j}" for j in range(1 + i % 3)]
        kind = "document" if i % 4 == 0 else "query"
        with httpx.Client(base_url=server.ready["url"], timeout=PATIENCE_SECONDS) as client:
            answer = client.post("/embed", json={"texts": texts, "kind": kind}).raise_for_status().json()
        return texts, kind, answer["vectors"]

    with ThreadPoolExecutor(16) as pool:
        for texts, kind, found in pool.map(ask, range(64)):
            hold(found, list((model.embed if kind == "document" else model.query_embed)(texts)))


def test_it_is_alive_and_ready_and_says_what_it_serves(server):
    assert server.get("/health").body == {"alive": True}
    ready = server.get("/ready")
    assert ready.status == 200 and ready.body["avg_len"] == 9.0
    assert {"url": server.ready["url"], **ready.body} == server.ready


@pytest.mark.parametrize(
    ("status", "content", "headers"),
    [
        (400, b"{", {}),
        (400, b'{"texts": ["a"]}', {}),
        (400, json.dumps({"texts": ["a"], "kind": "query", "\x1b\n\u202e" * 500: 1}).encode(), {}),
        (413, json.dumps({"texts": ["a"] * 41, "kind": "query"}).encode(), {}),
        (413, json.dumps({"texts": ["a" * 2001], "kind": "query"}).encode(), {}),
        (413, b"x" * 50_001, {}),
        (415, b'{"texts": ["a"], "kind": "query"}', {"content-encoding": "gzip"}),
    ],
)
def test_what_cannot_be_answered_gets_one_line_and_the_connection_goes_on(server, status, content, headers):
    answer = server.post(content=content, **headers)
    assert answer.status == status and set(answer.body) == {"error"}
    assert answer.body["error"].isprintable() and len(answer.body["error"]) <= 300
    assert server.post(["a"]).status == 200


def test_a_body_of_unknown_length_is_bounded_too(server):
    answer = server.client.post("/embed", content=iter([b"x" * 20_000] * 5))
    assert answer.status_code == 413 and "50,000 bytes" in answer.json()["error"]


def test_other_paths_say_which_there_are(server):
    assert server.get("/embed").status == 405 and "POST /embed" in server.get("/embed").body["error"]
    assert server.get("/x").status == 404 and "GET /health" in server.get("/x").body["error"]
    assert server.get("/openapi.json").body["paths"]["/embed"]["post"]["requestBody"]["required"]


def test_a_scrape_counts_what_was_answered(server):
    before = server.metrics()
    server.post(["a", "b", "c"])
    server.post(["a"], "document")
    server.post(content=b"{")
    after = server.metrics()

    def grown(name):
        return after[name] - before.get(name, 0)

    assert grown('minicoil_embed_requests_total{kind="query",status="200"}') == 1
    assert grown('minicoil_embed_requests_total{kind="none",status="400"}') == 1
    assert grown('minicoil_embed_texts_total{kind="query"}') == 3
    assert grown('minicoil_embed_texts_total{kind="document"}') == 1
    assert grown('minicoil_embed_request_seconds_count{kind="query"}') == 1
    assert grown("minicoil_embed_batch_texts_sum") == 4
    assert after["minicoil_embed_waiting_texts"] == 0 and after["minicoil_embed_release"] == -1
    assert after["process_resident_memory_bytes"] > 1e6


def test_a_channel_is_followed_while_requests_go_on(place, monkeypatch):
    store = place.objects()
    set_pending(store, "production", 1, None)
    move_current(store, "production", 1)
    address = f"{place.store_url}@production"
    with VectorServer(address, "--avg-len", 9, "--home", place.home, program=("-c", QUICK_POLL)) as server:
        assert (server.ready["release"], server.ready["releases"], server.ready["follows"]) == (1, [1], True)
        assert [reader.release for reader in list_readers(store)] == [1]
        text = ["shards of pods and cats"]
        old = server.post(text).body
        set_pending(store, "production", 2, 1)
        server.wait_until(lambda: server.get("/ready").body["releases"] == [1, 2])
        both = server.post(text, "document").body["vectors"][0]["indices"]
        move_current(store, "production", 2)
        server.wait_until(lambda: server.get("/ready").body["release"] == 2)
        new = server.post(text).body
        assert old != new and {*old["vectors"][0]["indices"], *new["vectors"][0]["indices"]} <= set(both)
        assert server.metrics()["minicoil_embed_release"] == 2
        hidden = place.home / "store" / "channels" / "production.json"
        shutil.move(hidden, f"{hidden}.away")
        server.wait_until(lambda: server.get("/ready").body["problem"])
        assert server.metrics()["minicoil_embed_channel_problem"] == 1
        assert server.get("/ready").status == 200 and server.post(text).body == new  # the old model goes on
        shutil.move(f"{hidden}.away", hidden)
    assert server.status == 0 and list_readers(store) == []


QUICK_POLL = "from tasks.models import following; following.ChannelFollower.__init__.__defaults__ = (None, None, 0.1); from flows.cli import main; main()"


def test_told_to_stop_it_answers_what_is_under_way_and_ends_with_0(bundle):
    with VectorServer(bundle, "--threads", 1) as server:
        texts = [f"{'pods of nodes in a cluster ' * 30} {i}" for i in range(40)]
        answers = []
        asking = threading.Thread(target=lambda: answers.append(server.post(texts, "document")))
        asking.start()
        with httpx.Client(base_url=server.ready["url"], timeout=PATIENCE_SECONDS) as other:

            def has_begun():
                return parse_metrics(other.get("/metrics").text)["minicoil_embed_waiting_texts"] > 0

            server.wait_until(has_begun)
        server.process.terminate()
        asking.join(PATIENCE_SECONDS)
        assert answers[0].status == 200 and len(answers[0].body["vectors"]) == 40
        assert server.process.wait(PATIENCE_SECONDS) == 0
        assert "stopped" in server.stop()


def test_it_is_alive_before_it_is_ready_and_can_be_stopped_then():
    """Its object store takes the connection and says nothing."""
    with socket.socket() as free, socket.create_server(("127.0.0.1", 0)) as silent:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        free.close()
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        keys = {"MINICOIL_S3_ACCESS_KEY_ID": "key", "MINICOIL_S3_SECRET_ACCESS_KEY": "secret"}
        environment = {**os.environ, **keys, "MINICOIL_S3_ENDPOINT_URL": endpoint}
        command = [sys.executable, "-m", "flows.cli", "serve-embeddings", "s3://models/x@production"]
        command += ["--port", url.rpartition(":")[2]]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
            wait_until_alive(url, process)
            ready = httpx.get(f"{url}/ready", timeout=PATIENCE_SECONDS)
            assert ready.status_code == 503 and ready.json() == {"ready": False, "reason": "the model is loading"}
            asked = httpx.post(f"{url}/embed", json={"texts": ["a"], "kind": "query"}, timeout=PATIENCE_SECONDS)
            assert asked.status_code == 503 and asked.headers["retry-after"] == "1"
            process.terminate()
            assert process.wait(PATIENCE_SECONDS) == 0


def wait_until_alive(url, process):
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            assert httpx.get(f"{url}/health", timeout=PATIENCE_SECONDS).json() == {"alive": True}
            return
        except httpx.TransportError:
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.1)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("/nowhere",), 1, "/nowhere"),
        (("gopher://x@y",), 2, "no resolver for gopher://"),
        (("./model", "--collection", "docs"), 2, "is no channel"),
        (("./model", "--host", "192.0.2.1"), 2, "cannot listen on 192.0.2.1"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(arguments, status, says, tmp_path):
    command = [
        sys.executable,
        "-m",
        "flows.cli",
        "serve-embeddings",
        *arguments,
        "--port",
        "0",
        "--home",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == status
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and says in errors[0] and "Traceback" not in done.stderr


def test_a_release_of_a_store_is_served_under_its_number(place):
    with VectorServer(f"{place.store_url}@1", "--home", place.home, "--avg-len", 9) as server:
        assert server.ready["release"] == 1 and not server.ready["follows"]
        assert server.metrics()["minicoil_embed_release"] == 1
        assert not list_readers(Place.at(place.home).objects())
