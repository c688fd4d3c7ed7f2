"""A counted document is its vector but for k, b and avg_len, whatever vocabulary it was counted under."""

import numpy as np
import pytest

from minicoil.config import Bm25Config
from minicoil.errors import BundleError
from minicoil.sparse.cells import bm25_vector, count_words, document_vector
from minicoil.sparse.meanings import WordMeanings
from minicoil.sparse.text_vectors import count_text, text_query, text_union
from minicoil.text.languages import ENGLISH
from minicoil.text.tokens import TokenizedText
from minicoil.words.vocabulary import Vocabulary

OLD, IDS = Vocabulary.empty(capacity=100).apply({"pod": ["pods"]})
NEW, MORE = OLD.apply({"node": ["nodes"]})
POD, NODE = IDS["pod"], MORE["node"]
BM25 = Bm25Config(avg_len=4.0)


def text_of(*tokens):
    n = len(tokens)
    return TokenizedText(np.arange(n), tokens, np.arange(n, dtype=np.int32), False, ENGLISH)


TEXT = text_of("pods", "run", "on", "the", "nodes", "run")
MEANINGS = {POD: [3.0, 0.0, 0.0, 4.0], NODE: [0.0, 1.0, 0.0, 0.0]}


def meanings(*words, weights=None):
    ids = np.asarray(sorted(words), np.int64)
    return WordMeanings(ids, np.asarray([MEANINGS[i] for i in ids.tolist()], np.float32), weights)


def test_a_counted_document_has_its_length_and_becomes_the_vector_of_any_collection():
    counted = count_text(TEXT, meanings(POD, NODE), NEW)
    assert counted.n_words == 4 and counted.bag == count_words(TEXT.tokens, NEW)
    for bm25 in (BM25, Bm25Config(k=0.9, b=0.4, avg_len=20.0)):
        expected = document_vector(counted.bag, counted.outputs, NEW, bm25)
        assert counted.vector(bm25).as_dict() == expected.as_dict()
    assert counted.vector(BM25).as_dict() != counted.vector(Bm25Config(avg_len=20.0)).as_dict()


def test_under_a_vocabulary_that_knows_fewer_of_the_words_only_these_have_meanings():
    counted = count_text(TEXT, meanings(POD, NODE), OLD)
    assert counted.outputs.tolist() == [MEANINGS[POD]] and counted.bag.unknown == ("run", "node")
    empty = Vocabulary.empty(capacity=100)
    plain = count_text(TEXT, meanings(POD, NODE), empty).vector(BM25)
    assert plain.as_dict() == bm25_vector(TEXT.tokens, empty, BM25).as_dict()


def test_words_that_are_weighed_have_their_weight_in_the_vector_and_not_in_the_length():
    plain, heavy = (count_text(TEXT, meanings(POD, NODE, weights=w), NEW) for w in (None, {"pods": 2.0, "run": 0.5}))
    assert heavy.n_words == plain.n_words
    ratio = heavy.vector(BM25).values / np.where(plain.vector(BM25).values == 0, 1, plain.vector(BM25).values)
    assert ratio.round(5).tolist() == [2.0, 0.0, 0.0, 2.0, 0.0, 1.0, 0.0, 0.0, 0.5]


def test_a_query_has_meanings_without_frequencies():
    vector = text_query(TEXT, meanings(POD, NODE), NEW).as_dict()
    assert [vector[POD * 4], vector[POD * 4 + 3]] == pytest.approx([0.6, 0.8])
    assert sorted(vector.values())[-2:] == [1.0, 1.0]  # "node", and "run" once for both of it


def test_a_union_has_the_cells_of_every_release_and_refuses_one_that_says_otherwise():
    new, both = text_union(TEXT, meanings(POD, NODE), NEW, [OLD], BM25)
    alone = count_text(TEXT, meanings(POD, NODE), OLD).vector(BM25).as_dict()
    assert both.as_dict() == {**alone, **new.as_dict()} and len(both.indices) == len(new.indices) + 1
    other = Vocabulary.empty(capacity=100).apply({"node": ["nodes"]})[0]  # its first id is another word's
    with pytest.raises(BundleError):
        text_union(text_of("pods", "nodes", "nodes"), meanings(POD, NODE), NEW, [other], BM25)
