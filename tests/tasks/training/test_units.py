"""Units of training: sized by time, resumed where they were cut, each verdict with its figures."""

from dataclasses import replace

import numpy as np
import pytest
from planted_words import WIDTH, PlantedFeatures, planted, planted_parent, repeated

from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.training.trainer import train_words
from minicoil.words.ledger import Ledger, WordRecord
from minicoil.words.mining import Candidate
from minicoil.words.word_counts import BUCKETS, WordUse
from tasks.store.local_store import LocalStore
from tasks.training.judging import Judge
from tasks.training.priors import find_prior, make_prior, prior_origin
from tasks.training.units import UNIT_SECONDS, TrainingPlan, plan_units, recall_results, train_unit, word_digests
from tasks.training.word_memory import WordMemory

NOWHERE = np.zeros(0, np.uint64)
PLAN = TrainingPlan(
    TrainingConfig(steps=8, words_per_batch=2), SamplingConfig(), TripletConfig(), GateConfig(), "0" * 64, "minilm"
)


def candidate(word):
    return Candidate(word, "named", 0.0, ("asked for",), WordUse(word, 99, 9, (word,), 7.0, np.zeros(BUCKETS)))


class Run:
    """One run of training, from sampled sentences to results."""

    def __init__(self, samples, parent, store, plan=PLAN, domain=NOWHERE, found=None):
        self.candidates = [candidate(sample.word) for sample in samples]
        keys = {sample.word: sample.keys for sample in samples} | (found or {})
        self.memory = WordMemory(store)
        self.origin = prior_origin(parent, keys, plan.digest)
        self.digests = word_digests(keys, parent, plan, self.origin, domain)
        self.recalled = recall_results(self.candidates, self.digests, parent, self.memory)
        known = {result.record.word for result in self.recalled}
        self.rest = [c for c in self.candidates if c.word not in known]
        self.features = PlantedFeatures([s for s in samples if s.word not in known] or samples)
        self.parent, self.plan, self.domain = parent, plan, domain

    def finish(self):
        prior = make_prior(self.parent, self.features, 17, self.origin, self.memory)
        judge = Judge(self.parent, prior, self.plan.gate, self.plan.triplets, 17, self.domain)
        trained = train_unit(self.rest, self.digests, self.features, judge, self.plan, self.memory)
        return {result.record.word: result for result in (*self.recalled, *trained)}


@pytest.fixture
def empty(tmp_path):
    return planted_parent(tmp_path, {})


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


class Sizes:
    """Features of which only the sizes matter."""

    def __init__(self, sizes):
        self.sizes = sizes

    def count(self, word):
        return self.sizes[word]


def test_units_are_sized_by_time_and_hold_every_word_once():
    sizes = {f"w{i}": (25 if i % 2 else 8000) for i in range(2000)}
    units = plan_units(sorted(sizes), Sizes(sizes))
    assert sorted(word for unit in units for word in unit.words) == sorted(sizes)
    assert len(units) > 3 and min(unit.seconds for unit in units) >= UNIT_SECONDS
    assert max(unit.seconds for unit in units) < 2 * UNIT_SECONDS + 1
    lengths = [len(unit.words) for unit in units]
    assert lengths[0] > 2 * lengths[-1]  # many small words, or few large ones


def test_little_work_is_one_unit_and_much_of_it_is_not_too_many_task_runs():
    assert plan_units([], Sizes({})) == []
    (unit,) = plan_units(["b", "a"], Sizes({"a": 50, "b": 30}))
    assert unit.words == ("b", "a") and unit.seconds < 1
    many = {f"w{i}": 8000 for i in range(100_000)}
    assert len(plan_units(sorted(many), Sizes(many))) <= 401


def test_less_memory_means_smaller_batches_and_the_same_layers(tmp_path, monkeypatch):
    samples = [planted(f"word{i}", n=60, seed=i) for i in range(4)]
    sizes = []

    def counting(batch, *arguments):
        sizes.append(len(batch))
        return train_words(batch, *arguments)

    monkeypatch.setattr("minicoil.training.train_words", counting)
    layers = []
    for name, memory in (("large", 2**40), ("small", 4 * 8 * 4 * (WIDTH + 32) * 70)):  # 70 sentences and no more
        monkeypatch.setattr("tasks.training.units.usable_memory", lambda memory=memory: memory)
        (tmp_path / name).mkdir()
        found = Run(samples, planted_parent(tmp_path / name, {}), LocalStore(tmp_path / f"{name} store")).finish()
        layers.append({word: result.weights.tobytes() for word, result in found.items()})
    assert sizes == [2, 2, 1, 1, 1, 1]
    assert layers[0] == layers[1]


def test_a_killed_run_goes_on_where_it_was_and_ends_where_an_unbroken_one_ends(tmp_path, empty, store, monkeypatch):
    samples = [planted(f"w{i}", n=80 + i, seed=i) for i in range(6)]
    unbroken = Run(samples, empty, LocalStore(tmp_path / "other")).finish()
    calls = []

    def killed_in_the_third_batch(batch, *rest):
        calls.append([sample.word for sample in batch])
        if len(calls) == 3:
            raise KeyboardInterrupt
        return train_words(batch, *rest)

    monkeypatch.setattr("minicoil.training.train_words", killed_in_the_third_batch)
    with pytest.raises(KeyboardInterrupt):
        Run(samples, empty, store).finish()
    resumed = Run(samples, empty, store)
    assert len(resumed.recalled) == 4 and [c.word for c in resumed.rest] == calls[2]
    results = resumed.finish()
    assert calls[3:] == [calls[2]]
    for word, result in unbroken.items():
        np.testing.assert_array_equal(results[word].weights, result.weights)
        assert replace(results[word].record, seconds=0) == replace(result.record, seconds=0)
    again = Run(samples, empty, store)
    assert not again.rest and find_prior(empty, again.origin, again.memory) is not None


def test_poisonous_words_fail_alone_each_with_its_numbers(empty, store):
    broken, wild = planted("nan", seed=1), planted("wild", seed=2)
    broken.embeddings[3] = np.nan
    wild.role[5] = np.inf
    good = [planted(f"good{i}", seed=10 + i) for i in range(3)]
    few, one = planted("few", n=12), repeated(planted("one"), 1000)
    results = Run([broken, wild, few, one, *good], empty, store).finish()
    told = {word: (result.record.verdict, result.record.reason) for word, result in results.items()}
    assert {told[sample.word][0] for sample in good} == {"accepted"}
    assert told["nan"][0] == told["wild"][0] == "failed" and "NaN or infinity" in told["nan"][1]
    assert told["few"] == (
        "kept_bm25",
        "word 'few': 12 sentences found, 25 required; widen the corpus or lower --min-sentences",
    )
    assert told["one"][0] == "kept_bm25" and "1000 sentences found, only 1 of them different" in told["one"][1]
    assert all((result.weights is not None) == (told[word][0] == "accepted") for word, result in results.items())


def test_a_word_that_the_tokenizer_does_not_show_is_told_from_a_rare_one(empty, store):
    found = {"hidden": np.arange(300, dtype=np.uint64)}
    result = Run([planted("hidden", n=3), planted("pod")], empty, store, found=found).finish()["hidden"]
    assert result.record.verdict == "kept_bm25"
    assert "300 sentences found, but the encoder's tokenizer shows it in 3 of them" in result.record.reason
    assert "in 297 it lies beyond the encoder's limit" in result.record.reason


def test_a_record_holds_what_a_person_needs_to_judge_the_word(empty, store):
    record = Run([planted("pod")], empty, store).finish()["pod"].record
    assert record.forms == ("pod",) and record.n_sentences == 240 and record.seed == 17
    assert len(record.digest) == len(record.keys_digest) == 64 and record.seconds > 0
    low, high = record.interval
    assert low <= record.ordering_accuracy <= high and 0 < record.margin_accuracy <= record.ordering_accuracy
    assert record.ceiling > 0.5 and record.role_ceiling > 0.5 and record.n_triplets >= 30
    assert WordRecord.from_row({**record.__dict__}) == record


def test_the_digest_follows_sentences_settings_prior_encoder_and_rules(empty, monkeypatch):
    keys = {"pod": np.arange(50, dtype=np.uint64)}

    def digest(plan=PLAN, keys=keys, prior="p"):
        return word_digests(keys, empty, plan, prior, NOWHERE)["pod"].keys

    digests = {
        digest(),
        digest(keys={"pod": np.arange(51, dtype=np.uint64)}),
        digest(plan=replace(PLAN, training=TrainingConfig(steps=9, words_per_batch=2))),
        digest(plan=replace(PLAN, encoder_digest="1" * 64)),
        digest(plan=replace(PLAN, role_model="other")),
        digest(prior="q"),
    }
    monkeypatch.setattr("tasks.training.units.rules_digest", lambda: "other rules")
    assert len({*digests, digest()}) == 7


def test_a_word_with_the_same_inputs_keeps_its_layer_untrained(tmp_path, empty, store):
    sample = planted("pod")
    record = Run([sample], empty, store).finish()["pod"].record
    ledger = Ledger().updated([record], "a", 1)
    parent = planted_parent(tmp_path / "store", {"pod": np.zeros((WIDTH, 4))}, ledger)
    make_prior(empty, PlantedFeatures([sample]), 17, Run([sample], empty, store).origin, WordMemory(store)).write(
        parent.folder
    )
    again = Run([sample], parent, store)
    assert not again.rest
    (result,) = again.recalled
    assert result.record.verdict == "unchanged" and "trained on the same 240 sentences" in result.record.reason


def test_a_known_word_is_compared_on_this_corpus_with_the_layer_it_has(tmp_path, store):
    general, domain = planted("pod", n=600, seed=1), planted("pod", n=900, seed=2, n_senses=6)
    mixed = type(general)(
        "pod",
        *(np.concatenate([getattr(general, n), getattr(domain, n)]) for n in ("keys", "embeddings", "role")),
        np.concatenate([general.snippet_rows, 600 + domain.snippet_rows]),
        np.concatenate([general.snippet_embeddings, domain.snippet_embeddings]),
    )
    prior = make_prior(planted_parent(tmp_path, {}), PlantedFeatures([general]), 17, "p", WordMemory(store))
    config = replace(PLAN.training, steps=60)
    (old,) = train_words([general], prior, config)
    plan = replace(PLAN, training=config)
    parent = planted_parent(
        tmp_path, {"pod": old.weights}, Ledger().updated([WordRecord("pod", "accepted", "")], "a", 1)
    )
    result = Run([mixed], parent, store, plan, domain=np.sort(domain.keys)).finish()["pod"]
    record = result.record
    assert record.verdict == "improved" and result.weights is not None
    assert record.ordering_accuracy > record.old_ordering_accuracy + 0.05
    unchanged = Run([general], parent, store, plan, domain=np.sort(general.keys)).finish()["pod"]
    assert unchanged.record.verdict == "unchanged" and unchanged.weights is None
    assert "no gain beyond noise, the old layer stays" in unchanged.record.reason


def test_rounded_layers_are_judged_as_they_are_published(empty, store):
    samples = [planted(f"w{i}", seed=i) for i in range(3)]
    full, half = Run(samples, empty, store), Run(samples, empty, store, replace(PLAN, rounding="float16"))
    assert full.plan.digest != half.plan.digest and half.plan.facts["rounding"] == "float16"
    seen = {}

    class Watching(Judge):
        def judge(self, outcome, sample, n_found):
            seen[sample.word] = outcome.weights
            return super().judge(outcome, sample, n_found)

    prior = make_prior(half.parent, half.features, 17, half.origin, half.memory)
    judge = Watching(half.parent, prior, half.plan.gate, half.plan.triplets, 17, NOWHERE)
    trained = train_unit(half.rest, half.digests, half.features, judge, half.plan, half.memory)
    exact = full.finish()
    for result in trained:
        layer = result.weights
        assert layer.dtype == np.float32 and np.array_equal(layer.astype(np.float16).astype(np.float32), layer)
        assert np.array_equal(seen[result.record.word], layer)
        assert 0 < np.abs(layer - exact[result.record.word].weights).max() < 0.01
