"""Whoever counts is told of every text that goes through an encoder, for which purpose, and which went twice."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from minicoil.encoder.forward_counts import (
    PARITY,
    TIMING,
    TRAINING,
    VECTORS,
    count_forwards,
    encoding_for,
    note_forwards,
    text_key,
)
from minicoil.text.tokens import TokenizedText


def text(*ids):
    ids = np.asarray(ids, np.int64)
    return TokenizedText(ids, ("[CLS]", "[SEP]"), np.zeros(len(ids), np.int32), False)


def test_texts_of_the_same_pieces_are_one_text():
    assert text_key(text(1, 2)) == text_key(text(1, 2)) != text_key(text(2, 1)) and len(text_key(text())) == 16


def test_texts_are_counted_by_purpose_and_those_of_one_purpose_alone_are_twice():
    with count_forwards() as counts:
        note_forwards([text(1), text(2), text(1)])
        with encoding_for(TRAINING):
            note_forwards([text(1), text(3)])
    assert counts.n_passes == {VECTORS: 3, TRAINING: 2} and counts.n_twice == {VECTORS: 1}


def test_counting_ends_with_its_body_and_who_counts_inside_counts_too():
    with count_forwards() as outer:
        with pytest.raises(ValueError, match="broken"), count_forwards() as inner:
            note_forwards([text(1)])
            raise ValueError("broken")
        note_forwards([text(2)])
    note_forwards([text(3)])
    assert outer.n_passes == {VECTORS: 2} and inner.n_passes == {VECTORS: 1} and outer.n_twice == {}


def test_a_purpose_ends_with_its_body_however_it_ends():
    with count_forwards() as counts:
        with encoding_for(PARITY):
            with pytest.raises(ValueError, match="broken"), encoding_for(TIMING):
                raise ValueError("broken")
            note_forwards([text(1)])
        note_forwards([text(1)])
    assert counts.n_passes == {PARITY: 1, VECTORS: 1}


def test_another_thread_counts_with_the_others_for_its_own_purpose():
    def encode(number):
        note_forwards([text(number)])

    with count_forwards() as counts, encoding_for(TRAINING), ThreadPoolExecutor(2) as threads:
        encode(0)
        list(threads.map(encode, range(1, 50)))
    assert counts.n_passes == {TRAINING: 1, VECTORS: 49}
