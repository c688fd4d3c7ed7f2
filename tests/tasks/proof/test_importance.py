"""A release that carries importance is measured with it too, by queries that did not teach it."""

import numpy as np
import pytest

from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import create_empty_bundle, derive_bundle
from minicoil.importance.document_words import FEATURES
from minicoil.importance.rivals import teaches
from minicoil.importance.weights import Importance
from minicoil.retrieval.evaluation_report import result_row
from minicoil.retrieval.known_items import Source, make_known_items
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.words.vocabulary import Vocabulary
from tasks.place import Place
from tasks.proof.contenders import find_contenders
from tasks.proof.evaluating import evaluate_set

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making


@pytest.fixture(scope="module")
def folders(tiny_encoder, tmp_path_factory):
    """One word on an empty model, without importance and with one by which only the first words of a text count."""
    folder = tmp_path_factory.mktemp("measured")
    create_empty_bundle(tiny_encoder, folder / "empty")
    vocabulary, ids = Vocabulary.empty().apply({"pod": ["pods"]})
    rows = {i: np.random.default_rng(1).normal(size=(64, 4)).astype(np.float32) for i in ids.values()}
    for name in ("plain", "weighed"):
        derive_bundle(folder / "empty", folder / name, vocabulary, rows)
    vector = np.zeros(64 + len(FEATURES), np.float32)
    vector[64 + FEATURES.index("first place")] = -20
    Importance(vector, 1.0).write(BundleLayout(folder / "weighed").importance)
    return folder


def early_and_late():
    """The right document says it first; others say it last, and as often."""
    documents, queries = {}, {}
    for number in range(12):
        words = [f"topic{number}", f"thing{number}"]
        fillers = [f"filler{number + i}" for i in range(40)]
        documents[f"early{number}"] = " ".join([*words, *fillers])
        documents[f"late{number}"] = " ".join([*fillers[::-1], *words])
        queries[f"q{number}"] = " ".join(words)
    relevant = {query: {f"early{query[1:]}": 1} for query in queries}
    return RetrievalSet("early", "judged", documents, queries, relevant)


def test_importance_is_measured_beside_both_rankings_and_an_explanation_of_the_gain_is_given(folders, tmp_path):
    place = Place.at(tmp_path / "home")
    row = {}
    for name in ("plain", "weighed"):
        contenders = find_contenders(place, "production", model=str(folders / name))
        row[name] = result_row(evaluate_set(early_and_late(), contenders, 1.2, 0.75, None).result)
    assert "bm25_importance" not in row["plain"] and "importance" not in row["plain"]
    weighed = row["weighed"]
    for measure in ("ndcg@10", "mrr@10", "recall@100"):
        assert weighed["bm25"][measure] == row["plain"]["bm25"][measure]
        assert weighed["minicoil"][measure] == row["plain"]["minicoil"][measure]
    for system in ("bm25_importance", "minicoil_importance"):
        assert weighed[system]["ndcg@10"] == 1.0
        assert weighed["importance"][system]["ndcg@10"]["change"] >= 0


def test_queries_that_taught_importance_do_not_judge_it():
    words = [f"word{i}" for i in range(4000)]
    sources = [
        Source(f"d{i}", f"Title {words[i]} of {words[i + 1]}", " ".join(words[20 * i : 20 * i + 20]))
        for i in range(150)
    ]
    everybody = make_known_items("all", sources, 1000)
    judging = make_known_items("half", sources, 1000, may_ask=lambda query: not teaches(query))
    assert judging.documents == everybody.documents
    assert {*judging.queries} == {name for name, query in everybody.queries.items() if not teaches(query)}
    assert 0 < len(judging.queries) < len(everybody.queries)
    assert any(row.reason == "queries that taught importance" for row in judging.problems)
