"""What Prefect costs: a whole extension with 500 words as a flow, against the same calls without Prefect.

pytest -m benchmark -s tests/benchmarks/test_orchestration_benchmark.py

Sentences are encoded beforehand, into the cache of a home that is then copied, so that both sides do everything else:
read, choose, train, judge, assemble, prove, publish, re-encode. The overhead in seconds is the same with encoding, its
share of the whole is smaller then. Both sides take turns, so that a machine that slows down slows both.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from asked_figures import check_asked
from crash_homes import copy_home
from results_file import keep_figures

from flows.embedded import run

CHILD = Path(__file__).with_name("orchestration_child.py")
N_WORDS = int(os.environ.get("MINICOIL_BENCH_WORDS", "500"))
ROUNDS = int(os.environ.get("MINICOIL_BENCH_ROUNDS", "2"))
CORPUS = ["pydocs:scipy,sklearn,pandas"]


def _extend(mode, home):
    values = {"home": str(home), "corpus": CORPUS, "common": N_WORDS, "max_sentences": 200, "promote": True}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    command = [sys.executable, str(CHILD), mode, json.dumps(values)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["n_words"] == N_WORDS
    return answer


def _copy(home, target):
    """The home once nobody has its engine open."""
    until = time.monotonic() + 120
    while (home / "engine" / "owner.sock").exists():
        assert time.monotonic() < until, "the engine's owner stays"
        time.sleep(0.5)
    copy_home(home, target)


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
def test_prefect_against_the_same_calls_without_it(tmp_path):
    run("index-collection", {"home": str(tmp_path / "home"), "collection": "docs", "corpus": CORPUS, "sample": 300})
    _copy(tmp_path / "home", tmp_path / "warm")
    cold = _extend("plain", tmp_path / "warm")
    encoded = Path("cache", "sentences")  # the rest of a copy's cache is hard links
    shutil.copytree(tmp_path / "warm" / encoded, tmp_path / "home" / encoded, dirs_exist_ok=True)
    runs = {"flow": [], "plain": []}
    for turn in range(ROUNDS):
        for mode in ("flow", "plain") if turn % 2 else ("plain", "flow"):
            _copy(tmp_path / "home", tmp_path / "copy")
            runs[mode].append(_extend(mode, tmp_path / "copy"))
            shutil.rmtree(tmp_path / "copy")
    assert len({answer["promoted"] for answers in runs.values() for answer in answers}) == 1
    flow = statistics.median(answer["seconds"] for answer in runs["flow"])
    plain = statistics.median(answer["seconds"] - answer["import_seconds"] for answer in runs["plain"])
    report = {
        "n_words": N_WORDS,
        "flow_seconds": round(flow, 1),
        "plain_seconds": round(plain, 1),
        "overhead_seconds": round(flow - plain, 1),
        "cold_seconds": round(cold["seconds"], 1),
        "runs": runs,
    }
    keep_figures("orchestration", report)
    print(f"\n{report}")
    check_asked("orchestration", report)
