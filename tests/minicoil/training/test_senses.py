"""Planted senses are found and named; a word of one sense is left in one piece."""

import numpy as np
import pytest

from minicoil.training.senses import find_senses, group_senses, measure_separation, telling_words


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def planted(n_senses, n=60, spread=0.25):
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(n_senses), np.linspace(n, n / 2, n_senses).astype(int))
    return truth, unit(rng.normal(size=(n_senses, 24))[truth] + spread * rng.normal(size=(len(truth), 24)))


@pytest.mark.parametrize("n_senses", [2, 3, 4])
def test_planted_senses_are_found_largest_first(n_senses):
    truth, role = planted(n_senses)
    groups = group_senses(role)
    assert len(set(zip(truth.tolist(), groups.tolist(), strict=True))) == n_senses
    assert (np.diff(np.bincount(groups)) <= 0).all()


def test_one_sense_stays_one_group():
    rng = np.random.default_rng(1)
    assert set(group_senses(unit(1 + 0.3 * rng.normal(size=(80, 24)))).tolist()) == {0}
    assert group_senses(unit(rng.normal(size=(3, 8)))).tolist() == [0, 0, 0]


def test_telling_words_name_a_group_and_leave_the_word_itself_out():
    texts = ["a pod of whales in the sea", "whales leave the pod at sea"] * 4 + [
        "the pod on a node",
        "a node runs pods",
    ] * 4
    groups = np.repeat([0, 1], 8)
    assert set(telling_words(texts, groups, 0, "pod")[:2]) == {"sea", "whales"}
    assert telling_words(texts, groups, 1, "pod")[0] == "node"
    assert all("pod" not in telling_words(texts, groups, group, "pod") for group in (0, 1))


def test_separation_tells_a_layer_that_sees_the_groups_from_one_that_does_not():
    truth, role = planted(2)
    seen = measure_separation(unit(role[:, :4] + 3 * np.eye(4)[truth]), truth)
    rng = np.random.default_rng(2)
    blind = measure_separation(unit(rng.normal(size=(len(truth), 4))), truth)
    assert seen.apart > 0.95 and seen.dimension in (0, 1) and seen.explained > 0.7
    assert 0.4 < blind.apart < 0.6 and blind.explained < 0.2


def test_one_group_or_only_undecided_sentences_have_no_separation():
    meanings = unit(np.random.default_rng(3).normal(size=(6, 4)))
    for groups in (np.zeros(6, int), np.full(6, -1), np.array([0, 1, -1, -1, -1, -1])):
        assert measure_separation(meanings, groups).apart is None


def test_the_gain_says_how_clearly_senses_stand_apart():
    clear, blurred = (find_senses(planted(2, spread=spread)[1]).gain for spread in (0.1, 0.4))
    assert clear > blurred > 0
    assert find_senses(unit(1 + 0.3 * np.random.default_rng(1).normal(size=(80, 24)))).gain == 0
