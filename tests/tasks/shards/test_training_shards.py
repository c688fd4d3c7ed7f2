"""Training in shards learns what training in one place learns, to the bit."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.errors import ConflictError, StoreError
from minicoil.words.mining import Candidate
from minicoil.words.word_counts import BUCKETS, WordUse
from tasks.models.bundles import open_parent
from tasks.models.sentence_encoder import open_encoders
from tasks.place import Place
from tasks.sentences.sentence_store import Sentence, SentenceStore
from tasks.shards.shard_files import ShardModel
from tasks.shards.training_shards import TrainingWork, cut_training, train_shard
from tasks.store.local_store import LocalStore
from tasks.training.features import Features, cut_features, encode_features
from tasks.training.judging import Judge
from tasks.training.priors import make_prior, prior_origin
from tasks.training.sampling import sample_sentences
from tasks.training.units import TrainingPlan, recall_results, train_unit, word_digests
from tasks.training.word_memory import WordMemory

FORMS = {"kernel": ("kernel", "kernels"), "pool": ("pool", "pools"), "seed": ("seed",)}
MODEL = ShardModel("production", None, "minilm", "minilm", 4)
SENSES = (
    ("The {} is part of the program that step {} of the computer runs.", "workers wait in a {} until task {} starts"),
    ("He planted a {} beside the garden wall in row {}.", "water filled the {} where {} children were swimming"),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place.at(tmp_path_factory.mktemp("training") / "home")


@pytest.fixture(scope="module")
def parent(place):
    return open_parent(place, "production", "minilm", 4)


@pytest.fixture(scope="module")
def work_and_features(place, parent, tmp_path_factory):
    texts = [line.format(word, i) for word in FORMS for i in range(15) for sense in SENSES for line in sense]
    sampling = SamplingConfig(max_snippets=5)
    plan = TrainingPlan(
        TrainingConfig(steps=8), sampling, TripletConfig(), GateConfig(), parent.facts.encoder_digest, "minilm"
    )
    with place.points() as points:
        store = SentenceStore(points, 384)
        store.add([Sentence(2**60 + i * 97, text, "doc") for i, text in enumerate(texts)])
        chosen = sample_sentences(store, FORMS, sampling, np.zeros(0, np.uint64))
        encoders = open_encoders(parent, "minilm", "minilm")
        features = encode_features(store, encoders, FORMS, chosen, sampling, tmp_path_factory.mktemp("f") / "all")
    origin = prior_origin(parent, chosen, plan.digest)
    domain = np.sort(features.keys[::2])
    candidates = [
        Candidate(
            word, "mined", 0.5, ("said so",), WordUse(word, 60, 9, forms, 7.0, np.full(BUCKETS, 0.25, np.float32))
        )
        for word, forms in FORMS.items()
    ]
    digests = word_digests(chosen, parent, plan, origin, domain)
    make_prior(parent, features, 17, origin, WordMemory(place.objects()))
    return TrainingWork(candidates, digests, domain, origin, plan, MODEL), features


def in_one_place(place, parent, work, features, memory):
    prior = WordMemory(place.objects()).read_prior(work.origin)
    judge = Judge(parent, prior, work.plan.gate, work.plan.triplets, 17, work.domain)
    return train_unit(work.candidates, work.digests, features, judge, work.plan, memory)


def test_two_shards_learn_what_one_place_learns(place, parent, work_and_features, tmp_path):
    work, features = work_and_features
    alone = in_one_place(place, parent, work, features, WordMemory(LocalStore(tmp_path / "other")))
    keys = cut_training(place.objects(), work, features, 2, tmp_path / "cut")
    assert len(keys) == 2 and cut_training(place.objects(), work, features, 2, tmp_path / "cut") == keys
    assert not any((tmp_path / "cut").rglob("*.zip"))
    done = [train_shard(place, key) for key in keys]
    assert sum(row["n_words"] for row in done) == 3
    assert [train_shard(place, key)["n_words"] for key in keys] == [0, 0]  # done is done
    assert not any(path.is_file() for path in (place.work / "training").rglob("*"))

    recalled = recall_results(work.candidates, work.digests, parent, WordMemory(place.objects()))
    assert len(recalled) == len(alone) == 3
    assert any(result.weights is not None for result in alone), [result.record.reason for result in alone]
    by_word = {result.record.word: result for result in recalled}
    for result in alone:
        other = by_word[result.record.word]
        assert replace(other.record, seconds=0) == replace(result.record, seconds=0)
        assert (result.weights is None) == (other.weights is None)
        if result.weights is not None:
            assert np.array_equal(other.weights, result.weights)


def test_features_of_some_words_are_those_of_all_words(work_and_features, tmp_path):
    _, features = work_and_features
    cut_features(features, ["seed", "kernel"], tmp_path / "some")
    some = Features(tmp_path / "some", features.width)
    assert some.words == ["kernel", "seed"] and len(some.keys) < len(features.keys)
    for word in some.words:
        one, other = features.sample(word), some.sample(word)
        for name in ("keys", "embeddings", "role", "snippet_rows", "snippet_embeddings"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
        assert len(one.snippet_rows)


def repack(place, key, tmp_path, change):
    """The shard again, with a changed head."""
    store = place.objects()
    store.download(key, tmp_path / "shard.zip")
    with zipfile.ZipFile(tmp_path / "shard.zip") as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    head = json.loads(files["shard.json"])
    change(head)
    files["shard.json"] = json.dumps(head).encode()
    with zipfile.ZipFile(tmp_path / "shard.zip", "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    store.write(key, (tmp_path / "shard.zip").read_bytes())


@pytest.mark.parametrize(
    "change, error, message",
    [
        (lambda head: head.update(version=9), ConflictError, "of version 9, this program reads version 2; install"),
        (lambda head: head.pop("plan"), StoreError, "is damaged .'plan'.; it was removed, run the same command again"),
        (lambda head: head.update(plan_digest="0"), ConflictError, "same version on all workers"),
        (lambda head: head["model"].update(parent=5), ConflictError, "was cut for release 5"),
        (lambda head: head.update(origin="1" * 64), StoreError, "prior 111111111111 of .* run the extension again"),
    ],
)
def test_a_shard_of_another_time_or_program_is_refused(place, work_and_features, tmp_path, change, error, message):
    (key,) = cut_training(place.objects(), *work_and_features, 1, tmp_path / "cut")
    repack(place, key, tmp_path, change)
    with pytest.raises(error, match=message):
        train_shard(place, key)
    place.objects().delete(key)
