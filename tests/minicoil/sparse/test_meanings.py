"""Numbers that are none in a model's files never reach a vector."""

import numpy as np
import pytest

from minicoil.errors import BundleError
from minicoil.sparse.meanings import WordPieces, measure_meanings

WANTED = [WordPieces(np.array([0]), np.array([1])), WordPieces(np.array([1]), np.array([2]))]


def stack(**bad):
    layers = np.ones((3, 2, 4), np.float32)
    for name, value in bad.items():
        layers[int(name[1:])] = value
    return layers


def test_meanings_of_sound_layers_are_finite():
    found = measure_meanings(np.ones((2, 2), np.float32), WANTED, stack())
    assert [entry.ids.tolist() for entry in found] == [[1], [2]] and np.isfinite(found[1].outputs).all()


def test_a_layer_of_nan_is_refused_by_its_word_and_others_are_not():
    with pytest.raises(BundleError, match="the layer of word id 2 gives numbers that are none"):
        measure_meanings(np.ones((2, 2), np.float32), WANTED, stack(_2=np.nan))
    assert measure_meanings(np.ones((1, 2), np.float32), WANTED[:1], stack(_2=np.nan))[0].ids.tolist() == [1]


def test_an_encoder_that_gives_nan_is_told_from_its_layers():
    embeddings = np.array([[np.nan, 1], [1, 1]], np.float32)
    with pytest.raises(BundleError, match="the encoder beside it, at word id 1 gives"):
        measure_meanings(embeddings, WANTED, stack())
