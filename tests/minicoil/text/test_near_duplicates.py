"""Texts that say nearly the same share the earliest of them, however many there are."""

import numpy as np
from hypothesis import given, strategies as st

from minicoil.text.near_duplicates import find_near_duplicates


@given(st.lists(st.text(alphabet="ab \n", max_size=30), max_size=12))
def test_equal_texts_always_share_a_leader_that_comes_first(texts):
    leaders = find_near_duplicates(texts).tolist()
    for place, leader in enumerate(leaders):
        assert leader <= place and leaders[leader] == leader
        assert leader <= texts.index(texts[place])


def sentence(*words):
    return " ".join(words)


COMMON = [f"word{i}" for i in range(30)]


def test_a_text_that_repeats_another_but_for_little_follows_it_whatever_its_case_and_marks():
    texts = [sentence(*COMMON), sentence("a", "b", "c", "d"), sentence(*COMMON[:-1], "end").upper() + "!"]
    assert find_near_duplicates(texts).tolist() == [0, 1, 0]
    assert find_near_duplicates(texts, overlap=1.0).tolist() == [0, 1, 2]


def test_texts_that_share_half_of_their_words_stand_alone():
    one, other = COMMON, [*COMMON[:15], *(f"other{i}" for i in range(15))]
    assert find_near_duplicates([sentence(*one), sentence(*other)]).tolist() == [0, 1]


def test_hundreds_of_one_text_and_a_lone_surrogate_are_no_harm():
    texts = [sentence(*COMMON)] * 250 + ["", "a \ud800 b", ""]
    assert find_near_duplicates(texts).tolist() == [0] * 250 + [250, 251, 250]
    found = find_near_duplicates([])
    assert found.tolist() == [] and found.dtype == np.int64
