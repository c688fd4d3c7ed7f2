"""Held-out sentences teach no word, and triplets are as far apart as they say."""

import numpy as np
import pytest
from planted_words import planted

from minicoil.config import SamplingConfig, TripletConfig
from minicoil.training.triplets import is_held_out, sample_triplets, split_rows, word_seed


def test_a_held_out_sentence_teaches_no_word_whatever_the_corpus():
    rng, config = np.random.default_rng(0), SamplingConfig()
    keys = rng.integers(0, 2**63, 3000).astype(np.uint64)
    held_out = set(keys[is_held_out(keys, config)].tolist())
    assert 0.08 < len(held_out) / len(keys) < 0.12
    for size in (25, 60, 200, 3000):
        some = rng.choice(keys, size, replace=False)
        split = split_rows(some, config)
        assert held_out.isdisjoint(some[np.concatenate([split.train, split.validation])].tolist())


def test_a_sentence_that_comes_again_is_in_one_part_only():
    keys = np.repeat(np.arange(60, dtype=np.uint64), 3)
    split = split_rows(keys, SamplingConfig())
    parts = [keys[rows].tolist() for rows in (split.train, split.validation, split.test)]
    assert sorted(sum(parts, [])) == list(range(60))


def test_too_few_sentences_to_choose_by_teach_instead():
    keys = np.random.default_rng(3).integers(0, 2**63, 400).astype(np.uint64)
    few, many = split_rows(keys[:249], SamplingConfig()), split_rows(keys, SamplingConfig())
    assert len(few.validation) == 0 and len(few.train) + len(few.test) == 249
    assert 25 < len(many.validation) < 60 and is_held_out(keys[many.validation], SamplingConfig()).sum() == 0
    assert set(few.test.tolist()) == set(np.flatnonzero(is_held_out(keys[:249], SamplingConfig())).tolist())


def test_split_is_disjoint_complete_and_independent_of_order():
    keys = np.arange(100, dtype=np.uint64)
    split = split_rows(keys, SamplingConfig())
    assert sorted([*split.train, *split.validation, *split.test]) == list(range(100))
    shuffled = np.random.default_rng(0).permutation(keys)
    again = split_rows(shuffled, SamplingConfig())
    assert {int(shuffled[i]) for i in again.test} == set(split.test.tolist())


def test_triplets_hold_the_margin_and_come_back_even_where_there_are_none():
    sample = planted("pod", n=300)
    config = TripletConfig(margin=0.2, n_triplets=500)
    found = sample_triplets(sample.role, np.arange(300), config, seed=1)
    similarity = sample.role @ sample.role.T
    anchor, positive, negative = found.rows.T
    gaps = similarity[anchor, positive] - similarity[anchor, negative]
    assert len(found) == 500 and (gaps >= 0.2 - 1e-6).all()
    np.testing.assert_allclose(gaps, found.margins, atol=1e-6)
    assert len(np.unique(found.rows, axis=0)) == 500
    alike = np.ones((50, 4), np.float32) / 2
    assert len(sample_triplets(alike, np.arange(50), config, seed=1)) == 0


def test_a_rare_word_holds_out_more_than_its_share_and_at_most_a_third():
    keys = np.arange(1000, 1025, dtype=np.uint64)
    assert len(split_rows(keys, SamplingConfig()).test) == 8  # a third of 25, which is less than the 12 it would hold
    assert len(split_rows(keys, SamplingConfig(min_test=0)).test) == is_held_out(keys, SamplingConfig()).sum()
    for none in (split_rows(keys[:0], SamplingConfig()), split_rows(keys[:0], SamplingConfig(validated_from=0))):
        assert len(none.train) == len(none.validation) == len(none.test) == 0


def test_fewer_than_three_sentences_give_no_triplet():
    found = sample_triplets(np.eye(3, dtype=np.float32), np.array([0, 2]), TripletConfig(), seed=1)
    assert len(found) == 0 and found.rows.shape == (0, 3) and found.rows.dtype == np.int64


@pytest.mark.parametrize("n", [40, 400])  # looked at one by one, and drawn
def test_triplets_are_of_the_sentences_asked_for_and_the_same_for_a_seed(n):
    role = planted("pod", n=2 * n).role
    rows, config = np.arange(0, 2 * n, 2), TripletConfig(n_triplets=300)
    one, again, other = (sample_triplets(role, rows, config, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.rows, again.rows)
    assert one.rows.tolist() != other.rows.tolist() and set(one.rows.ravel().tolist()) <= set(rows.tolist())
    assert all(len({*row}) == 3 for row in one.rows.tolist()) and (one.margins >= config.margin).all()


def test_a_seed_is_of_its_word_its_purpose_and_the_run_and_fits_a_signed_number():
    seeds = {
        word_seed(word, seed, purpose) for word in ("pod", "node") for seed in (1, 2) for purpose in ("fit", "test")
    }
    assert len(seeds) == 8 and all(0 <= seed < 2**63 for seed in seeds)
