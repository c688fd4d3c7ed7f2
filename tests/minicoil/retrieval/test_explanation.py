"""A document's score is told word by word, and the words' parts add up to it."""

import numpy as np
import pytest

from minicoil.retrieval.exact_index import ExactIndex
from minicoil.retrieval.explanation import TermScore, explain, kept_share, movers
from minicoil.sparse.cells import SparseVector
from minicoil.sparse.model import MiniCoil
from minicoil.sparse.query_terms import Term, split_query


def test_a_score_is_the_sum_of_idf_times_tf_times_meaning(bundle):
    model = MiniCoil.load(bundle, avg_len=5.0)
    documents = list(model.embed(["pods on nodes, quantum pods", "a kernel of nodes", "shipping a quantum"]))
    (query,) = model.query_embed("quantum pods and nodes and whales")
    terms = split_query(model.tokenizer.words("quantum pods and nodes and whales"), query, model.vocabulary)
    index = ExactIndex(documents)
    scores, _ = index.contribution(query)
    explained = [explain(terms, document, index.idf) for document in documents]
    for score, rows in zip(scores, explained, strict=True):
        assert np.isclose(sum(row.score for row in rows), score)
        assert all(np.isclose(row.score, row.idf * row.tf * (row.meaning or 0)) for row in rows)
    by_word = {row.word: row for row in explained[0]}
    assert by_word["quantum"].meaning == 1.0 and not by_word["quantum"].is_known
    assert by_word["pod"].is_known and -1 <= by_word["pod"].meaning <= 1
    assert by_word["whale"].meaning is None and by_word["whale"].tf == 0
    usual = kept_share(explained)
    (first, lift), *_ = movers(explained[0], usual)
    assert lift == first.idf * first.tf * (first.meaning - usual)


def vector(**cells):
    return SparseVector(np.array([int(c[1:]) for c in cells], np.int32), np.array([*cells.values()], np.float32))


def term(word, is_known=True, **cells):
    return Term(word, is_known, vector(**cells), vector(**cells))


def idf(cells):
    return np.where(np.asarray(cells) < 100, 2.0, 3.0)


def test_parts_of_a_score_are_those_on_paper():
    document = vector(c4=0.6, c5=0.8, c100=0.5)
    pod, whale, bank = explain(
        [term("pod", c4=1.0, c5=0.0), term("whale", False, c100=1.0), term("bank", c8=0.6, c9=0.8)], document, idf
    )
    assert pod == TermScore("pod", True, 2.0, pytest.approx(1.0), pytest.approx(0.6), pytest.approx(1.2))
    assert whale == TermScore("whale", False, 3.0, 0.5, 1.0, 1.5)
    assert bank == TermScore("bank", True, 0.0, 0.0, None, 0.0)


def test_what_weighs_a_word_is_told_apart_from_how_often_it_occurs():
    pod = term("pod", c4=0.6, c5=0.8)
    (row,) = explain([pod], vector(c4=1.2, c5=1.6), idf, vector(c4=1.0, c5=0.0))
    assert (row.tf, row.importance, row.meaning) == (pytest.approx(1.0), pytest.approx(2.0), pytest.approx(1.0))
    assert row.score == pytest.approx(row.idf * row.tf * row.importance * row.meaning)
    (stale,) = explain([pod], vector(c4=1.2, c5=1.6), idf, vector(c9=1.0))  # the text has lost the word meanwhile
    assert (stale.tf, stale.importance) == (pytest.approx(2.0), 1.0)


def row(word, meaning, tf=1.0):
    return TermScore(word, True, 2.0, tf, meaning, 2.0 * tf * (meaning or 0.0))


def test_the_words_that_moved_a_document_come_first_and_words_it_lacks_moved_nothing():
    rows = [row("a", 0.5), row("b", 1.0), row("c", -1.0), row("d", None, 0.0), row("e", 0.9)]
    moved = movers(rows, usual=0.5, n=3)
    assert [(r.word, pytest.approx(lift)) for r, lift in moved] == [("c", -3.0), ("b", 1.0), ("e", 0.8)]
    assert [r.word for r, _ in movers([row("z", 1.0), row("y", 1.0)], 0.5)] == ["y", "z"]  # as much: by name
    assert movers([row("d", None, 0.0)], 0.5) == []


def test_the_share_that_documents_keep_is_of_all_of_them():
    assert kept_share([[row("a", 0.5)], [row("a", 1.0), row("b", 0.0)]]) == pytest.approx(0.5)
    assert kept_share([]) == kept_share([[row("d", None, 0.0)]]) == 1.0
