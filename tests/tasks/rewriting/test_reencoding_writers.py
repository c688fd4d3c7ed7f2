"""Others write to a collection while it is re-encoded: nothing of theirs is lost, and no point keeps cells of another text.

By hand: `MINICOIL_SEEDS=100 MINICOIL_POINTS=5000 pytest tests/tasks/rewriting/test_reencoding_writers.py -k meddler`; with
MINICOIL_TEST_QDRANT_URL also on a real server, and with MINICOIL_TEST_QDRANT_KILL, a command that ends a node, on a
cluster that loses one.
"""

import json
import os
import random
import subprocess
import sys
import threading
from functools import partial
from types import SimpleNamespace

import pytest
from local_server import share_server
from qdrant_client import models
from qdrant_places import SERVER_KINDS, SERVER_URL

from minicoil.sparse.model import MiniCoil
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.registry import read_collection_record
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.collections.texts import open_texts
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import document
from tasks.models.bundles import open_model
from tasks.place import Place
from tasks.readers.confirmation import declare_readers
from tasks.rewriting import verification
from tasks.rewriting.promotion import contract_channel, promote, sweep_channel
from tasks.rewriting.sweeping import sweep_collection
from tasks.rewriting.verification import compare_points, verify_collection

KILL = os.environ.get("MINICOIL_TEST_QDRANT_KILL", "")
COMMAND = """
import sys
from tasks.place import Place
from tasks.rewriting.promotion import contract_channel, finish_pending, promote
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
    rng, n_changed = random.Random(11), 0
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


class Meddler:
    """A client before some of whose requests somebody else writes to the collection."""

    def __init__(self, client, rng):
        self._client, self._rng, self._lock = client, rng, threading.Lock()
        self.plans, self.share = [], 0.4

    def __getattr__(self, name):
        call = getattr(self._client, name)
        return partial(self._call, call) if callable(call) else call

    @property
    def http(self):
        request = self._client.http.client.request
        return SimpleNamespace(client=SimpleNamespace(request=partial(self._call, request)))

    def _call(self, call, *args, **options):
        with self._lock:
            while self.plans and self._rng.random() < self.share:
                self.plans.pop()(self._client)
        return call(*args, **options)


def delete(point, texts, text, client):
    del texts[point]
    client.delete("docs", models.PointIdsList(points=[point]), wait=True)


def replace_whole(point, texts, text, client):
    """As a writer does that knows nothing of this service."""
    texts[point] = text
    client.upsert("docs", [models.PointStruct(id=point, payload={"text": text}, vector={})], wait=True)


def set_text_alone(point, texts, text, client):
    texts[point] = text
    client.set_payload("docs", {"text": text}, models.Filter(must=[models.HasIdCondition(has_id=[point])]), wait=True)


@pytest.mark.parametrize("kind", SERVER_KINDS)
@pytest.mark.parametrize("seed", range(int(os.environ.get("MINICOIL_SEEDS", "3"))))
def test_a_meddler_at_random_moments_costs_no_point_its_cells(place, make_texts, monkeypatch, kind, seed):
    """5 % of the points are deleted or changed while they are re-encoded."""
    n, rng = int(os.environ.get("MINICOIL_POINTS", "400")), random.Random(seed)
    serve_first(place)
    with share_server(kind) as points:
        monkeypatch.setattr(Place, "points", lambda self: points)
        texts = fill(place, points, make_texts(n))
        meddler = Meddler(points._client, rng)
        monkeypatch.setattr(points, "_client", meddler)
        ways = (delete, replace_whole, set_text_alone)
        for i, point in enumerate(rng.sample(sorted(texts), n // 20)):
            text = f"{rng.choice(('shards', 'pods and graphs', 'the of', 'music'))} of another text {i}"
            meddler.plans.append(partial(rng.choice(ways), point, texts, text))
        n_plans = len(meddler.plans)
        meddler.share = max(0.4, n_plans / (n_plans + 60))  # so that a run of this size sees most of them
        promote(place, "production", 2)
        assert len(meddler.plans) < n_plans / 2, "most of it happened meanwhile"
        while meddler.plans:
            meddler.plans.pop()(meddler._client)
        sweep_channel(place, "production")
        record = read_collection_record(place.objects(), "docs")
        check_all(place, points, record, texts)
        declare_readers(place, "production", known=True)  # else no cell would ever go
        contract_channel(place, "production")
        record = read_collection_record(place.objects(), "docs")
        check_all(place, points, record, texts)
        assert verify_collection(place, points, record).is_sound


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_a_writer_that_never_rests_stops_no_promotion(place, make_texts, monkeypatch, kind):
    """After every sweep somebody writes another point: late, and the next sweep's, but nothing is wrong."""
    serve_first(place)
    with share_server(kind) as points:
        monkeypatch.setattr(Place, "points", lambda self: points)
        texts = fill(place, points, make_texts(200))
        left = sorted(texts)

        def sweep(*args, **options):
            change = sweep_collection(*args, **options)
            if not options.get("dry_run"):
                replace_whole(left.pop(), texts, "shards of a writer who never rests", points._client)
            return change

        monkeypatch.setattr(verification, "sweep_collection", sweep)
        answer = promote(place, "production", 2)
        (key,) = answer["reports"]
        found = json.loads(place.objects().read(key))["verification"]
        assert answer["promoted"] and found["is_sound"] and found["n_late"] >= 1 and "texts" not in found
        monkeypatch.undo()
        monkeypatch.setattr(Place, "points", lambda self: points)
        sweep_channel(place, "production")
        check_all(place, points, read_collection_record(place.objects(), "docs"), texts)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not (SERVER_URL and KILL), reason="needs MINICOIL_TEST_QDRANT_URL and MINICOIL_TEST_QDRANT_KILL")
def test_a_node_lost_in_mid_run_costs_no_point_its_cells(place, make_texts, monkeypatch):
    """The command in MINICOIL_TEST_QDRANT_KILL ends one node of a cluster, not the one that the URL names."""
    serve_first(place)
    with share_server("server") as points:
        monkeypatch.setattr(Place, "points", lambda self: points)
        texts = fill(place, points, make_texts(5000))
        meddler = Meddler(points._client, random.Random(1))
        lost = []
        meddler.plans = [lambda client: lost.append(subprocess.run(KILL, shell=True, check=True))]
        monkeypatch.setattr(points, "_client", meddler)
        answer = promote(place, "production", 2)
        assert lost and answer["promoted"] and answer["collections"][0]["n_rewritten"] > 1000
        record = read_collection_record(place.objects(), "docs")
        check_all(place, points, record, texts)


def serve_first(place):
    set_pending(place.objects(), "production", 1, None)
    move_current(place.objects(), "production", 1)


def fill(place, points, texts):
    """A collection of the texts; its points' texts by id."""
    request = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, None)
    documents = [document(f"d{i}", "", text) for i, text in enumerate(texts)]
    index_documents(place, points, request, iter(documents), CorpusReport())
    return {p.id: p.payload["text"] for page in points.scroll("docs") for p in page}


def check_all(place, points, record, texts):
    """Every point is as its text and the record's releases say."""
    rows = [point for page in points.scroll("docs", vectors=True) for point in page]
    assert {point.id: point.payload["text"] for point in rows} == texts
    source = open_texts(record, place.cache)
    assert not compare_points(place, record, [(point, source.read(point)) for point in rows])
