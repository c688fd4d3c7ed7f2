"""What is kept of a text's words adds up: pieces, occurrences, sums, whatever else is in the batch."""

import numpy as np
from hypothesis import given, settings, strategies as st

from minicoil.encoder.pooled_words import content_pieces, entry_key, in_chunks, pool_texts
from minicoil.text.tokens import TokenizedText


def text(tokens, pieces=None):
    """A text of these tokens between [CLS] and [SEP], each of so many pieces."""
    tokens = ("[CLS]", *tokens, "[SEP]")
    positions = np.repeat(np.arange(len(tokens)), [1, *(pieces or [1] * (len(tokens) - 2)), 1]).astype(np.int32)
    return TokenizedText(np.arange(len(positions)), tokens, positions, False)


def test_words_say_how_often_they_occur_where_first_and_sum_their_pieces():
    read = text(["pod", "of", "pods", "pod"], [2, 1, 1, 1])
    places = np.array([1, 2, 4, 5])
    (found,) = pool_texts([read], [places], np.float32([[1], [2], [4], [8]]))
    assert found.tokens == ("pod", "pods")
    assert (found.pieces.tolist(), found.counts.tolist(), found.firsts.tolist()) == ([3, 1], [2, 1], [1, 3])
    assert found.sums.ravel().tolist() == [11.0, 4.0] and found.dense.shape == (0,)
    np.testing.assert_allclose(found.means.ravel(), [11 / 3, 4.0], rtol=1e-6)
    assert found.size_bytes == 2 * 3 * 4 + 2 * 4 + len("podpods")


words = st.lists(st.tuples(st.sampled_from(["pod", "pods", "the", "cell", ","]), st.integers(1, 3)), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(words, min_size=1, max_size=4))
def test_texts_of_a_batch_have_what_they_have_alone(batch):
    texts = [text([t for t, _ in tokens], [n for _, n in tokens]) for tokens in batch]
    places = [content_pieces(read, np.zeros(0, np.int64)) for read in texts]
    rng = np.random.default_rng(1)
    rows = [rng.normal(size=(len(at), 3)).astype(np.float32) for at in places]
    dense = rng.normal(size=(len(texts), 2)).astype(np.float32)
    together = pool_texts(texts, places, np.concatenate(rows), dense)
    for read, at, own, sentence, found in zip(texts, places, rows, dense, together, strict=True):
        (alone,) = pool_texts([read], [at], own)
        for name in ("tokens", "pieces", "counts", "firsts", "sums"):
            assert np.array_equal(getattr(found, name), getattr(alone, name)), name
        assert found.dense.tolist() == sentence.tolist()
        assert found.counts.sum() == sum(token in ("pod", "pods", "cell") for token in read.words)
        np.testing.assert_allclose(found.sums.sum(axis=0), own.sum(axis=0), atol=1e-5)


def test_all_pieces_of_content_words_are_kept_and_of_others_those_of_what_is_asked_for():
    read = text(["the", "pod", "of", "cells"], [2, 2, 1, 1])
    assert content_pieces(read, np.zeros(0, np.int64)).tolist() == [3, 4, 6]
    assert content_pieces(read, np.array([2])).tolist() == [1, 2, 3, 4, 6]  # one piece of "the": both of them


def test_a_name_is_of_the_pieces_and_of_the_encoder():
    one, other = text(["pod"]), text(["pod", "cell"])
    assert entry_key(b"a", one) == entry_key(b"a", text(["x"])) and len(entry_key(b"a", one)) == 16
    assert len({entry_key(b"a", one), entry_key(b"b", one), entry_key(b"a", other)}) == 3


def test_places_come_in_chunks_in_order():
    assert list(in_chunks([3, 1, 2, 5, 4], 2)) == [[3, 1], [2, 5], [4]] and list(in_chunks([], 2)) == []
