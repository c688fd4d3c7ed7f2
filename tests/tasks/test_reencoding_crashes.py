"""kill -9 at random moments of expand, move and contract, of the engine too: the same call ends in the same state."""

import logging
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from minicoil.model import MiniCoil
from tasks.bundles import open_model
from tasks.channels import move_current, read_channel, set_pending
from tasks.corpus import CorpusReport, document
from tasks.indexing import IndexRequest, index_documents
from tasks.place import Place
from tasks.promotion import sweep_channel
from tasks.registry import read_collection_record
from tasks.releases import verify_release
from tasks.searching import search_collection

SEED = int(os.environ.get("MINICOIL_SEED", "11"))
N_KILLS = 30
N_POINTS = 1500
QUERIES = ("pods on a node", "shards and locks", "cats of the universities", "bread and music")

COMMAND = """
import sys
from tasks.place import Place
from tasks.promotion import contract_channel, finish_pending, promote
place = Place.at(sys.argv[1])
print("begins", flush=True)
finish_pending(place, "production")
promote(place, "production", int(sys.argv[2]))
contract_channel(place, "production")
"""


def start(home, release):
    running = subprocess.Popen([sys.executable, "-c", COMMAND, str(home), str(release)], stdout=subprocess.PIPE)
    assert running.stdout is not None and running.stdout.readline() == b"begins\n"
    return running


def state(place):
    """Every point's cells and stamps."""
    with place.points() as points:
        rows = [p for page in points.scroll("docs", vectors=True) for p in page]
    return {
        p.id: (
            dict(zip(p.vectors["minicoil"].indices.tolist(), p.vectors["minicoil"].values.tolist(), strict=True)),
            {name: value for name, value in p.payload.items() if name.startswith("mc_")},
        )
        for p in rows
    }


def check_search(place):
    """The channel names a whole release, and every query finds the points whose text it is about."""
    store = place.objects()
    current = read_channel(store, "production").current
    assert verify_release(store, current) == []
    for query in QUERIES:
        found = search_collection(place, "docs", query, 10)
        assert found["release"] == current and len(found["results"]) == 10


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_re_encoding_survives_kill_nine_at_random_moments(place, make_texts, tmp_path):
    set_pending(place.objects(), "production", 1, None)
    move_current(place.objects(), "production", 1)
    request = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, None)
    documents = [document(f"d{i}", "", text) for i, text in enumerate(make_texts(N_POINTS))]
    with place.points() as points:
        index_documents(place, points, request, iter(documents), CorpusReport())
    rng = random.Random(SEED)
    whole, n_killed, release = 3.0, 0, 2
    while n_killed < N_KILLS:
        for _ in range(6):
            running = start(place.home, release)
            time.sleep(rng.uniform(0, whole))
            if running.poll() is None:
                n_killed += 1
                running.kill()
                if rng.random() < 0.3:  # the engine's process goes down with it
                    os.kill(int((place.home / "engine" / "owner.lock").read_text()), signal.SIGKILL)
            running.communicate()
            check_search(place)
        running = start(place.home, release)
        started = time.monotonic()
        running.communicate()
        assert running.returncode == 0
        whole = max(0.7 * whole, time.monotonic() - started)
        check_search(place)
        record = read_collection_record(place.objects(), "docs")
        assert (record.release, record.previous) == (release, None)
        model = MiniCoil.load(open_model(place, release, "minilm", 4), record.k, record.b, record.avg_len)
        vectors = model.embed([entry.text for entry in documents])
        found = state(place)
        for entry, vector in zip(documents, vectors, strict=True):
            cells = dict(zip(vector.indices.tolist(), vector.values.tolist(), strict=True))
            assert cells.keys() == found[entry.id][0].keys()
            assert all(abs(found[entry.id][0][cell] - value) < 1e-4 for cell, value in cells.items())
        release = {2: 3, 3: 2}[release]  # forth and back
    logging.getLogger(__name__).warning("seed %s: %s kills", SEED, n_killed)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_writer_at_work_during_the_run_loses_nothing(place, make_texts):
    """One in a hundred points changes while the collection is re-encoded by another process."""
    set_pending(place.objects(), "production", 1, None)
    move_current(place.objects(), "production", 1)
    request = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, None)
    texts = {f"d{i}": text for i, text in enumerate(make_texts(3000))}

    def feed(some):
        documents = (document(name, "", text, own_id=name) for name, text in some.items())
        with Place.at(place.home).points() as points:
            index_documents(place, points, request, documents, CorpusReport())

    feed(texts)
    running = start(place.home, 2)
    rng, n_changed = random.Random(SEED), 0
    while running.poll() is None or n_changed < 30:
        some = {name: f"changed {n_changed} pods shards {rng.random()}" for name in rng.sample(sorted(texts), 5)}
        texts |= some
        feed(some)
        n_changed += len(some)
    running.communicate()
    assert running.returncode == 0
    sweep_channel(place, "production")
    record = read_collection_record(place.objects(), "docs")
    model = MiniCoil.load(open_model(place, 2, "minilm", 4), record.k, record.b, record.avg_len)
    with place.points() as points:
        rows = [p for page in points.scroll("docs", vectors=True) for p in page]
    assert sorted(p.payload["text"] for p in rows) == sorted(texts.values())
    for point, vector in zip(rows, model.embed([p.payload["text"] for p in rows]), strict=True):
        assert set(vector.indices.tolist()) == set(point.vectors["minicoil"].indices.tolist()), point.payload
