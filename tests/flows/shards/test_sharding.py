"""Shards on a Dask cluster: encoded and trained by other processes, with what one process gives."""

import json
import sys

import numpy as np
import pytest

from flows.shards.sharding import encode_in_shards, read_in_shards, train_in_shards
from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.errors import UsageError
from minicoil.words.mining import Candidate
from minicoil.words.word_counts import BUCKETS, WordUse
from tasks.models.bundles import open_parent
from tasks.models.sentence_encoder import open_encoders
from tasks.place import Place
from tasks.sentences.kept_sentences import KeptSentences
from tasks.sentences.sentence_store import Sentence, SentenceStore
from tasks.shards.shard_files import ShardModel
from tasks.shards.training_shards import TrainingWork
from tasks.training.features import encode_features
from tasks.training.priors import make_prior, prior_origin
from tasks.training.sampling import sample_sentences
from tasks.training.units import TrainingPlan, recall_results, word_digests
from tasks.training.word_memory import WordMemory

FORMS = {"kernel": ("kernel",), "pool": ("pool",)}
MODEL = ShardModel("production", None, "minilm", "minilm", 4)
SAMPLING = SamplingConfig(max_snippets=4)
NOWHERE = np.zeros(0, np.uint64)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("MINICOIL_SHARD_RUNNER", "dask")
    return Place.at(tmp_path / "home")


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_dask_cluster_encodes_and_trains(place, monkeypatch, tmp_path):
    monkeypatch.setenv("MINICOIL_ENCODE_SHARDS", "2")
    monkeypatch.setenv("MINICOIL_TRAIN_SHARDS", "2")
    parent, folder = open_parent(place, "production", "minilm", 4), tmp_path / "features"
    texts = [f"The {word} of step {i} runs on the computer." for word in FORMS for i in range(20)]
    texts += [f"He looked at the {word} beside wall {i} of the garden." for word in FORMS for i in range(20)]
    plan = TrainingPlan(
        TrainingConfig(steps=8), SAMPLING, TripletConfig(), GateConfig(), parent.facts.encoder_digest, "minilm"
    )
    candidates = [
        Candidate(word, "named", 0.0, (), WordUse(word, 40, 9, forms, 7.0, np.zeros(BUCKETS, np.float32)))
        for word, forms in FORMS.items()
    ]

    def sharded():
        with place.points() as points:
            store = SentenceStore(points, 384)
            store.add([Sentence(2**60 + i * 97, text, "doc") for i, text in enumerate(texts)])
            chosen = sample_sentences(store, FORMS, SAMPLING, NOWHERE)
            encode_in_shards(place, store, FORMS, chosen, SAMPLING, MODEL, folder)
            encoders = open_encoders(parent, "minilm", "minilm")
            merged = encode_features(None, encoders, FORMS, chosen, SAMPLING, folder)  # complete: no store is asked
            whole = encode_features(store, encoders, FORMS, chosen, SAMPLING, tmp_path / "whole")
        origin = prior_origin(parent, chosen, plan.digest)
        memory = WordMemory(place.objects())
        make_prior(parent, merged, 17, origin, memory)
        digests = word_digests(chosen, parent, plan, origin, NOWHERE)
        assert recall_results(candidates, digests, parent, memory) == []
        work = TrainingWork(candidates, digests, NOWHERE, origin, plan, MODEL)
        assert train_in_shards(place, work, merged, tmp_path / "cut")
        return merged, whole, recall_results(candidates, digests, parent, memory)

    merged, whole, trained = sharded()
    assert len(trained) == 2 and all(result.record.n_triplets for result in trained)
    for word in FORMS:
        assert np.array_equal(merged.sample(word).keys, whole.sample(word).keys)
        np.testing.assert_allclose(merged.sample(word).embeddings, whole.sample(word).embeddings, atol=2e-2, rtol=2e-2)
    assert [entry.key for prefix in ("shards/", "training/") for entry in place.objects().list(prefix)] == []


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_dask_cluster_reads_what_one_process_reads(place, monkeypatch, tmp_path):
    for name, word in (("a", "kernel"), ("b", "pool")):
        rows = [json.dumps({"text": f"The {word} of step {i} runs on the computer."}) for i in range(80)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows))
    monkeypatch.setattr("tasks.corpus.pieces.PIECE_BYTES", 2000)
    specs, model = [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")], open_parent(place, "production").folder
    found = {}
    for shards, home in (("2", place), ("1", Place.at(tmp_path / "alone"))):
        monkeypatch.setenv("MINICOIL_READ_SHARDS", shards)
        with home.points() as points:
            store = KeptSentences(points, 384, "minilm", home)
            reading = read_in_shards(home, "production", specs, store, True, model)
            facts = (reading.digest, reading.n_documents, reading.n_new, store.known_keys().sorted_keys().tolist())
            found[shards] = (*facts, {use.word: use.count for use in reading.counts.uses()})
        assert not list(home.objects().list("reading/"))
    assert found["2"] == found["1"] and found["2"][2] == 160


def test_without_the_extra_it_says_what_to_install(place, monkeypatch, tmp_path):
    monkeypatch.setenv("MINICOIL_ENCODE_SHARDS", "2")
    with place.points() as points:
        store = SentenceStore(points, 384)
        store.add([Sentence(2**60 + i, f"A pool of size {i}.", "doc") for i in range(30)])
        chosen = sample_sentences(store, {"pool": ("pool",)}, SAMPLING, NOWHERE)

        monkeypatch.setitem(sys.modules, "distributed", None)  # as where it is not installed
        with pytest.raises(UsageError, match=r"pip install 'minicoil-service\[dask\]'"):
            encode_in_shards(place, store, {"pool": ("pool",)}, chosen, SAMPLING, MODEL, tmp_path / "features")


def test_workers_need_a_server_and_a_run_without_one_says_what_to_do(place, monkeypatch, tmp_path):
    monkeypatch.setenv("MINICOIL_TRAIN_SHARDS", "2")
    monkeypatch.setenv("MINICOIL_SHARD_RUNNER", "workers")
    monkeypatch.setattr("flows.shards.sharding.cut_training", lambda *_given: ["training/0/0.zip"])
    with pytest.raises(UsageError, match="none is named; set PREFECT_API_URL or start `minicoil serve`"):
        train_in_shards(place, None, None, tmp_path)
