"""What a word's meaning does to retrieval is what changes where that word alone goes back to BM25."""

from dataclasses import replace

import numpy as np
import pytest

from minicoil.retrieval.exact_index import ExactIndex
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.retrieval.word_effects import group_effects, measure_words
from minicoil.sparse.cells import SparseVector
from minicoil.sparse.query_terms import Term


def one(*cells, value=1.0):
    return SparseVector(np.asarray(cells, np.int32), np.full(len(cells), value, np.float32))


def test_a_words_effect_is_measured_in_the_same_order():
    from types import SimpleNamespace

    from minicoil.retrieval.exact_index import ExactIndex

    data = RetrievalSet("set", "judged", {"a": "x", "b": "x"}, {"q": "x"}, {"q": {"b": 1}})
    term = SimpleNamespace(word="x", is_known=True, cells=one(1), plain=one(1))
    release, plain = ExactIndex([one(1), one(1)]), ExactIndex([one(1, value=2.0), one(1)])
    effects = measure_words(data, [[term]], release, plain, ["a", "b"])
    # with the word's meaning both are equal and b, the larger id, comes first; as BM25 a does
    assert effects == {("q", "x"): pytest.approx(1 - 1 / np.log2(3))}


def measured(data, terms, **how):
    release, plain = ExactIndex([one(1), one(1)]), ExactIndex([one(1, value=2.0), one(1)])
    return measure_words(data, terms, release, plain, ["a", "b"], **how)


def test_a_query_of_unknown_words_has_no_effect_and_documents_left_out_are_not_ranked():
    term = Term("x", True, one(1), one(1))
    unknown = Term("x", False, one(1), one(1))
    data = RetrievalSet("set", "judged", {"a": "x", "b": "x"}, {"q": "x"}, {"q": {"b": 1}})
    assert measured(data, [[unknown]]) == {} and measured(data, [[]]) == {}
    alone = replace(data, left_out={"q": frozenset({"a"})})
    assert measured(alone, [[term]]) == {("q", "x"): pytest.approx(0.0)}  # nothing else is there to come before it


def test_effects_are_grouped_by_word_and_what_costs_most_comes_first():
    effects = {("q1", "pod"): 0.2, ("q2", "pod"): 0.4, ("q1", "bank"): -0.5, ("q3", "cell"): 0.6}
    rows = group_effects(effects, seed=1)
    assert [(row.word, pytest.approx(row.total), row.interval.n) for row in rows] == [
        ("bank", -0.5, 1),
        ("cell", 0.6, 1),
        ("pod", 0.6, 2),
    ]
    assert rows[2].interval.mean == pytest.approx(0.3) and rows[2].interval.low >= 0.2 - 1e-9
    assert group_effects({}, seed=1) == ()
