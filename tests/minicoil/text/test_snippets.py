"""A snippet is a word with its neighbours as they stand, and nothing that `possible_snippets` does not foresee."""

import numpy as np
from hypothesis import given, settings, strategies as st

from minicoil.text.snippets import cut_snippet, possible_snippets

SENTENCE = "The old Pod, once (re)scheduled, stays; pods stay."


def cut(sentence, is_form, neighbours=(1, 1), seed=0, **how):
    return cut_snippet(sentence, is_form, np.random.default_rng(seed), neighbours, **how)


def test_forms_are_told_without_case_and_outer_punctuation_and_stand_as_they_were():
    told = []
    assert cut(SENTENCE, lambda word: told.append(word) or word == "pod") == "old Pod, once"
    assert told == ["the", "old", "pod", "once", "re)scheduled", "stays", "pods", "stay"]


def test_no_form_is_no_snippet_and_the_end_of_a_sentence_ends_one():
    assert cut(SENTENCE, lambda word: False) is None and cut("", lambda word: True) is None
    assert cut("Pods run", lambda word: word == "pods", (3, 3)) == "Pods run"
    assert cut("a Pods", lambda word: word == "pods", (0, 0)) == "Pods"


def test_every_occurrence_and_every_number_of_neighbours_is_drawn_and_a_seed_draws_the_same():
    def drawn(seed):
        return cut("one pod two three pods four", lambda word: word in ("pod", "pods"), (1, 2), seed)

    found = {drawn(seed) for seed in range(100)}
    assert found == {
        "one pod two",
        "one pod two three",
        "three pods four",
        "two three pods four",
    }
    assert drawn(3) == drawn(3)


def test_it_is_folded_as_the_tokenizer_folds():
    assert cut("the CAF\u00c9 opens", lambda word: word == "cafe") == "the CAF\u00c9 opens"
    assert cut("the CAF\u00c9 opens", lambda word: word == "CAF\u00c9", fold=str) == "the CAF\u00c9 opens"


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(["pod", "a,", "(b)", "\u2014"]), max_size=8),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 9),
)
def test_whatever_is_cut_was_foreseen(words, fewest, more, seed):
    sentence, neighbours = "  ".join(words), (fewest, fewest + more)
    found = cut(sentence, lambda word: True, neighbours, seed)
    foreseen = list(possible_snippets(sentence, neighbours))
    assert (found in foreseen) if words else (found is None and foreseen == [])
    assert len(foreseen) == len(words) * (more + 1) ** 2
