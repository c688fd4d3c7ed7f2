"""The words of a query, put together again, are the query; explained scores add up."""

import pytest
from hypothesis import given, settings, strategies as st

from minicoil.sparse.cells import bm25_vector
from minicoil.sparse.model import MiniCoil
from minicoil.sparse.query_terms import split_query

WORDS = ["pods", "pod", "nodes", "quantum", "shipping", "java\u2122", "java", "the", "universities", "x-ray", "kernel"]


@pytest.fixture(scope="module")
def model(bundle):
    return MiniCoil.load(bundle)


def put_together(vectors):
    cells = {}
    for vector in vectors:
        for cell, value in zip(vector.indices.tolist(), vector.values.tolist(), strict=True):
            assert cell not in cells
            cells[cell] = value
    return cells


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=8))
def test_the_terms_of_a_query_together_are_its_vector(model, words):
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
