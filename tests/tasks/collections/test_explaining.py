"""A point's score word by word is the engine's own, and what moved it against BM25 is told in both rankings."""

import uuid

import numpy as np
import pytest
from collection_records import make_record

from minicoil.errors import CollectionError
from minicoil.retrieval.explanation import TermScore
from minicoil.sparse.cells import SparseVector, frequency_vector
from minicoil.sparse.model import MiniCoil
from minicoil.sparse.query_terms import split_query
from tasks.collections.explaining import Reading, add_movers, explain_one, explain_points
from tasks.collections.texts import TextTemplate
from tasks.place import Place
from tasks.points import CollectionSchema, Point

TEXTS = [
    "pods run on nodes",
    "a river and its banks",
    "pods of whales and pods of peas",
    "nodes wait",
    "kernels and cats",
]
NAMED = str(uuid.UUID(int=0xA7))


@pytest.fixture(scope="module")
def model(releases):
    return MiniCoil.load(releases.parent / "model-1", avg_len=3.0)


@pytest.fixture(scope="module")
def engine(model, tmp_path_factory):
    """Five texts under numbers, one more under a UUID whose text is gone."""
    with Place.at(tmp_path_factory.mktemp("home")).points() as points:
        points.ensure("docs", CollectionSchema(sparse=("minicoil",)))
        rows = [(i, {"text": text}) for i, text in enumerate(TEXTS)] + [(NAMED, {})]
        vectors = model.embed([*TEXTS, "banks of pods"])
        points.upsert("docs", [Point(*row, {"minicoil": v}) for row, v in zip(rows, vectors, strict=True)])
        points.upsert("docs", [Point(99, {"text": "pods without a vector"}, {})])
        points.optimize("docs")
        yield points


@pytest.fixture(scope="module")
def query(model):
    """Terms and vector of a query with a word that nobody has and one that the model does not know."""
    text = "pods nodes whales zebras"
    (vector,) = model.query_embed(text)
    return split_query(model.tokenizer.words(text), vector, model.vocabulary), vector


@pytest.mark.parametrize("name", ["0", "2", NAMED, NAMED.upper(), NAMED.replace("-", "")])
def test_the_words_of_a_point_sum_up_to_the_engines_own_score(engine, query, name):
    answer = explain_one(engine, make_record(), *query, name)
    assert answer["score"] == pytest.approx(answer["sum"], abs=1e-4) and answer["score"] != 0
    assert str(answer["id"]).replace("-", "") == name.lower().replace("-", "")
    words = {row["word"]: row for row in answer["words"]}
    assert words["zebra"]["score"] == 0.0 and words["zebra"]["meaning"] is None and not words["zebra"]["is_known"]
    assert words["pod"]["is_known"] and words["pod"]["idf"] > 0


def test_a_point_without_any_of_the_words_scores_nothing(engine, query):
    answer = explain_one(engine, make_record(), *query, "1")
    assert (answer["score"], answer["sum"]) == (0.0, 0)


@pytest.mark.parametrize("name", ["5", "99", "pods", "", "\u00b2", "-1", str(uuid.UUID(int=8))])
def test_a_point_that_is_not_there_or_has_no_vector_is_told_with_where_ids_are_shown(engine, query, name):
    with pytest.raises(CollectionError) as caught:
        explain_one(engine, make_record(), *query, name)
    assert str(caught.value) == (f"point '{name}' is not in collection 'docs'; `minicoil search ... --json` shows ids")


def test_points_that_are_gone_are_left_out_and_one_that_is_named_twice_comes_once(engine, query):
    found = explain_points(engine, make_record(), query[0], [0, 0, 5, 99, NAMED])
    assert found.keys() == {0, NAMED}


def test_importance_is_told_from_term_frequency_where_texts_are_at_hand(engine, query, model):
    record = make_record(importance="a" * 64, avg_len=3.0)
    reading = Reading(TextTemplate("{text}"), model)
    (pod, *_), (other, *_) = (explain_points(engine, record, query[0], [0, NAMED], reading)[i] for i in (0, NAMED))
    vector = frequency_vector(model.tokenizer.words(TEXTS[0]), model.vocabulary, record.bm25)
    plain = sum(vector.as_dict().get(int(cell), 0.0) for cell in query[0][0].cells.indices)
    assert pod.word == "pod" and pod.tf == pytest.approx(plain, rel=1e-5)
    assert other.importance == 1.0  # its text is gone: all counts as term frequency
    assert explain_points(engine, make_record(), query[0], [0], reading)[0][0].importance == 1.0


def test_frequencies_of_a_point_whose_text_is_gone_are_none(model):
    reading = Reading(TextTemplate("{text}"), model)
    assert reading.frequencies(Point(1, {}), make_record()) is None
    assert isinstance(reading.frequencies(Point(1, {"text": "pods"}), make_record()), SparseVector)


def term(word, meaning, is_known=True):
    return TermScore(word, is_known, 1.0, 1.0, meaning, meaning or 0.0)


def test_every_row_gets_its_place_in_the_other_ranking_and_what_moved_it():
    results, plain = [{"id": 1}, {"id": 2}], [{"id": 2}, {"id": 3}]
    found = {1: [term("pod", 0.9), term("zebra", 1.0, is_known=False)], 2: [term("pod", 0.1), term("node", None)]}
    add_movers(results, plain, found)
    assert [row["bm25_rank"] for row in results] == [None, 1] and [row["minicoil_rank"] for row in plain] == [2, None]
    usual = (0.9 + 1.0 + 0.1) / 4
    assert results[0]["moved_by"] == [{"word": "pod", "meaning": 0.9, "lift": round(0.9 - usual, 4)}]
    assert results[1]["moved_by"] == [{"word": "pod", "meaning": 0.1, "lift": round(0.1 - usual, 4)}]
    assert plain[0]["moved_by"] == results[1]["moved_by"] and plain[1]["moved_by"] == []


def test_rankings_without_anything_are_left_as_they_are():
    add_movers([], [], {})
    rows = [{"id": np.int64(1)}]
    add_movers(rows, [], {})
    assert rows == [{"id": 1, "bm25_rank": None, "moved_by": []}]
