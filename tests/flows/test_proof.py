"""Search proven on the product's own life: evaluated, explained, compared, gated, reported."""

import json
import re
import shutil

import numpy as np
import pytest

from minicoil.errors import CollectionError, CorpusError, ReleaseError, UsageError
from minicoil.folder.bundle import check_bundle
from minicoil.words.ledger import Ledger
from tasks.catalogue.best import read_best
from tasks.catalogue.manifest import read_manifest
from tasks.catalogue.releases import open_release
from tasks.collections.searching import search_collection
from tasks.place import Place
from tasks.proof.evaluating import TEMPORARY

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's and FastEmbed's own


def evaluate(life, **values):
    from flows.evaluate_retrieval import evaluate_retrieval
    from flows.forms import EvaluateParameters

    return evaluate_retrieval(EvaluateParameters(home=str(life.home), **values))


@pytest.fixture(scope="module")
def judged(life, tmp_path_factory):
    """A BEIR folder of the collection's own points: ids are the payload's `doc`, each query a document's opening."""
    folder = tmp_path_factory.mktemp("beir") / "networkx"
    (folder / "qrels").mkdir(parents=True)
    with life.place.points() as points:
        rows = [point for page in points.scroll("docs") for point in page]
    first = {}
    for row in rows:
        first.setdefault(row.payload["doc"], row)
    docs = [{"_id": doc, "text": row.payload["text"]} for doc, row in sorted(first.items())][:60]
    queries = [{"_id": f"q{i}", "text": " ".join(doc["text"].split()[1:8])} for i, doc in enumerate(docs)]
    queries.append({"_id": "nothing", "text": "the of and"})
    qrels = [f"q{i}\t{doc['_id']}\t1" for i, doc in enumerate(docs)]
    qrels += [f"nothing\t{docs[0]['_id']}\t1", "q0\tgone\t1"]
    for name, lines in (("corpus", docs), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (folder / "qrels" / "test.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *qrels]))
    return folder


def test_the_engine_and_memory_give_the_same_figures_and_the_collection_is_gone(life, judged):
    engine, memory = evaluate(life, folder=str(judged)), evaluate(life, folder=str(judged), in_memory=True)
    for system in ("bm25", "minicoil", "parent"):
        assert engine[system] == memory[system] and set(engine[system]) == {"ndcg@10", "mrr@10", "recall@100"}
    assert engine["against"] == memory["against"] and engine["n_queries"] == 61
    assert engine["release"] == 2 and engine["parent_model"] == "release 1"
    with life.place.points() as points:
        assert not [name for name in points.names() if name.startswith(TEMPORARY)]


def test_a_model_folder_is_evaluated_like_the_release_it_is(life, judged):
    release = evaluate(life, folder=str(judged), in_memory=True)
    folder = open_release(life.place.objects(), 2, life.place.cache)
    answer = evaluate(life, folder=str(judged), in_memory=True, model=str(folder), parent="1")
    assert answer["release"] is None
    assert {s: answer[s] for s in ("bm25", "minicoil", "parent")} == {
        s: release[s] for s in ("bm25", "minicoil", "parent")
    }


def test_what_cannot_be_used_is_counted_and_training_text_is_marked(life, judged):
    answer = evaluate(life, folder=str(judged), in_memory=True)
    reasons = {row["reason"]: row for row in answer["problems"]}
    assert reasons["judgements of documents that corpus.jsonl does not have"]["examples"] == ["q0 gone"]
    assert reasons["queries with no word to search with: 0 for everybody"]["examples"] == ["nothing"]
    assert answer["sets"][0]["trained_on"]["is_trained_on"]  # the corpus that release 1 and 2 learned from
    assert answer["gate"]["verdict"] in ("passed", "failed", "inconclusive")


def test_queries_are_ranked_by_change_with_the_words_that_moved_them(life, judged):
    answer = evaluate(life, folder=str(judged), in_memory=True)
    changes = [abs(row["change"]) for row in answer["queries"]]
    assert changes == sorted(changes, reverse=True) and len(changes) == 61
    known = {"node", "path", "graph", "edg", "weight", "algorithm"}
    assert {word["word"] for row in answer["queries"] for word in row["words"]} <= known
    assert {row["word"] for row in answer["words"]} <= known


def test_a_collection_that_is_there_is_searched_by_its_own_engine(life, judged):
    answer = evaluate(life, folder=str(judged), collection="docs")
    assert answer["collection"] == "docs" and answer["n_queries"] == 61
    assert answer["bm25"]["recall@100"] > 0.8 and answer["minicoil"]["recall@100"] > 0.8
    with pytest.raises(CollectionError, match="'nope' was not found"):
        evaluate(life, folder=str(judged), collection="nope")


def test_without_labels_the_collections_own_text_asks(life):
    answer = evaluate(life, collection="docs", in_memory=True)
    known, *senses = answer["sets"]
    assert known["kind"] == "known_item" and known["is_proxy"] and known["n_queries"] > 50
    assert all(row["kind"] == "sense" and not row["trained_on"]["is_trained_on"] for row in senses)


def test_a_release_is_held_against_the_best_on_the_questions_frozen_with_it(life):
    store = life.place.objects()
    best = read_best(store, "production")
    assert best.release == 1 and len(best.documents["docs"]) > 100
    sets = read_manifest(store, 2).facts["retrieval_gate"]["sets"]
    (frozen,) = [row for row in sets if "best" in row]
    assert frozen["best"] == 1 and frozen["set"] == "docs as release 1 found it" and frozen["n_queries"] > 50
    assert not [row for row in read_manifest(store, 1).facts["retrieval_gate"]["sets"] if "best" in row]


def test_an_explanation_sums_to_the_engines_score(life):
    for query in ("shortest path between nodes", "weight of an edge in a graph", "algorithm", "zzyzx nodes"):
        for hit in search_collection(life.place, "docs", query, 4)["results"]:
            found = search_collection(life.place, "docs", query, 1, explain=hit["id"])["explanation"]
            assert found["score"] == pytest.approx(hit["score"], rel=1e-5)
            assert found["sum"] == pytest.approx(hit["score"], rel=1e-3)
            for row in found["words"]:
                assert row["score"] == pytest.approx(row["idf"] * row["tf"] * (row["meaning"] or 0), rel=1e-6, abs=1e-9)
                assert row["meaning"] is None or -1.001 <= row["meaning"] <= 1.001
    with pytest.raises(CollectionError, match="point 'nope' is not in collection 'docs'"):
        search_collection(life.place, "docs", "nodes", 1, explain="nope")


def test_both_rankings_name_their_other_place_and_what_moved_them(life):
    answer = search_collection(life.place, "docs", "weight of a path between nodes", 6, compare=True)
    places = {row["id"]: i for i, row in enumerate(answer["bm25"], 1)}
    assert [row["bm25_rank"] for row in answer["results"]] == [places.get(row["id"]) for row in answer["results"]]
    assert all(move["word"] in ("weight", "path", "node") for row in answer["results"] for move in row["moved_by"])
    assert any(row["moved_by"] for row in answer["results"])


def test_two_releases_are_compared_on_the_same_points(life, tmp_path):
    from flows.compare_releases import compare_releases
    from flows.forms import CompareParameters

    queries = tmp_path / "queries.txt"
    queries.write_text('weight of a path\nshortest path between nodes\nquantum\n{"text": "edges"}\n{broken\nzzzzqqq\n')
    values = {"home": str(life.home), "collection": "docs", "queries": str(queries)}
    answer = compare_releases(CompareParameters(one=1, other=2, **values))
    assert answer["n_queries"] == 5 and [row["n"] for row in answer["problems"]] == [1]
    assert answer["sparse"]["n_without_results_one"] == answer["sparse"]["n_without_results_other"] >= 1
    assert answer["fused"] is None and "no dense vector" in answer["why_not_fused"]
    overlaps = [row["overlap"] for row in answer["queries"]]
    assert overlaps == sorted(overlaps) and answer["sparse"]["score_ratio"] > 0.5
    unchanged = next(row for row in answer["queries"] if row["text"] == "quantum")
    assert unchanged["overlap"] == 1.0 and not unchanged["words"]
    same = compare_releases(CompareParameters(one=2, other=2, **values))
    assert same["sparse"]["overlap"] == 1.0 and same["sparse"]["n_changed"] == 0
    with pytest.raises(CollectionError, match="release 9 cannot be read .* holds the cells of 1 and 2"):
        compare_releases(CompareParameters(one=9, other=2, **values))
    with pytest.raises(UsageError, match="cannot be read"):
        compare_releases(CompareParameters(one=1, other=2, **{**values, "queries": "/nowhere"}))


def test_rankings_are_fused_with_a_dense_vector_of_the_same_encoder(life):
    from minicoil.sparse.model import MiniCoil
    from tasks.catalogue.registry import read_collection_record
    from tasks.points import CollectionSchema, Point
    from tasks.proof.comparing import _dense_queries, _pooled

    record = read_collection_record(life.place.objects(), "docs").model_copy(update={"name": "dense"})
    model = MiniCoil.load(open_release(life.place.objects(), 2, life.place.cache))
    texts = ["a path of nodes", "weights of edges"]
    with life.place.points() as points:
        points.ensure("dense", CollectionSchema(dense={"dense": 384}))
        points.upsert(
            "dense",
            [
                Point(i, {"text": t}, {"dense": v})
                for i, (t, v) in enumerate(zip(texts, _pooled(model, texts), strict=True))
            ],
        )
        name, vectors, why_not = _dense_queries(points, record, model, ["nodes"], [None])
        assert name == "dense" and vectors.shape == (1, 384) and why_not == ""
        assert [hit.id for hit in points.search("dense", "dense", vectors[0], 2)] == [0, 1]
        points.upsert(
            "dense", [Point(i, {"text": t}, {"dense": np.ones(384, np.float32)}) for i, t in enumerate(texts)]
        )
        assert _dense_queries(points, record, model, ["nodes"], [None])[1] is None
        given = _dense_queries(points, record, model, ["nodes"], [[0.5] * 384])
        assert given[1].tolist() == [[0.5] * 384]
        points.drop("dense")


def test_the_verdict_is_in_the_manifest_and_the_report_beside_the_release(life):
    for number in (1, 2):
        manifest = read_manifest(life.place.objects(), number)
        gate = manifest.facts["retrieval_gate"]
        assert gate["verdict"] in ("passed", "failed", "inconclusive") and gate["reasons"] and gate["sets"]
        assert "report.html" in manifest.files
        page = (open_release(life.place.objects(), number, life.place.cache) / "report.html").read_text()
        assert f"Retrieval gate: {gate['verdict']}" in page and not re.search(r"(src|href)=|https?://(?!www.w3)", page)


def test_bad_requests_say_what_to_do(life, tmp_path):
    from flows.orchestration.embedded import run

    place = {"home": str(life.home)}
    with pytest.raises(UsageError, match="give a BEIR folder, or a collection"):
        run("evaluate-retrieval", place)
    with pytest.raises(UsageError, match="not both"):
        run("evaluate-retrieval", {**place, "folder": "x", "release": 1, "model": "y"})
    with pytest.raises(ReleaseError, match="release 77 was not found"):
        evaluate(life, folder=str(tmp_path), release=77)
    with pytest.raises(CorpusError, match="corpus.jsonl, queries.jsonl, qrels/test.tsv not found"):  # before any work
        run("extend-vocabulary", {**place, "corpus": ["pydocs:networkx"], "judged_sets": [str(tmp_path)]})
    with pytest.raises(UsageError, match="'beir:sci': no such set; known are arguana,"):
        run("extend-vocabulary", {**place, "corpus": ["pydocs:networkx"], "judged_sets": ["beir:sci"]})
    with pytest.raises(UsageError, match="not one word.*a second corpus needs a --corpus of its own"):  # before reading
        run("extend-vocabulary", {**place, "corpus": ["nowhere"], "words": ["nodes", "texts/more"]})


@pytest.mark.slow
def test_a_word_that_lowers_retrieval_is_left_out_of_the_release(life, tmp_path, monkeypatch):
    from flows.extend_vocabulary import extend_vocabulary
    from flows.forms import ExtendParameters

    home = tmp_path / "home"
    shutil.copytree(life.home, home, ignore=shutil.ignore_patterns("*.sock", "prefect"))
    named = iter([["degre"]])
    monkeypatch.setattr("tasks.proof.proving.hurting_words", lambda effects, config: next(named, []))
    words = ["degree", "functions"]
    values = {"home": str(home), "corpus": ["pydocs:networkx"], "sample": 250, "max_sentences": 120, "words": words}
    answer = extend_vocabulary(ExtendParameters(**values))
    rows = {row["word"]: row for row in answer["words"]}
    assert rows["degre"]["verdict"] == "kept_bm25" and "lowers retrieval" in rows["degre"]["reason"]
    assert rows["function"]["verdict"] == "accepted" and answer["retrieval_gate"]["hurting"] == []
    store = Place.at(home).objects()
    folder = open_release(store, answer["release"], tmp_path)
    _, vocabulary = check_bundle(folder)
    assert vocabulary.entry_id("degre") is None and vocabulary.entry_id("function") is not None
    assert Ledger.read(folder).words["degre"].verdict == "kept_bm25"
