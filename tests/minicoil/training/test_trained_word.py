"""A trained word's layer is rounded to numbers that float16 can hold."""

import numpy as np

from minicoil.training.trained_word import TrainedWord
from minicoil.training.triplets import Split, Triplets


def test_a_rounded_layer_holds_float16_numbers_and_one_past_their_range_takes_the_last():
    word = TrainedWord("pod", np.float32([[0.1, 1e6], [-1e6, 2**-30]]), None, None)
    assert word.rounded("none") is word
    rounded = word.rounded("float16").weights
    assert rounded.dtype == np.float32 and rounded.tolist() == [[float(np.float16(0.1)), 65504.0], [-65504.0, 0.0]]


def test_only_the_layer_is_rounded_and_what_judges_it_stays():
    split, test = Split(*[np.arange(2)] * 3), Triplets(np.array([[0, 1, 2]]), np.float32([0.5]))
    word = TrainedWord("pod", np.float32([[0.1]]), split, test)
    rounded = word.rounded("float16")
    assert rounded.word == "pod" and rounded.split is split and rounded.test is test
    assert word.weights.tolist() == [[float(np.float32(0.1))]] and rounded.rounded("float16").weights == rounded.weights
