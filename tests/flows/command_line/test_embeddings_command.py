"""Vectors are served with the bounds that were given, and an address that others reach is told."""

import json
import os

import pytest
from click.testing import CliRunner

from flows.cli import main
from tasks.vectors import Bounds


@pytest.fixture
def served(monkeypatch):
    """What would have been served."""
    asked = []

    def serve(address, host, port, bounds, threads, say_ready):
        asked.append((address, host, port, bounds, threads, os.environ["MINICOIL_HOME"]))
        say_ready(f"http://{host}:{port}", {"release": 7, "follows": True})

    monkeypatch.setattr("tasks.vectors.serve_vectors", serve)
    monkeypatch.setenv("MINICOIL_HOME", "/elsewhere")
    return asked


def call(*arguments):
    return CliRunner().invoke(main, ["serve-embeddings", *arguments])


def test_bounds_and_settings_reach_who_serves_and_the_home_is_named(served, tmp_path):
    answer = call(
        "s3://b/x@production", "--avg-len", "44", "--max-texts", "5", "--max-characters", "6",
        "--max-body-bytes", "7", "--max-waiting", "8", "--threads", "2", "--port", "0", "--home", str(tmp_path),
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    ((address, host, port, bounds, threads, home),) = served
    assert (host, port, threads, home) == ("127.0.0.1", 0, 2, str(tmp_path))
    assert (address.place, address.collection, address.avg_len, address.k) == (
        "s3://b/x@production",
        None,
        44.0,
        None,
    )
    assert bounds == Bounds(5, 6, 7, 8)
    assert answer.stdout == "" and answer.stderr.splitlines() == [
        "ready: http://127.0.0.1:0/embed, release 7, followed   Ctrl-C stops",
        "stopped",
    ]


def test_an_address_that_others_reach_is_told(served, tmp_path):
    answer = call("model", "--host", "0.0.0.0", "--json", "--home", str(tmp_path))
    assert answer.stderr.startswith("this address can be reached from other machines")
    assert json.loads(answer.stdout) == {"url": "http://0.0.0.0:8300", "release": 7, "follows": True}


@pytest.mark.parametrize(
    "option", ["--max-texts", "--max-characters", "--max-body-bytes", "--max-waiting", "--threads"]
)
def test_a_bound_of_nothing_is_bad_usage(served, option, tmp_path):
    answer = call("model", option, "0", "--home", str(tmp_path))
    assert answer.exit_code == 2 and option in answer.stderr and served == []


def test_without_its_extra_it_says_what_to_install(served, monkeypatch, tmp_path):
    monkeypatch.setattr("minicoil.extras.find_spec", lambda module: None)
    answer = call("model", "--home", str(tmp_path))
    assert answer.exit_code == 2 and "[serve]" in answer.stderr and served == []
