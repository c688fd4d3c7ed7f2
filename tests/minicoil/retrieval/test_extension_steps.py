"""The step between a parent and its extension: new words alone, and old words under the layers that they had."""

import numpy as np
import pytest

from minicoil.retrieval.extension_steps import split_extension
from minicoil.words.vocabulary import Vocabulary


def grow(parent, stack, add, retrain):
    """A release with new words and retrained ones, each new layer unlike every other."""
    release, fresh = parent.apply({word: [] for word in add}, retrain=retrain)
    grown = np.zeros((release.n_rows, *stack.shape[1:]), np.float32)
    grown[: len(stack)] = stack
    for word_id in fresh.values():
        grown[word_id] = 100 + word_id
    return release, grown


@pytest.fixture
def old():
    """Two words and their layers."""
    parent, _ = Vocabulary.empty(capacity=20).apply({"pod": ["pods"], "node": ["nodes"]})
    return parent, np.arange(3 * 2 * 4, dtype=np.float32).reshape(3, 2, 4)


def test_old_words_keep_their_layers_beside_the_new_ones(old):
    parent, stack = old
    release, grown = grow(parent, stack, ["shard", "lock"], ["pod"])
    steps = split_extension(parent, release, grown)
    assert (steps.n_new, steps.n_retrained) == (2, 1)
    between = steps.vocabulary
    assert set(between.known_words) == {"pod", "node", "shard", "lock"} and len(between.words) == len(release.words)
    for word, token in (("pod", "pods"), ("node", "nodes")):
        assert between.resolve(token) == between.ids[word] == parent.ids[word]
    for word in ("shard", "lock"):
        assert between.resolve(word) == release.ids[word]
    assert between.unknown_shift == release.unknown_shift


def test_an_extension_of_one_kind_has_no_step_between(old):
    parent, stack = old
    for add, retrain in ((["shard"], []), ([], ["pod"])):
        assert split_extension(parent, *grow(parent, stack, add, retrain)) is None
    assert split_extension(parent, parent, stack) is None


def test_a_word_whose_row_was_only_carried_to_another_id_was_not_retrained(old):
    parent, stack = old
    release, grown = grow(parent, stack, ["shard"], ["pod"])
    grown[release.ids["pod"]] = stack[parent.ids["pod"]]
    assert split_extension(parent, release, grown) is None


def test_a_retrained_word_that_lost_tokens_to_a_new_one_keeps_its_new_layer():
    parent, _ = Vocabulary.empty(capacity=20).apply({"univer": ["univers"], "pod": []})
    stack = np.arange(3 * 4, dtype=np.float32).reshape(3, 1, 4)
    release, fresh = parent.apply({"univers": ["university"]}, retrain=["pod"])
    assert set(fresh) == {"univer", "univers", "pod"}
    grown = np.concatenate([stack, 100 + np.arange(3 * 4, dtype=np.float32).reshape(3, 1, 4)])
    steps = split_extension(parent, release, grown)
    assert (steps.n_new, steps.n_retrained) == (1, 1)
    assert steps.vocabulary.ids["pod"] == parent.ids["pod"]
    assert steps.vocabulary.ids["univer"] == release.ids["univer"] != parent.ids["univer"]
