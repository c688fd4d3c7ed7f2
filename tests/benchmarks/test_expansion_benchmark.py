"""How fast affected points are rewritten beside the bare encoder, and how right the dry run was about it.

    pytest -m benchmark tests/benchmarks/test_expansion_benchmark.py -s        (MINICOIL_BENCH_OUT=FILE keeps the figures)
    MINICOIL_TEST_QDRANT_URL=http://127.0.0.1:6333 ...                         on that server beside the embedded engine

100,000 real sentences, one in ten of them affected by a change of words. First the dry run says what the expansion will
take; then the affected texts go through the model alone, half before the expansion and half after it; and the expansion
itself is timed from its start to its end, finding and writing included, with nothing remembered from before. Points that
are not affected hold vectors out of a pool: nobody reads them.
"""

import json
import os
import shutil
import time

import numpy as np
import pytest
from asked_figures import check_asked
from expansion_lab import choose_words, make_releases, read_sentences
from qdrant_places import SERVER_URL, open_kind
from results_file import keep_figures

from minicoil.folder.bundle import create_empty_bundle
from minicoil.sparse.cells import SparseVector
from minicoil.sparse.impact import is_affected, text_keys
from minicoil.sparse.model import MiniCoil
from tasks.catalogue.payload_fields import HASH_FIELD, KEYS_FIELD, NO_UNION, STAMP_FIELD, UNION_FIELD
from tasks.catalogue.registry import CollectionRecord, register_collection
from tasks.collections.indexing import BM25_VECTOR, SCHEMA, VECTOR
from tasks.documents.documents import text_hash
from tasks.place import Place
from tasks.points import Point
from tasks.rewriting.expansion_plan import plan_expansion
from tasks.rewriting.reencoding import expand_collection

N_POINTS = int(os.environ.get("MINICOIL_BENCH_POINTS", "100000"))
SHARE, N_CELLS, PAGE, AVG_LEN = 0.1, 9, 1000, 12.0


def fill(points, texts, tokens, before):
    """The collection as release 1 left it."""
    rng = np.random.default_rng(0)
    pool = [
        SparseVector(np.sort(rng.choice(12_000, N_CELLS, replace=False)).astype(np.int32), np.ones(N_CELLS, np.float32))
        for _ in range(1000)
    ]
    points.ensure("docs", SCHEMA)
    for start in range(0, len(texts), PAGE):
        rows = []
        for i in range(start, min(start + PAGE, len(texts))):
            payload = {"text": texts[i], KEYS_FIELD: text_keys(tokens[i]), HASH_FIELD: text_hash(texts[i])}
            payload |= {STAMP_FIELD: 1, UNION_FIELD: NO_UNION}
            rows.append(Point(i, payload, {VECTOR: before.get(i, pool[i % 1000]), BM25_VECTOR: pool[i % 1000]}))
        points.upsert("docs", rows)
    points.optimize("docs")


def cells_of(points, ids):
    """Mean cells a point."""
    rows = [p for start in range(0, len(ids), 500) for p in points.get("docs", ids[start : start + 500], vectors=True)]
    return float(np.mean([len(p.vectors[VECTOR].indices) for p in rows]))


def timed(work):
    started, cpu = time.perf_counter(), time.process_time()
    answer = work()
    return answer, time.perf_counter() - started, time.process_time() - cpu


def run(kind, folder, made, texts, tokens):
    """One engine: what was said, what came, and the bare encoder beside."""
    home = folder / kind
    shutil.copytree(made, home)
    place = Place.at(home)
    new, old = (MiniCoil.load(folder / f"model-{number}", avg_len=AVG_LEN) for number in (2, 1))
    affected = [i for i, row in enumerate(tokens) if is_affected(old.vocabulary, new.vocabulary, row)]
    asked = [texts[i] for i in affected]
    half = len(asked) // 2
    record = CollectionRecord(
        name="docs", channel="production", k=1.2, b=0.75, avg_len=AVG_LEN, dims=4, shift=old.vocabulary.unknown_shift,
        encoder="minilm", encoder_digest="", release=1,
    )  # fmt: skip
    register_collection(place.objects(), record)
    list(new.embed(asked[:8]))
    before, first, _ = timed(lambda: list(old.embed(asked[:half])))
    with open_kind(kind, home) as points:
        before += list(old.embed(asked[half:]))
        fill(points, texts, tokens, dict(zip(affected, before, strict=True)))
        planned = plan_expansion(place, points, record, 2)
        had = cells_of(points, affected)
        change, wall, cpu = timed(lambda: expand_collection(place, points, record, 2))
        got = cells_of(points, affected)
    _, second, _ = timed(lambda: list(new.embed(asked[half:])))
    said = planned.costs
    return {
        "n_affected": len(affected),
        "n_rewritten": change.n_rewritten,
        "bare_encoder_points_a_second": round(len(asked) / (first + second), 1),
        "points_a_second": round(len(asked) / wall, 1),
        "share_of_the_bare_encoder": round((first + second) / wall, 3),
        "said": {
            "wall_seconds": round(said["wall_hours"] * 3600, 1),
            "cpu_seconds": round(said["cpu_hours"] * 3600, 1),
            "postings": said["postings"],
        },
        "came": {
            "wall_seconds": round(wall, 1),
            "cpu_seconds": round(cpu, 1),
            "postings": round((got - had) * len(affected)),
        },
        "off_by": {
            "wall_seconds": round(said["wall_hours"] * 3600 / wall - 1, 3),
            "cpu_seconds": round(said["cpu_hours"] * 3600 / cpu - 1, 3),
            "postings": round(said["postings"] / ((got - had) * len(affected)) - 1, 3),
        },
    }


@pytest.mark.benchmark
@pytest.mark.shared
@pytest.mark.timeout(7200)
def test_affected_points_are_rewritten_at_the_pace_of_the_encoder(shared_data, encoder_folder, tmp_path, capsys):
    texts = read_sentences(shared_data, N_POINTS)
    create_empty_bundle(encoder_folder, tmp_path / "tokens")
    tokenizer = MiniCoil.load(tmp_path / "tokens").tokenizer
    tokens = [
        text.tokens for start in range(0, len(texts), 5000) for text in tokenizer.tokenize(texts[start : start + 5000])
    ]
    make_releases(Place.at(tmp_path / "made"), encoder_folder, tmp_path, choose_words(tokens, SHARE))
    figures = {"n_points": len(texts)}
    for kind in ("embedded", *(["server"] if SERVER_URL else [])):
        figures[kind] = run(kind, tmp_path, tmp_path / "made", texts, tokens)
        with capsys.disabled():
            print(f"\n{kind}: " + json.dumps(figures[kind], indent=1))
    keep_figures("expansion", figures)
    check_asked("expansion", figures)
