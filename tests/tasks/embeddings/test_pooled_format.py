"""An entry comes back as it was packed, and what is not whole is no entry."""

from dataclasses import replace

import pytest
from encoded_entries import WIDTH, assert_same, entry, key
from hypothesis import given, settings, strategies as st

from tasks.embeddings.pooled_format import pack_words, split_tokens, unpack_words


@pytest.mark.parametrize("n, dense", [(0, 0), (1, 0), (7, WIDTH), (0, 3)])
def test_an_entry_is_read_as_it_was_written(n, dense):
    one = entry(5, n, dense)
    assert_same(unpack_words(key(5), *pack_words(key(5), one)), one)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_any_bit_that_changed_makes_it_no_entry(place, bit):
    tokens, data = pack_words(key(5), entry(5, 2, 3))
    spoilt = bytearray(data)
    spoilt[place % len(data)] ^= 1 << bit
    with pytest.raises(ValueError):
        unpack_words(key(5), tokens, bytes(spoilt))


@pytest.mark.parametrize("n_bytes", [0, 5, 19, 20, 60])
def test_an_entry_that_was_cut_is_none(n_bytes):
    tokens, data = pack_words(key(5), entry(5, 2))
    with pytest.raises(ValueError):
        unpack_words(key(5), tokens, data[:n_bytes])


def test_an_entry_in_anothers_place_or_with_anothers_tokens_is_none():
    tokens, data = pack_words(key(5), entry(5, 2))
    for other, names in ((key(6), tokens), (key(5), tokens + "s"), (key(5), "")):
        with pytest.raises(ValueError, match="other bytes than were written"):
            unpack_words(other, names, data)


def test_tokens_are_told_apart_whatever_is_in_them():
    one = replace(entry(5, 3), tokens=("a b", "\u00e9\ud800", "c\nd"))
    tokens, data = pack_words(key(5), one)
    assert split_tokens(tokens) == unpack_words(key(5), tokens, data).tokens == one.tokens
