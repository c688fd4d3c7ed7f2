"""One collection written, merged, half written again and merged again: `merging_child.py JOB`, in a process of its own.

JOB is JSON: `folder`, `kind` ("documents" or "sentences"), `n` points, and `at_once` for the engine as it is by itself.
The answer is one line of JSON.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import qdrant_edge as edge

from minicoil.sparse.cells import SparseVector
from tasks.catalogue.payload_fields import HASH_FIELD, KEYS_FIELD, STAMP_FIELD
from tasks.collections.indexing import BM25_VECTOR, SCHEMA, VECTOR
from tasks.points import CollectionSchema, Point, open_shards
from tasks.points.engine import EdgeEngine

BATCH, N_WORDS, N_CELLS, N_BM25, N_SEARCHES = 1000, 30_000, 140, 70, 200
SENTENCES = CollectionSchema(dense={"role": 384}, keyword=("doc",), text=("text", "folded"))


def merge_all_at_once():
    """The engine as it is by itself: one merge, when somebody asks for it, into segments of its own choice."""
    bounded = open_shards.edge.EdgeOptimizersConfig

    def unbounded(**options):
        return bounded(**{**options, "default_segment_number": None, "max_segment_size": None})

    open_shards.MERGED_POINTS = 2**60
    open_shards.edge = type("Edge", (), {**vars(edge), "EdgeOptimizersConfig": unbounded})


def point(rng, words, kind, i):
    text = words[np.minimum(rng.zipf(1.25, 100 if kind == "documents" else 20), N_WORDS) - 1].tolist()
    payload = {"text": " ".join(text), "doc": f"d{i // 20}"}
    if kind == "sentences":
        return Point(i, payload, {"role": rng.normal(size=384).astype(np.float32)})
    vectors = {}
    for name, n in ((VECTOR, N_CELLS), (BM25_VECTOR, N_BM25)):
        cells = np.unique(np.minimum(rng.zipf(1.3, 2 * n), 200_000))[:n].astype(np.int32)
        vectors[name] = SparseVector(cells, rng.random(len(cells)).astype(np.float32))
    return Point(i, {**payload, KEYS_FIELD: sorted(set(text)), STAMP_FIELD: 1, HASH_FIELD: f"{i:032x}"}, vectors)


def main(folder, kind, n, at_once):
    if at_once:
        merge_all_at_once()
    engine = EdgeEngine(Path(folder))
    engine.ensure("points", SCHEMA if kind == "documents" else SENTENCES)
    rng, words = np.random.default_rng(1), np.array([f"word{i}" for i in range(N_WORDS)])
    longest = spent = 0.0
    for end in (n, n // 2):
        for start in range(0, end, BATCH):
            rows = [point(rng, words, kind, i) for i in range(start, min(start + BATCH, end))]
            begun = time.perf_counter()
            engine.upsert("points", rows)
            longest, spent = max(longest, time.perf_counter() - begun), spent + time.perf_counter() - begun
        begun = time.perf_counter()
        engine.optimize("points")
        longest, spent = max(longest, time.perf_counter() - begun), spent + time.perf_counter() - begun
    assert engine.count("points") == n
    answer = {"seconds": round(spent, 1), "longest": round(longest, 1), "cpu": round(time.process_time(), 1)}
    if kind == "documents":
        queries = [
            SparseVector(np.array([3 + i, 17, 400], np.int32), np.ones(3, np.float32)) for i in range(N_SEARCHES)
        ]
        engine.search("points", VECTOR, queries[0], 10)
        begun = time.perf_counter()
        for query in queries:
            engine.search("points", VECTOR, query, 10)
        answer["ms_a_search"] = round(1000 * (time.perf_counter() - begun) / N_SEARCHES, 2)
    engine.close()
    print(json.dumps(answer))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
