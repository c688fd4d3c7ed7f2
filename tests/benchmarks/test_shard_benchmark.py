"""Two workers against one on encoding shards of real text. A worker is a process with one core's threads."""

import os
import resource
import subprocess
import sys
import time

import numpy as np
import pytest
from results_file import keep_figures

from minicoil.config import SamplingConfig
from minicoil.tokens import WordTokenizer
from minicoil.word_counts import WordCounts
from tasks.bundles import open_parent
from tasks.place import Place
from tasks.reading import read_into_store
from tasks.sampling import sample_sentences
from tasks.sentence_store import SentenceStore
from tasks.shards import ShardModel, cut_shards

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]
WORKER = "import sys; from tasks.place import Place; from tasks.shards import encode_shard\n"
WORKER += "for key in sys.argv[2:]: print(encode_shard(Place.at(sys.argv[1]), key))"
N_SENTENCES = int(os.environ.get("MINICOIL_BENCH_SENTENCES", "12000"))


def run_workers(home, shares):
    """Seconds until every worker has encoded its share, their CPU seconds, and what they said."""
    one_core = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    started, spent = time.monotonic(), _cpu_seconds()
    workers = [
        subprocess.Popen(
            ["taskset", "-c", str(core), sys.executable, "-c", WORKER, str(home), *share],
            env=one_core,
            stdout=subprocess.PIPE,
            text=True,
        )
        for core, share in enumerate(shares)
    ]
    said = [worker.communicate()[0] for worker in workers]
    assert all(worker.returncode == 0 for worker in workers)
    return time.monotonic() - started, _cpu_seconds() - spent, said


def _cpu_seconds():
    """Of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_two_workers_encode_shards_faster_than_one(tmp_path):
    place = Place.at(tmp_path / "home")
    parent = open_parent(place, "production", "minilm", 4)
    tokenizer = WordTokenizer.from_folder(parent.folder)
    with place.points() as points:
        store = SentenceStore(points, 384)
        reading = read_into_store(points, store, tokenizer, ["pydocs:scipy,sklearn,pandas"], None)
        counts: WordCounts = reading.counts
        forms = {word: counts.use(word).forms for word in ("function", "array", "matrix", "valu", "data", "return")}
        chosen = sample_sentences(
            store, forms, SamplingConfig(max_sentences=N_SENTENCES // 4, max_snippets=20), reading.keys
        )
        model = ShardModel("production", None, "minilm", "minilm", 4)
        alone = cut_shards(place.objects(), store, forms, chosen, SamplingConfig(max_snippets=20), model, 2)
        shared = cut_shards(place.objects(), store, forms, chosen, SamplingConfig(max_snippets=21), model, 2)
    assert alone != shared  # other keys: nothing is done already
    one, one_cpu, first = run_workers(place.home, [alone])
    two, two_cpu, second = run_workers(place.home, [[shared[0]], [shared[1]]])
    print(
        f"\none worker {one:.1f} s {first}\ntwo workers {two:.1f} s {second}\nratio {one / two:.2f}; load {os.getloadavg()}"
    )
    figures = {
        "n_sentences": len(np.unique(np.concatenate(list(chosen.values())))),
        "one_worker_seconds": round(one, 1),
        "two_workers_seconds": round(two, 1),
        "one_worker_cpu_seconds": round(one_cpu, 1),
        "two_workers_cpu_seconds": round(two_cpu, 1),
    }
    keep_figures("shards", figures)
    if os.getloadavg()[0] < os.cpu_count() + 1:  # on a machine that others use too, the ratio says nothing
        assert one / two >= 1.5
