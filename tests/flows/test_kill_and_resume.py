"""kill -9 at random moments of the main job: nothing published is lost, search goes on, the same command finishes."""

import json
import logging
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from minicoil.model import MiniCoil
from tasks.channels import read_channel
from tasks.place import Place
from tasks.registry import read_collection_record
from tasks.releases import open_release, release_numbers, verify_release
from tasks.searching import search_collection

SEED = int(os.environ.get("MINICOIL_SEED", "3"))
N_KILLS = 4
CORPUS = ("--corpus", "pydocs:networkx", "--sample", "200")


def command(home, *arguments):
    return [sys.executable, "-m", "flows.cli", *arguments, "--home", str(home), "--json"]


def finish(home, *arguments):
    done = subprocess.run(command(home, *arguments), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def check_nothing_is_broken(home, release):
    place = Place.at(home)
    store = place.objects()
    assert read_channel(store, "production").current in (release, *release_numbers(store))
    for number in release_numbers(store):
        assert verify_release(store, number) == []
    assert len(search_collection(place, "docs", "shortest path between nodes", 5)["results"]) == 5


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_extension_survives_kill_nine_at_random_moments(tmp_path):
    home = tmp_path / "home"
    finish(home, "index", "docs", *CORPUS)
    first = finish(home, "extend", "nodes", "paths", "edges", *CORPUS)
    assert first["promoted"]
    rng = random.Random(SEED)
    moments = [rng.uniform(4, 32) for _ in range(N_KILLS)]
    logging.getLogger(__name__).warning("seed %s: killing after %s s", SEED, [round(m, 1) for m in moments])
    second = ("extend", "nodes", "weight", "algorithm", "graphs", *CORPUS)
    for moment in moments:
        running = subprocess.Popen(
            command(home, *second), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(moment)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        check_nothing_is_broken(home, first["release"])
    finish(home, *second)
    again = finish(home, *second)
    assert "nothing to do" in again["message"]
    check_nothing_is_broken(home, first["release"])
    check_every_vector(home)


def check_every_vector(home):
    """Every point carries exactly what its release gives, whatever was interrupted."""
    place = Place.at(home)
    record = read_collection_record(place.objects(), "docs")
    assert record.release == read_channel(place.objects(), "production").current
    folder = open_release(place.objects(), record.release, place.cache)
    model = MiniCoil.load(folder, record.k, record.b, record.avg_len)
    with place.points() as points:
        rows = [point for page in points.scroll("docs", vectors=True) for point in page]
    for point, vector in zip(rows, model.embed([p.payload["text"] for p in rows]), strict=True):
        stored = point.vectors["minicoil"]
        values = dict(zip(stored.indices.tolist(), stored.values.tolist(), strict=True))
        assert all(
            abs(values[i] - v) < 1e-4 for i, v in zip(vector.indices.tolist(), vector.values.tolist(), strict=True)
        )
