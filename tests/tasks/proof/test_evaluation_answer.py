"""The first set stands at the top of an evaluation's answer, all of them below, and the gate has seen all of them."""

import pytest

from minicoil.retrieval.retrieval_set import RetrievalSet
from tasks.place import Place
from tasks.proof.contenders import Contenders
from tasks.proof.evaluating import evaluate_set
from tasks.proof.evaluation_answer import answer_evaluation
from tasks.qdrant import open_points

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's and FastEmbed's own
DOCUMENTS = {"a": "pods share a node", "b": "kernels of a matrix", "c": "rivers and their banks"}


def test_every_set_is_answered_and_judged(bundle, tmp_path):
    contenders = Contenders(bundle, "thirty-words", None, None, "plain BM25")
    sets = [
        RetrievalSet("one", "judged", DOCUMENTS, {"q": "pods"}, {"q": {"a": 1}}),
        RetrievalSet("two", "judged", DOCUMENTS, {"q": "banks", "r": "kernels"}, {"q": {"c": 1}, "r": {"b": 1}}),
    ]
    evaluated = [evaluate_set(data, contenders, 1.2, 0.75, None) for data in sets]
    with open_points(tmp_path) as points:
        answer = answer_evaluation(evaluated, Place.at(tmp_path), points, "minilm")
    assert [(row["set"], row["n_queries"]) for row in answer["sets"]] == [("one", 1), ("two", 2)]
    assert {key: value for key, value in answer.items() if key not in ("sets", "gate")} == answer["sets"][0]
    assert answer["trained_on"] == {
        "n_sentences": 3, "n_read": 0, "n_trained": 0, "is_trained_on": False, "is_known": False,
    }  # fmt: skip
    assert [row["set"] for row in answer["gate"]["sets"]] == ["one", "two"]
    assert answer["gate"]["verdict"] == "inconclusive"  # one query and two say nothing
