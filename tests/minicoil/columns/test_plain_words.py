"""Words cut as bytes are those of BERT's own pre-tokenizer, of whatever printable ASCII."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings, strategies as st
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from minicoil.columns.plain_words import are_letters, cut_plain_words
from minicoil.columns.utf8_columns import TextBytes

plain = st.text(st.sampled_from([*map(chr, range(32, 127))]), max_size=20)


@pytest.mark.parametrize("lowers", [True, False])
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(plain, max_size=6))
@example(texts=["", "a", " ", "ab", "cd", "", "-x", "x-", " y ", ""])
def test_words_are_those_of_berts_pre_tokenizer(texts, lowers):
    normaliser, cutter = BertNormalizer(lowercase=lowers), BertPreTokenizer()
    words, owners = cut_plain_words(pa.array(texts, pa.string()), lowers)
    expected = [
        (word, place)
        for place, text in enumerate(texts)
        for word, _ in cutter.pre_tokenize_str(normaliser.normalize_str(text))
    ]
    assert list(zip(words.to_pylist(), owners.tolist(), strict=True)) == expected


def test_control_bytes_are_marks_and_a_part_of_a_column_is_cut_alone():
    column = pa.array(["never seen", "a\x01b", "c", "never seen either"])[1:3]
    words, owners = cut_plain_words(column, True)
    assert words.to_pylist() == ["a", "\x01", "b", "c"] and owners.tolist() == [0, 0, 0, 1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("az09 -_\u00e9\u0660\x01"), max_size=8), max_size=6))
@example(["", "a1", "a b", "caf\u00e9", "-"])
def test_letters_are_ascii_letters_and_digits_alone(texts):
    found = are_letters(TextBytes.of(pa.array(texts, pa.string())))
    assert found.tolist() == [text.isascii() and text.isalnum() for text in texts] and found.dtype == np.bool_
