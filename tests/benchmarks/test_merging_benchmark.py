"""What the embedded engine's memory grows by with the points of a collection, beside the engine left to itself.

    pytest -m benchmark -s tests/benchmarks/test_merging_benchmark.py

Documents have a miniCOIL vector, a BM25 vector and the keys of a hundred words; sentences a text and a role-model vector.
Each is written, merged, half written again and merged again, in a process of its own, at two sizes: the growth between
these is what a larger collection pays.
"""

import json
import os
import sys
from pathlib import Path

import pytest
from asked_figures import check_asked
from process_watch import run_watched
from results_file import keep_figures

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]
CHILD = Path(__file__).with_name("merging_child.py")
N_POINTS = int(os.environ.get("MINICOIL_BENCH_POINTS", "160000"))
SIZES = (N_POINTS // 4, N_POINTS)
WAYS = {"all at once": True, "a little at a time": False}


def run(folder, kind, n, at_once):
    job = {"folder": str(folder), "kind": kind, "n": n, "at_once": at_once}
    root = str(CHILD.parents[2])
    command = [sys.executable, str(CHILD), json.dumps(job)]
    watched = run_watched(command, {**os.environ, "PYTHONPATH": root}, folder.with_suffix(".log"))
    answer = json.loads(watched.output.splitlines()[-1])
    return {**answer, "own_mib": sum(watched.own_mib.values()), "peak_mib": watched.total_mib}


def test_memory_grows_little_with_the_points(tmp_path):
    figures = {}
    for kind in ("documents", "sentences"):
        for way, at_once in WAYS.items():
            rows = {n: run(tmp_path / f"{kind}-{n}-{at_once}", kind, n, at_once) for n in SIZES}
            few, many = (rows[n] for n in SIZES)
            grown = {
                f"{name}_kb_a_point": round(
                    1024 * (many[f"{name}_mib"] - few[f"{name}_mib"]) / (SIZES[1] - SIZES[0]), 2
                )
                for name in ("own", "peak")
            }
            figures.setdefault(kind, {})[way] = {"sizes": {str(n): row for n, row in rows.items()}, **grown}
            print(kind, way, json.dumps(figures[kind][way]), flush=True)
    check_asked("merging", keep_figures("merging", {"n_points": N_POINTS, **figures}))
