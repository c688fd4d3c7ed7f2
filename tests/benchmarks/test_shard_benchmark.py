"""Two workers against one on shards of real text, encoding and training. A worker is a process with one core's threads.

pytest -m benchmark -s tests/benchmarks/test_shard_benchmark.py

Seconds are from the start of the processes to the end of the last one, loading included; both sides do the same shards'
work anew. On a machine that others use the ratio says little: the load is reported beside it.
"""

import os
import resource
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from asked_figures import ASKED
from results_file import keep_figures

from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.text.tokens import WordTokenizer
from minicoil.words.mining import rank_common
from tasks.models.bundles import open_parent
from tasks.models.sentence_encoder import open_encoders
from tasks.place import Place
from tasks.reading.reading import read_sentences
from tasks.sentences.sentence_store import SentenceStore
from tasks.shards.encoding_shards import cut_shards
from tasks.shards.shard_files import ShardModel
from tasks.shards.training_shards import TrainingWork, cut_training
from tasks.training.features import encode_features
from tasks.training.priors import make_prior, prior_origin
from tasks.training.sampling import sample_sentences
from tasks.training.units import TrainingPlan, word_digests
from tasks.training.word_memory import WordMemory

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]
WORKER = "import sys; from tasks.place import Place; from tasks.{module} import {function} as work\n"
WORKER += "for key in sys.argv[2:]: print(work(Place.at(sys.argv[1]), key))"
N_SENTENCES = int(os.environ.get("MINICOIL_BENCH_SENTENCES", "24000"))
N_WORDS = int(os.environ.get("MINICOIL_BENCH_WORDS", "400"))
CORPUS = ["pydocs:scipy,sklearn,pandas,torch"]
MODEL = ShardModel("production", None, "minilm", "minilm", 4)
BOUND = ASKED["shards"][0].least
NOWHERE = np.zeros(0, np.uint64)


def run_workers(kind, home, shares):
    """Seconds until every worker has done its share, and their CPU seconds."""
    module, function = {"encoding": ("shards", "encode_shard"), "training": ("training_shards", "train_shard")}[kind]
    code = WORKER.format(module=module, function=function)
    one_core = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    started, spent = time.monotonic(), _cpu_seconds()
    workers = [
        subprocess.Popen(
            ["taskset", "-c", str(core), sys.executable, "-c", code, str(home), *share],
            env=one_core,
            stdout=subprocess.PIPE,
            text=True,
        )
        for core, share in enumerate(shares)
    ]
    said = [worker.communicate()[0].splitlines() for worker in workers]
    assert all(worker.returncode == 0 for worker in workers)
    print(f"\n{kind}, {len(shares)} workers: {said}")
    return time.monotonic() - started, _cpu_seconds() - spent


def _cpu_seconds():
    """Of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare(kind, home, alone, shared, size):
    """One worker with all shards against two with one each, of equal work under other keys."""
    assert len(alone) == len(shared) == 2 and not set(alone) & set(shared)  # nothing is done already
    one, one_cpu = run_workers(kind, home, [alone])
    two, two_cpu = run_workers(kind, home, [[shared[0]], [shared[1]]])
    figures = {
        "size": size,
        "one_worker_seconds": round(one, 1),
        "two_workers_seconds": round(two, 1),
        "one_worker_cpu_seconds": round(one_cpu, 1),
        "two_workers_cpu_seconds": round(two_cpu, 1),
    }
    print(f"\n{kind}: {figures}, {one / two:.2f}x; load {os.getloadavg()}")
    keep_figures("shards", {kind: figures}, part=True)
    assert one / two >= BOUND


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """(place, sentence store, counts, keys) of real documentation, read once."""
    place = Place.at(tmp_path_factory.mktemp("shards") / "home")
    parent = open_parent(place, "production", "minilm", 4)
    with place.points() as points:
        store = SentenceStore(points, 384)
        reading = read_sentences(points, store, WordTokenizer.from_folder(parent.folder), CORPUS, None)
        yield place, parent, store, reading


def test_two_workers_encode_shards_faster_than_one(corpus):
    place, _, store, reading = corpus
    words = [candidate.word for candidate in rank_common(reading.counts, 40)]
    forms = {word: reading.counts.use(word).forms for word in words}
    chosen = sample_sentences(store, forms, SamplingConfig(max_sentences=N_SENTENCES // 8), reading.keys)
    cut = [
        cut_shards(place.objects(), store, forms, chosen, SamplingConfig(max_snippets=n), MODEL, 2) for n in (20, 21)
    ]
    compare("encoding", place.home, *cut, len(np.unique(np.concatenate(list(chosen.values())))))


def test_two_workers_train_shards_faster_than_one(corpus, tmp_path):
    place, parent, store, reading = corpus
    sampling = SamplingConfig(max_sentences=400, max_snippets=0)
    candidates = rank_common(reading.counts, N_WORDS)
    forms = {candidate.word: candidate.use.forms for candidate in candidates}
    chosen = sample_sentences(store, forms, sampling, reading.keys)
    encoders = open_encoders(parent, "minilm", "minilm")
    features = encode_features(store, encoders, forms, chosen, sampling, tmp_path / "features")
    cut = []
    for seed in (17, 18):
        training = replace(TrainingConfig.for_target("correlation", 4), seed=seed)
        plan = TrainingPlan(training, sampling, TripletConfig(), GateConfig(), parent.facts.encoder_digest, "minilm")
        origin = prior_origin(parent, chosen, plan.digest)
        make_prior(parent, features, seed, origin, WordMemory(place.objects()))
        digests = word_digests(chosen, parent, plan, origin, NOWHERE)
        work = TrainingWork(candidates, digests, NOWHERE, origin, plan, MODEL)
        cut.append(cut_training(place.objects(), work, features, 2, tmp_path / f"cut-{seed}"))
    compare("training", place.home, *cut, N_WORDS)
