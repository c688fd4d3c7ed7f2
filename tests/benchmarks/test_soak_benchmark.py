"""Fifty small extensions in a row by one process, on one home: what grows, and what prune brings back.

pytest -m benchmark tests/benchmarks/test_soak_benchmark.py -s      (MINICOIL_BENCH_OUT=FILE keeps the figures)

The encoder is tiny, so that the figures show what the service itself keeps: a release is 9 MB here, 100 MB with MiniLM.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from crash_homes import make_encoder
from results_file import stamp

N_EXTENSIONS = int(os.environ.get("MINICOIL_BENCH_EXTENSIONS", "50"))
SETTLED = 5  # extensions after which every cache that is bounded by its nature has begun
MOST_MB_AN_EXTENSION = 4.0  # of memory, held by a process that lives through all of them
HERE = Path(__file__).parent


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
def test_fifty_extensions_leave_nothing_behind_but_releases(tiny_encoder, tmp_path):
    encoder = make_encoder(tiny_encoder, tmp_path / "encoder")
    paths = (HERE.parents[1], HERE.parent / "helpers", HERE)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, "-m", "soak_child", str(tmp_path / "home"), str(encoder), str(N_EXTENSIONS)]
    with (tmp_path / "log").open("w") as log:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, env=environment, text=True, check=False)
    assert done.returncode == 0, (tmp_path / "log").read_text()[-3000:]
    *rows, pruned = map(json.loads, done.stdout.splitlines())
    report = {
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "extensions": len(rows),
        "first": rows[SETTLED],
        "last": rows[-1],
        "pruned": pruned,
        "rows": [[row["extension"], row["seconds"], row["rss_mb"], row["store_mb"], row["engine_mb"]] for row in rows],
    }
    print("\n" + json.dumps({key: report[key] for key in ("first", "last", "pruned")}, indent=1))
    if out := os.environ.get("MINICOIL_BENCH_OUT"):
        Path(out).write_text(json.dumps(stamp(report)) + "\n")
    first, last = rows[SETTLED], rows[-1]
    n = len(rows) - SETTLED - 1
    assert last["open_files"] <= first["open_files"] and last["threads"] <= first["threads"]
    assert last["owner_open_files"] <= first["owner_open_files"] + 2  # its clients of the moment
    assert last["rss_mb"] - first["rss_mb"] <= MOST_MB_AN_EXTENSION * n
    assert last["work_mb"] == 0
    size_mb = rows[0]["store_mb"]
    assert last["store_mb"] <= 1.1 * size_mb * len(rows)  # a release each
    assert pruned["store_mb"] <= 1.5 * size_mb  # one is left
    assert last["engine_mb"] / last["n_points"] <= 2 * first["engine_mb"] / first["n_points"]
    assert last["n_points"] == last["n_sentences"]
