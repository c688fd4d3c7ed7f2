"""Equal scores, in the order of trec_eval, wherever a ranking comes from."""

import numpy as np
import pytest

from minicoil.retrieval.effectiveness import measure
from minicoil.retrieval.evaluation import memory_search
from minicoil.retrieval.exact_index import best
from minicoil.retrieval.ranking_order import search_in_order, sort_hits, tie_order
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.sparse.cells import SparseVector


def order_hits(hits):
    return [name for name, _ in sort_hits(hits)]


def test_the_higher_score_comes_first_and_of_equals_the_larger_id_byte_by_byte():
    hits = [("10", 1.0), ("9", 1.0), ("a", 1.0), ("Z", 1.0), ("\u00e9", 1.0), ("b", 2.0), ("c", -1.0)]
    assert order_hits(hits) == ["b", "\u00e9", "a", "Z", "9", "10", "c"]
    assert order_hits(reversed(hits)) == order_hits(hits)
    assert order_hits([("a", 1.0), ("b", 1.0 + 1e-9)]) == ["b", "a"]
    assert order_hits([("b", 1.0), ("a", 1.0 + 1e-9)]) == ["b", "a"]  # trec_eval's scores are 32 bits wide
    assert order_hits([("b", 1.0), ("a", 1.0 + 1e-6)]) == ["a", "b"]


def test_it_is_the_order_that_trec_eval_itself_takes():
    import pytrec_eval

    docs = ["d1", "d10", "d9", "D9", "\u00e9", "zz", "z", "0"]
    scores = [1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 3.0]
    ranked = order_hits(zip(docs, scores, strict=True))
    run = {"q": dict(zip(docs, scores, strict=True))}
    for place, doc in enumerate(ranked, 1):
        evaluator = pytrec_eval.RelevanceEvaluator({"q": {doc: 1}}, {"recip_rank"})
        assert evaluator.evaluate(run)["q"]["recip_rank"] == pytest.approx(1 / place)


def test_ties_of_arrays_are_those_of_hits():
    rng = np.random.default_rng(5)
    names = [f"d{i}" for i in rng.permutation(300)]
    scores = rng.integers(0, 6, 300) / 3
    matched = rng.random(300) < 0.8
    expected = order_hits([(names[i], scores[i]) for i in np.flatnonzero(matched)])
    for limit in (1, 7, 100, 1000):
        found = best(scores, matched, limit, tie_order(names))
        assert [names[i] for i in found.places] == expected[:limit]
        np.testing.assert_array_equal(found.scores, scores[found.places])


def test_a_cut_through_equals_is_looked_past():
    hits = [("a", 9.0), *((f"e{i:03}", 5.0) for i in range(50)), ("z", 1.0)]
    asked = []

    def ask(n):
        asked.append(n)
        return hits[:n]

    assert order_hits(search_in_order(ask, 3))[:3] == ["a", "e049", "e048"]
    assert asked == [4, 16, 64]
    assert len(search_in_order(ask, 1)) == 2 and asked[3:] == [2]
    assert search_in_order(lambda n: [], 5) == []


def one(*cells, value=1.0):
    return SparseVector(np.asarray(cells, np.int32), np.full(len(cells), value, np.float32))


def test_rankings_in_memory_and_word_by_word_follow_it():
    texts = {name: "same" for name in ("a", "c", "b")}
    data = RetrievalSet("set", "judged", texts, {"q": "same"}, {"q": {"a": 1}})
    search = memory_search(data, {"minicoil": [one(1)] * 3})
    names = [name for name, _ in search("minicoil", one(1), 3)]
    assert [name for name, _ in search("minicoil", one(1), 2)] == names[:2] == ["c", "b"]
    assert measure(data.relevant, {"q": names})["mrr@10"][0] == pytest.approx(1 / 3)
