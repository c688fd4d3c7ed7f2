"""What is known of a word beside the others of its text, checked on paper."""

import numpy as np

from minicoil.encoder.pooled_words import PooledWords
from minicoil.importance.document_words import N_HALF, describe_words


def entry(tokens, pieces, counts, firsts, sums):
    as_int = [np.asarray(values, np.int32) for values in (pieces, counts, firsts)]
    return PooledWords(tuple(tokens), *as_int, np.asarray(sums, np.float32), np.zeros(0, np.float32))


TEXT = entry(
    ["pod", "the", "kubelet", "pods"], [2, 1, 3, 1], [2, 1, 1, 1], [1, 2, 3, 8], [[6, 0], [1, 1], [0, 9], [3, 0]]
)


def test_inputs_are_units_and_features_beside_the_mean_of_the_text():
    words = describe_words(TEXT, 10)
    assert words.stems == ("pod", "kubelet") and words.counts.tolist() == [3, 1]
    assert words.word_of == {"pod": 0, "kubelet": 1, "pods": 0}
    rows = np.array([[1, 0, np.log(3), 0.1, 0.0], [0, 1, 0, 0.3, np.log(3)]])
    np.testing.assert_allclose(words.inputs, (rows - rows.mean(axis=0)) * 4 / (4 + N_HALF), atol=1e-6)


def test_tokens_that_only_a_vocabulary_asked_for_change_nothing():
    without = entry(["pod", "kubelet", "pods"], [2, 3, 1], [2, 1, 1], [1, 3, 8], [[6, 0], [0, 9], [3, 0]])
    one, other = describe_words(TEXT, 10), describe_words(without, 10)
    assert one.inputs.tobytes() == other.inputs.tobytes() and one.word_of == other.word_of


def test_inputs_of_a_document_have_mean_nought_and_those_of_one_word_are_nought():
    assert np.abs(describe_words(TEXT, 10).inputs.mean(axis=0)).max() < 1e-7
    assert not describe_words(entry(["pods"], [2], [1], [1], [[3, 4]]), 3).inputs.any()


def test_a_text_without_words_has_none():
    words = describe_words(entry([], [], [], [], np.zeros((0, 2))), 2)
    assert words.stems == () and words.inputs.shape == (0, 5)


def test_short_texts_count_less_than_long_ones():
    again = entry(TEXT.tokens, TEXT.pieces * 40, TEXT.counts * 40, TEXT.firsts, TEXT.sums * 40)
    short, long = describe_words(TEXT, 10).inputs, describe_words(again, 10).inputs
    assert (np.abs(long[:, :2]) > 5 * np.abs(short[:, :2])).all()
