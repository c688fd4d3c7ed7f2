"""The words of a query, put together again, are the query; explained scores add up."""

import numpy as np
from hypothesis import HealthCheck, given, settings, strategies as st

from minicoil.retrieval.exact_index import ExactIndex
from minicoil.retrieval.explanation import explain, kept_share, movers
from minicoil.sparse.cells import bm25_vector
from minicoil.sparse.model import MiniCoil
from minicoil.sparse.query_terms import split_query

WORDS = ["pods", "pod", "nodes", "quantum", "shipping", "java\u2122", "java", "the", "universities", "x-ray", "kernel"]


def put_together(vectors):
    cells = {}
    for vector in vectors:
        for cell, value in zip(vector.indices.tolist(), vector.values.tolist(), strict=True):
            assert cell not in cells
            cells[cell] = value
    return cells


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(WORDS), max_size=8))
def test_the_terms_of_a_query_together_are_its_vector(bundle, words):
    model = MiniCoil.load(bundle)
    text = " ".join(words)
    (query,) = model.query_embed(text)
    tokens = model.tokenizer.words(text)
    terms = split_query(tokens, query, model.vocabulary)
    assert put_together(term.cells for term in terms) == dict(
        zip(query.indices.tolist(), query.values.tolist(), strict=True)
    )
    plain = bm25_vector(tokens, model.vocabulary, model.bm25, query=True)
    assert put_together(term.plain for term in terms) == dict(
        zip(plain.indices.tolist(), plain.values.tolist(), strict=True)
    )


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
