"""Writing and finding on a real Qdrant server, beside the way of four round trips that a guarded write once took.

    MINICOIL_TEST_QDRANT_URL=http://127.0.0.1:6333 pytest -m benchmark tests/benchmarks/test_server_benchmark.py -s

Both ways write the same vectors to the same server, in turns, so that whatever else the machine does meets both. The
old way is written out here: look, write vectors under the guard, stamp under the guard, look again, each through the
client's models.
"""

import os
import time
import uuid

import numpy as np
import pytest
from asked_figures import check_asked
from qdrant_client import models
from qdrant_places import SERVER_URL, open_server
from results_file import keep_figures

from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, VectorUpdate
from tasks.qdrant.server_models import to_model

N_POINTS = int(os.environ.get("MINICOIL_BENCH_POINTS", "20480"))
N_REWRITTEN, N_ENTRIES, ROUNDS, BATCH, PAGE = 5120, 120, 5, 256, 512
SCHEMA = CollectionSchema(
    sparse=("minicoil", "bm25"), keyword=("mc_hash", "mc_keys"), integer=("mc_release", "mc_union")
)
pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not SERVER_URL, reason="needs MINICOIL_TEST_QDRANT_URL"),
]


def name(i):
    return str(uuid.UUID(int=i))


def vectors(rng):
    def one():
        cells = np.sort(rng.choice(200_000, N_ENTRIES, replace=False)).astype(np.int32)
        return SparseVector(cells, rng.uniform(0.1, 1.1, N_ENTRIES).astype(np.float32))

    return {"minicoil": one(), "bm25": one()}


def guard(update):
    must = [models.HasIdCondition(has_id=[update.id])]
    must += [models.FieldCondition(key=k, match=models.MatchValue(value=v)) for k, v in update.unchanged.items()]
    return models.Filter(must=must)


def unchanged(client, updates):
    rows = client.retrieve("docs", [u.id for u in updates], ["mc_hash"], False)
    held = {str(row.id): row.payload for row in rows}
    return [u for u in updates if u.id in held and u.holds(held[u.id])]


def write_in_four_trips(points, updates, stamp):
    written = []
    for start in range(0, len(updates), BATCH):
        kept = unchanged(points._client, updates[start : start + BATCH])
        held = models.Filter(should=[guard(update) for update in kept])
        rows = [models.PointVectors(id=u.id, vector={k: to_model(v) for k, v in u.vectors.items()}) for u in kept]
        points._client.update_vectors("docs", rows, wait=True, update_filter=held)
        points._client.set_payload("docs", dict(stamp), held, wait=True)
        written += [u.id for u in unchanged(points._client, kept)]
    return written


def write_as_now(points, updates, stamp):
    return points.write_vectors("docs", updates, stamp)


def timed(way, points, updates, release):
    stamp, started, n = {"mc_release": release, "mc_union": release - 1}, time.perf_counter(), 0
    for start in range(0, len(updates), PAGE):
        n += len(way(points, updates[start : start + PAGE], stamp))
    assert n == len(updates)
    return len(updates) / (time.perf_counter() - started)


def test_guarded_rewrites_and_finding():
    rng = np.random.default_rng(0)
    with open_server("server") as points:
        points.ensure("docs", SCHEMA)
        payload = {"text": "word " * 170, "mc_release": 1, "mc_keys": ["a", "b", "c"]}
        started = time.perf_counter()
        for start in range(0, N_POINTS, PAGE):
            rows = [Point(name(i), {**payload, "mc_hash": f"h{i}"}, vectors(rng)) for i in range(start, start + PAGE)]
            points.upsert("docs", rows)
        upserted = N_POINTS / (time.perf_counter() - started)
        updates = [VectorUpdate(name(i), vectors(rng), {"mc_hash": f"h{i}"}) for i in range(N_REWRITTEN)]
        rates = {"four trips": [], "now": []}
        for turn in range(ROUNDS):
            rates["four trips"].append(timed(write_in_four_trips, points, updates, 2 + 2 * turn))
            rates["now"].append(timed(write_as_now, points, updates, 3 + 2 * turn))
        best = {way: max(found) for way, found in rates.items()}
        figures = {
            "server": points._client.info().version,
            "n_points": N_POINTS,
            "upserted_per_second": round(upserted),
            "rewritten_per_second": {way: [round(rate) for rate in found] for way, found in rates.items()},
            "times_faster": round(best["now"] / best["four trips"], 3),
            "find": find_everywhere(points),
        }
    print(f"\nguarded rewrite with stamp: {figures['times_faster']} x four trips; {figures}")
    keep_figures("server", figures)
    check_asked("server", figures)


def find_everywhere(points):
    """60,000 points of one cell, on one shard and on four: how many are found, and how fast."""
    found = {}
    for shards in (1, 4):
        where = f"find{shards}"
        sparse = {"minicoil": models.SparseVectorParams(modifier=models.Modifier.IDF)}
        points._client.create_collection(where, vectors_config={}, sparse_vectors_config=sparse, shard_number=shards)
        cell = SparseVector(np.array([7], np.int32), np.ones(1, np.float32))
        for start in range(0, 60_000, 2000):
            points.upsert(where, [Point(name(i), {}, {"minicoil": cell}) for i in range(start, start + 2000)])
        started = time.perf_counter()
        n = len(points.find(where, "minicoil", [7]))
        found[f"{shards} shards"] = {"found": n, "of": 60_000, "seconds": round(time.perf_counter() - started, 2)}
    return found
