"""The content words of a text are pooled over all their pieces, and forms of one word over all of theirs."""

from dataclasses import replace

import numpy as np

from minicoil.encoder.content_words import LARGEST, ContentWords, pool_content
from minicoil.encoder.token_encoder import EncodedBatch
from minicoil.text.languages import open_language
from minicoil.text.tokens import TokenizedText


def text(*tokens, pieces=None):
    """A text of these tokens between [CLS] and [SEP], each of so many pieces."""
    tokens = ("[CLS]", *tokens, "[SEP]")
    positions = np.repeat(np.arange(len(tokens)), [1, *(pieces or [1] * (len(tokens) - 2)), 1]).astype(np.int32)
    return TokenizedText(np.zeros(len(positions), np.int64), tokens, positions, False)


def batch(*rows):
    """One number an embedding; texts of different lengths, padded with a number that nobody may look at."""
    longest = max(map(len, rows))
    padded = [[*row, *[1e30] * (longest - len(row))] for row in rows]
    lengths = np.asarray(list(map(len, rows)))
    return EncodedBatch(np.arange(len(rows)), lengths, np.float32(padded)[:, :, None])


NO_ROLE = np.zeros((1, 0), np.float32)


def test_content_words_are_distinct_in_order_and_mean_over_all_pieces_of_all_occurrences():
    read = text("the", "pod", ",", "node", "pod", pieces=[1, 2, 1, 1, 1])
    (found,) = pool_content(batch([9, 9, 1, 2, 9, 5, 6, 9]), [read], NO_ROLE)
    assert found.tokens == ("pod", "node") and found.pieces.tolist() == [3, 1]
    assert found.embeddings.dtype == np.float16 and found.embeddings.ravel().tolist() == [3.0, 5.0]
    assert found.role.shape == (0,)


def test_texts_of_a_batch_stay_apart_and_one_without_words_is_empty():
    texts = [text("pod"), text("the"), text("pod", "cell")]
    role = np.float32([[1, 0], [0, 1], [0.6, 0.8]])
    found = pool_content(batch([9, 1, 9], [9, 9, 9], [9, 2, 4, 9]), texts, role)
    assert [words.tokens for words in found] == [("pod",), (), ("pod", "cell")]
    assert [words.embeddings.ravel().tolist() for words in found] == [[1.0], [], [2.0, 4.0]]
    assert [words.role.tolist() for words in found] == role.tolist()


def test_what_is_a_word_depends_on_the_language_of_the_text():
    read = TokenizedText(np.zeros(4, np.int64), ("[CLS]", "und", "the", "[SEP]"), np.arange(4, dtype=np.int32), False)
    one, other = (
        pool_content(batch([9, 1, 2, 9]), [replace(read, language=open_language(code))], NO_ROLE)[0]
        for code in ("en", "de")
    )
    assert one.tokens == ("und",) and other.tokens == ("the",)


def test_a_number_past_float16_takes_the_last_one():
    (found,) = pool_content(batch([0, 1e6, -1e6, 0]), [text("pod", "cell")], NO_ROLE)
    assert found.embeddings.ravel().tolist() == [LARGEST, -LARGEST]


def test_forms_of_one_word_are_weighed_by_their_pieces_and_others_are_left_out():
    words = ContentWords(("pod", "cell", "pods"), np.array([1, 1, 3]), np.float16([[1], [7], [5]]), NO_ROLE[0])
    numbers = {"pod": 4, "pods": 4, "cell": 2}
    found = words.by_number(numbers.__getitem__, {4, 9})
    assert {number: mean.tolist() for number, mean in found.items()} == {4: [4.0]} and found[4].dtype == np.float32
    assert words.by_number(numbers.__getitem__, set()) == {}
