"""Exact scoring in memory gives the engine's scores and rankings, and an evaluation is the same by either."""

import time

import numpy as np
import pytest
from qdrant_double import QdrantDouble
from qdrant_places import KINDS, open_kind, open_server

from minicoil.retrieval.evaluation import memory_search
from minicoil.retrieval.exact_index import ExactIndex
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.sparse.cells import SparseVector
from minicoil.sparse.model import MiniCoil
from minicoil.text.tokens import WordTokenizer
from tasks.documents.lengths import measure_lengths
from tasks.points import CollectionSchema, Point
from tasks.proof.contenders import Contenders
from tasks.proof.evaluating import TEMPORARY, _drop_abandoned, _temporary_collection, evaluate_set
from tasks.qdrant import open_points


def random_vectors(rng, n, n_cells=60):
    """Vectors with cells of every frequency and values of both signs."""
    weights = 1 / np.arange(1, n_cells + 1)
    answer = []
    for _ in range(n):
        size = int(rng.integers(1, 12))
        cells = np.sort(rng.choice(n_cells, size, replace=False, p=weights / weights.sum()))
        answer.append(SparseVector(cells.astype(np.int32), rng.normal(0.4, 0.8, size).astype(np.float32)))
    return answer


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with open_points(tmp_path_factory.mktemp("engine")) as points:
        yield points


@pytest.fixture(scope="module")
def random_collection(engine):
    vectors = random_vectors(np.random.default_rng(3), 400)
    engine.ensure("random", CollectionSchema(sparse=("a",)))
    engine.upsert("random", [Point(i, {}, {"a": vector}) for i, vector in enumerate(vectors)])
    engine.optimize("random")
    return vectors


def test_scores_in_memory_are_the_engines(engine, random_collection):
    index = ExactIndex(random_collection)
    for query in random_vectors(np.random.default_rng(4), 40):
        hits = engine.search("random", "a", query, 1000)
        scores, matched = index.contribution(query)
        assert {int(hit.id) for hit in hits} == set(np.flatnonzero(matched).tolist())
        np.testing.assert_allclose([h.score for h in hits], scores[[int(h.id) for h in hits]], rtol=1e-4, atol=1e-5)
        ranked = index.search(query, 1000)
        np.testing.assert_allclose([h.score for h in hits], ranked.scores, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_temporary_collection_ranks_as_memory_does_and_is_gone_afterwards(kind, tmp_path):
    with open_kind(kind, tmp_path) as points:
        check_temporary_collection(points)


def test_a_temporary_collection_counts_idf_over_all_of_it_where_others_are_divided():
    with QdrantDouble(shards=4) as double, open_server("double", double) as points:
        check_temporary_collection(points)


def check_temporary_collection(points):
    rng = np.random.default_rng(8)
    documents = {name: random_vectors(rng, 120) for name in ("bm25", "minicoil")}
    data = RetrievalSet("set", "judged", {f"d{i}": "text" for i in range(120)}, {}, {})
    memory = memory_search(data, documents)
    with _temporary_collection(points, data, documents) as search:
        for system in documents:
            for query in random_vectors(rng, 15):
                found, expected = search(system, query, 20)[:8], memory(system, query, 20)[:8]
                assert [name for name, _ in found] == [name for name, _ in expected]
                assert [score for _, score in found] == pytest.approx(
                    [score for _, score in expected], rel=1e-4, abs=1e-5
                )
        assert any(name.startswith(TEMPORARY) for name in points.names())
    assert not any(name.startswith(TEMPORARY) for name in points.names())


def test_the_remains_of_a_killed_evaluation_are_removed_a_day_later(engine):
    old, young = f"{TEMPORARY}1-{int(time.time()) - 90_000}", f"{TEMPORARY}1-{int(time.time())}"
    for name in (old, young):
        engine.ensure(name, CollectionSchema(sparse=("a",)))
    _drop_abandoned(engine)
    assert old not in engine.names() and young in engine.names()
    engine.drop(young)


@pytest.mark.filterwarnings("ignore")  # of ONNX's making
def test_the_mean_length_comes_from_the_words_that_are_encoded(bundle, monkeypatch):
    """Each text is cut into words once, and ranks as with the length that was measured before anything was encoded."""
    documents = {"a": "pods share a node of the cluster", "b": "kernels of a matrix", "c": "rivers and banks"}
    data = RetrievalSet("set", "judged", documents, {"q": "pods", "r": "kernels"}, {"q": {"a": 1}, "r": {"b": 1}})
    contenders = Contenders(bundle, "model", None, None, "plain BM25")
    length = measure_lengths(MiniCoil.load(bundle), [*documents.values()]).mean
    given = evaluate_set(data, contenders, 1.2, 0.75, length)
    cut = list[str]()
    tokenize = WordTokenizer.tokenize

    def counting(self, texts):
        cut.extend(texts)
        return tokenize(self, texts)

    monkeypatch.setattr(WordTokenizer, "tokenize", counting)
    measured = evaluate_set(data, contenders, 1.2, 0.75, None)
    assert sorted(text for text in cut if text in documents.values()) == sorted(documents.values())
    assert measured.runs == given.runs and length > 1
    assert evaluate_set(data, contenders, 1.2, 0.75, length / 2).runs != given.runs
