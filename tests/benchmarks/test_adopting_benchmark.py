"""What adopting a live collection costs beside the encoder, point for point, on a real Qdrant server.

    MINICOIL_TEST_QDRANT_URL=http://127.0.0.1:6333 pytest -m benchmark tests/benchmarks/test_adopting_benchmark.py -s

The encoder is left out: vectors of 240 cells come from a pool, and the closing comparison of a sample with its texts,
which encodes them, is left out with it. All else is as a person's run has it: reading the points, tokens, keys and plain
BM25 of every text, guarded writes of two vectors and six fields, reading back, a record looked up for every page. The
home is new: nothing is cached. The server has finished what its owner's filling gave it to do. Beside it, on fewer
points of the same kind, each point is written in a request of its own.
"""

import os
import time

import numpy as np
import pytest
from asked_figures import check_asked
from qdrant_client import models
from qdrant_places import SERVER_URL, open_server
from results_file import keep_figures

from minicoil.files.layout import BundleLayout
from minicoil.sparse.cells import SparseVector
from minicoil.sparse.model import MiniCoil
from tasks.adoption import adopting
from tasks.adoption.adopting import adopt_collection
from tasks.adoption.adoption_plan import AdoptRequest
from tasks.adoption.unadopting import undo_adoption
from tasks.collections import filling
from tasks.models.bundles import open_model
from tasks.place import Place
from tasks.qdrant.server_optimising import await_rest
from tasks.rewriting.reencoding import ExpansionOptions

N_POINTS = int(os.environ.get("MINICOIL_BENCH_POINTS", "100000"))
N_ONE_BY_ONE, N_CELLS, N_WORDS, DIMS, PAGE = 2000, 240, 110, 384, 500
pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not SERVER_URL, reason="needs MINICOIL_TEST_QDRANT_URL"),
]


@pytest.fixture
def vectors(monkeypatch):
    """A pool in the encoder's place; the vectors of the texts it was asked for are counted."""
    rng = np.random.default_rng(0)
    pool = [
        SparseVector(
            np.sort(rng.choice(160_000, N_CELLS, replace=False)).astype(np.int32),
            rng.uniform(0.1, 1.1, N_CELLS).astype(np.float32),
        )
        for _ in range(1000)
    ]
    monkeypatch.setattr(filling, "make_vectors", lambda model, others, texts: [pool[hash(t) % 1000] for t in texts])
    monkeypatch.setattr(adopting, "compare_points", lambda *arguments: [])


def make_texts(words, n, seed):
    """Some 110 words each, frequent ones often, as in text."""
    rng = np.random.default_rng(seed)
    ranks = np.minimum(rng.zipf(1.25, size=(n, N_WORDS)), len(words)) - 1
    return [" ".join(words[i] for i in row) for row in ranks]


def fill(points, name, words, n, seed):
    """Points as their owner has them; seconds, for comparing."""
    params = models.VectorParams(size=DIMS, distance=models.Distance.COSINE)
    points._client.create_collection(name, vectors_config={"dense": params})
    rng, started = np.random.default_rng(seed), time.perf_counter()
    for start in range(0, n, PAGE):
        texts = make_texts(words, min(PAGE, n - start), seed + start)
        dense = rng.normal(size=(len(texts), DIMS)).astype(np.float32)
        rows = [
            models.PointStruct(id=start + i, payload={"title": "", "body": text}, vector={"dense": dense[i].tolist()})
            for i, text in enumerate(texts)
        ]
        points._client.upsert(name, rows, wait=True)
    seconds = time.perf_counter() - started
    assert await_rest(points._client, name)
    return seconds


def adopt(place, points, name):
    """ms a point, points, and seconds."""
    started = time.perf_counter()
    answer = adopt_collection(place, points, AdoptRequest(name, "production", "{title} {body}"), ExpansionOptions())
    seconds = time.perf_counter() - started
    assert answer["n_written"] == answer["n_points"] and answer["n_due"] == 0
    return 1000 * seconds / answer["n_points"], answer["n_points"], seconds


def test_adopting_beside_the_encoder(vectors, tmp_path, monkeypatch):
    place = Place.at(tmp_path)
    folder = open_model(place, 0, "minilm", 4)
    known = MiniCoil.load(folder).tokenizer
    listed = BundleLayout(folder).tokenizer.read_text("utf-8")
    words = sorted({w for w in _plain_words(listed) if known.words(w)[1:-1] == (w,)})
    with open_server("server") as points:
        seconds_filling = fill(points, "docs", words, N_POINTS, 1)
        cost, n_points, seconds = adopt(place, points, "docs")
        started = time.perf_counter()
        undo_adoption(place, points, "docs")
        undone = time.perf_counter() - started
        fill(points, "few", words, N_ONE_BY_ONE, 2)
        write = points.write_vectors
        monkeypatch.setattr(
            points, "write_vectors", lambda name, updates, stamp: [i for u in updates for i in write(name, [u], stamp)]
        )
        one_by_one = adopt(place, points, "few")[0]
        figures = {
            "server": points._client.info().version,
            "n_points": n_points,
            "n_words_a_text": N_WORDS,
            "n_cells_a_vector": N_CELLS,
            "seconds": round(seconds, 1),
            "ms_a_point": round(cost, 3),
            "ms_a_point_one_by_one": round(one_by_one, 3),
            "n_points_one_by_one": N_ONE_BY_ONE,
            "ms_a_point_upserted_by_its_owner": round(1000 * seconds_filling / n_points, 3),
            "ms_a_point_undone": round(1000 * undone / n_points, 3),
        }
    print(f"\nadopting beside the encoder: {figures}")
    keep_figures("adopting", figures)
    check_asked("adopting", figures)


def _plain_words(listed):
    from minicoil.files.strict_json import parse_json

    return [
        word for word in parse_json(listed)["model"]["vocab"] if word.isalpha() and word.isascii() and len(word) > 3
    ]
