"""Training takes sentences of the domain and of everything before; measuring takes only what nothing is trained on."""

import numpy as np
import pytest

from minicoil.config import SamplingConfig
from minicoil.text.sentences import sentence_key
from minicoil.training.triplets import is_held_out, split_rows
from tasks.qdrant import open_points
from tasks.sentences.sentence_store import Sentence, SentenceStore
from tasks.training.sampling import sample_held_out, sample_sentences

GENERAL = [f"a pod of {i} whales swims by" for i in range(900)]
DOMAIN = [f"the pod {i} runs on its node" for i in range(200)]
OTHER = [f"nothing of the kind in line {i}" for i in range(50)]


def keys_of(texts):
    return np.sort(np.asarray([sentence_key(text) for text in texts], np.uint64))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with open_points(tmp_path_factory.mktemp("sampling")) as points:
        store = SentenceStore(points, 3)
        for texts in (GENERAL, DOMAIN, OTHER):
            store.add([Sentence(sentence_key(text), text, "d") for text in texts])
        yield store


@pytest.mark.parametrize(("most", "n_domain"), [(5000, 200), (300, 150), (600, 200), (1000, 200)])
def test_a_large_store_does_not_drown_the_domain_nor_the_domain_the_rest(store, most, n_domain):
    sampling = SamplingConfig(max_sentences=most)
    chosen = sample_sentences(store, {"pod": ["pod", "pods"]}, sampling, keys_of(DOMAIN))["pod"]
    assert len(chosen) == min(most, 1100) == len(np.unique(chosen)) and (np.diff(chosen.astype(object)) > 0).all()
    assert np.isin(chosen, keys_of(DOMAIN)).sum() == n_domain
    assert np.isin(chosen, keys_of(GENERAL)).sum() == min(most, 1100) - n_domain


def test_without_a_domain_the_draw_is_uniform_and_nested(store):
    small, large = (
        sample_sentences(store, {"pod": ["pod"], "no": []}, SamplingConfig(max_sentences=n), keys_of([]))
        for n in (100, 400)
    )
    assert set(small["pod"].tolist()) < set(large["pod"].tolist()) and len(small["no"]) == 0
    assert 0.1 < np.isin(large["pod"], keys_of(DOMAIN)).mean() < 0.27


def test_measuring_uses_sentences_of_the_corpus_that_no_word_is_ever_trained_on(store):
    sampling = SamplingConfig()
    measured = sample_held_out(store, {"pod": ["pod"], "node": ["node"]}, sampling, keys_of(DOMAIN), 400)
    assert len(measured["pod"]) > 8 and is_held_out(measured["pod"], sampling).all()
    assert np.isin(measured["pod"], keys_of(DOMAIN)).all()
    np.testing.assert_array_equal(measured["pod"], measured["node"])
    taught = sample_sentences(store, {"pod": ["pod"]}, sampling, keys_of(DOMAIN))["pod"]
    split = split_rows(taught, sampling)
    assert not np.isin(measured["pod"], taught[np.concatenate([split.train, split.validation])]).any()
    few = sample_held_out(store, {"pod": ["pod"]}, sampling, keys_of([*DOMAIN, *GENERAL]), 30)["pod"]
    assert len(few) == 30
