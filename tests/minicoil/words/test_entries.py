"""An entry says whether its id is a word's, free, spent, or given back, and no word takes back an id that it had."""

import pytest
from hypothesis import given, settings, strategies as st

from minicoil.errors import VocabularyError
from minicoil.text.languages import open_language
from minicoil.words.entries import (
    FILLER,
    TOMBSTONE,
    check_word,
    former_word,
    is_fresh,
    is_live,
    may_become,
    reclaimed_entry,
    tombstone,
)

words = st.text("abcdefghij\u00e9\u03b1", min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(words, st.integers(1, 99_999))
def test_what_stands_at_an_id_tells_the_life_of_it(word, word_id):
    fresh, gone = f"{FILLER}{word_id}>", tombstone(word_id, word)
    back = reclaimed_entry(gone)
    assert [is_live(entry) for entry in (word, fresh, gone, back)] == [True, False, False, False]
    assert [is_fresh(entry) for entry in (word, fresh, gone, back)] == [False, True, False, False]
    assert [former_word(entry) for entry in (word, fresh, gone, back)] == [None, None, word, word]
    assert len({word, fresh, gone, back}) == 4 and back.startswith(FILLER) and gone.startswith(TOMBSTONE)


def test_an_id_that_came_back_is_for_no_word_that_has_its_former_tokens():
    back = reclaimed_entry(tombstone(3, "universities"))
    assert may_become(back, "node", {})
    assert not may_become(back, "universities", {})
    assert not may_become(back, "univers", {})  # the stem of the former word
    assert not may_become(back, "campus", {"universities": "campus"})  # who has its tokens now
    assert not may_become(back, "campus", {"univers": "campus"})


def test_only_ids_that_came_back_may_become_a_word():
    for entry in ("pod", f"{FILLER}3>", tombstone(3, "pod")):
        assert not may_become(entry, "node", {}), entry


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("", "'' is not one word; give a single word without spaces or symbols"),
        ("two words", "'two words' is not one word; give a single word without spaces or symbols"),
        ("pod\u2122", "'pod\u2122' is not one word; give a single word without spaces or symbols"),
        (" pod", "' pod' is not one word; give a single word without spaces or symbols"),
        ("x" * 60, f"word '{'x' * 50}...' has 60 letters; 40 is the most"),
        ("the", "word 'the' is or stems to a stopword, which search leaves out; choose another word"),
        ("doing", "word 'doing' is or stems to a stopword, which search leaves out; choose another word"),
    ],
)
def test_what_can_never_be_an_entry_is_refused_with_the_reason(word, message):
    with pytest.raises(VocabularyError) as caught:
        check_word(word)
    assert str(caught.value) == message


def test_stopwords_are_of_the_language_by_its_own_stems_and_by_those_of_fastembed():
    german = open_language("de")
    check_word("und")
    check_word("the", german)
    for word in ("und", "bins"):  # FastEmbed's stem of the second is "bin", which is German for "am"
        with pytest.raises(VocabularyError, match=f"^word '{word}' is or stems to a stopword"):
            check_word(word, german)
    for word in ("x" * 40, "caf\u00e9", "90", "a_b"):
        check_word(word)
