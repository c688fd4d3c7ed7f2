"""An evaluation's document has every figure rounded, what moved most first, and what could not be used by name."""

from dataclasses import replace

from minicoil.files.strict_json import write_json
from minicoil.problems import Problem
from minicoil.retrieval.effectiveness import Difference
from minicoil.retrieval.evaluation import BM25, NEW_WORDS, RELEASE, QueryChange, SetResult, Step
from minicoil.retrieval.evaluation_report import result_row
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.retrieval.word_effects import WordEffect

DATA = RetrievalSet(
    "set",
    "sense",
    {"a": "x", "b": "y"},
    {"q1": "pods", "q2": "banks", "q3": "the"},
    {"q1": {"a": 1}, "q2": {"b": 1}, "q3": {"b": 1}},
    problems=(Problem.of("near-duplicate documents left out", ["c", "d"]),),
)
GAIN = Difference(0.123456, 0.05, 0.2, 3)
STEPS = (Step("parent", None, 0.5, GAIN), Step(NEW_WORDS, 12, 0.61234567, GAIN))
QUERIES = (
    QueryChange("q1", "pods", {BM25: 0.5, RELEASE: 0.6}, (("pod", 0.1),)),
    QueryChange("q2", "banks", {BM25: 0.9, RELEASE: 0.3}, ()),
    QueryChange("q0", "cells", {BM25: 0.5, RELEASE: 0.4}, ()),
)
WORDS = (WordEffect("bank", -0.61234567, Difference(-0.3, -0.4, -0.2, 2)), WordEffect("pod", 1e-12, GAIN))
RESULT = SetResult(
    DATA,
    {BM25: {"ndcg@10": 0.633333}, RELEASE: {"ndcg@10": 0.45}},
    {BM25: {"ndcg@10": GAIN}},
    QUERIES,
    WORDS,
    ("q3",),
    ("q2", "q0"),
    STEPS,
)
INTERVAL = {"change": 0.1235, "low": 0.05, "high": 0.2}


def test_figures_are_rounded_to_four_places_and_differences_have_their_interval():
    row = result_row(RESULT)
    head = {name: row[name] for name in ("set", "kind", "is_proxy", "n_documents", "n_queries")}
    assert head == {"set": "set", "kind": "sense", "is_proxy": True, "n_documents": 2, "n_queries": 3}
    assert row[BM25] == {"ndcg@10": 0.6333} and row["against"] == {BM25: {"ndcg@10": INTERVAL}}
    assert row["steps"] == [
        {"name": "parent", "system": "parent", "n_words": None, "ndcg@10": 0.5, **INTERVAL},
        {"name": "+ 12 new words", "system": NEW_WORDS, "n_words": 12, "ndcg@10": 0.6123, **INTERVAL},
    ]
    assert write_json(row)  # nothing in it that JSON has not


def test_queries_that_moved_most_come_first_whatever_the_direction():
    rows = result_row(RESULT)["queries"]
    assert [(row["id"], row["change"]) for row in rows] == [("q2", -0.6), ("q0", -0.1), ("q1", 0.1)]
    assert rows[2] == {
        "id": "q1", "text": "pods", BM25: 0.5, RELEASE: 0.6, "change": 0.1, "words": [{"word": "pod", "effect": 0.1}],
    }  # fmt: skip


def test_words_that_moved_nothing_are_left_out():
    (row,) = result_row(RESULT)["words"]
    assert row == {"word": "bank", "n_queries": 2, "total": -0.6123, "change": -0.3, "low": -0.4, "high": -0.2}


def test_what_could_not_be_used_is_counted_and_named():
    assert result_row(RESULT)["problems"] == [
        {"reason": "near-duplicate documents left out", "n": 2, "examples": ["c", "d"]},
        {"reason": "queries with no word to search with: 0 for everybody", "n": 1, "examples": ["q3"]},
        {"reason": "queries with no word the release knows: as BM25", "n": 2, "examples": ["q2", "q0"]},
    ]
    assert result_row(replace(RESULT, unknown=(), without_meaning=()))["problems"] == [DATA.problems[0].row()]


def test_importance_is_told_only_where_the_release_carries_it():
    assert "importance" not in result_row(RESULT)
    weighed = replace(RESULT, importance={"bm25_importance": {"ndcg@10": GAIN}})
    assert result_row(weighed)["importance"] == {"bm25_importance": {"ndcg@10": INTERVAL}}
