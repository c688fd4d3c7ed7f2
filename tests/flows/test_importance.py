"""Importance through the product's life: learned by an extension, chosen by index, kept by whatever follows."""

import pytest

from flows.evaluate_retrieval import evaluate_retrieval
from flows.extend_vocabulary import extend_vocabulary
from flows.forms.parameters import ExtendParameters, IndexParameters, RemoveParameters
from flows.forms.proof_parameters import EvaluateParameters
from flows.index_collection import index_collection
from flows.remove_words import remove_words
from minicoil.errors import UsageError
from minicoil.importance.learning import Learned
from tasks.catalogue.channels import read_channel
from tasks.catalogue.manifest import read_manifest, release_key
from tasks.catalogue.registry import open_record
from tasks.collections.searching import search_collection
from tasks.place import Place
from tasks.rewriting.verification import verify_collection
from tasks.training import importance_lesson

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.filterwarnings("ignore")]
CORPUS = "pydocs:networkx"


def test_a_life_with_importance(tmp_path, monkeypatch, capsys):
    """On a few hundred docstrings, which are too few to promise a gain: the promise is not asked for here."""
    monkeypatch.setattr(importance_lesson, "MIN_PAIRS", 50)
    monkeypatch.setattr(Learned, "helps", True)
    home = tmp_path / "home"
    common = {"home": str(home), "corpus": [CORPUS], "sample": 250}
    words = {**common, "max_sentences": 120, "evaluate": False}

    asked = {"words": ["nodes", "graph", "paths", "edges"], "importance": "learn", "licence": "mit"}
    first = extend_vocabulary(ExtendParameters(**words, **asked))
    learned = first.importance
    assert learned is not None and learned["n_taught"] + learned["n_judged"] <= 250 and first.promoted
    first.show()
    assert f"importance {learned['digest'][:12]} of" in capsys.readouterr().out

    docs = index_collection(IndexParameters(**common, collection="docs"))
    plain = index_collection(IndexParameters(**common, collection="plain", importance="none"))
    assert docs.importance == learned["digest"] and plain.importance is None

    second = extend_vocabulary(ExtendParameters(**words, words=["weight", "algorithm", "node"]))
    assert second.importance == {"digest": learned["digest"], "beta": learned["beta"]} and second.promoted
    place = Place.at(home)
    with place.points() as points:
        assert all(
            verify_collection(place, points, open_record(place.objects(), n)).is_sound for n in ("docs", "plain")
        )

    hit = search_collection(place, "docs", "weight of a path between nodes", 1)["results"][0]
    answer = search_collection(place, "docs", "weight of a path between nodes", 1, explain=str(hit["id"]))[
        "explanation"
    ]
    assert answer["sum"] == pytest.approx(answer["score"], rel=1e-4)
    assert any(row["importance"] != 1 for row in answer["words"])

    measured = evaluate_retrieval(EvaluateParameters(home=str(home), collection="docs"))
    assert measured.bm25_importance is not None and measured.minicoil_importance is not None
    assert {*measured.importance} == {"bm25_importance", "minicoil_importance"}
    measured.show()
    assert "weighed" in capsys.readouterr().out

    third = remove_words(RemoveParameters(home=str(home), words=["weight"]))
    assert third.promoted and open_record(place.objects(), "docs").importance == learned["digest"]
    serving = read_channel(place.objects(), "production").current
    # what was said with the first stands for all that grew from it
    assert [read_manifest(place.objects(), n).facts["licence"] for n in (first.release, serving)] == ["mit", "mit"]
    assert "license: mit\n" in place.objects().read(release_key(serving, "README.md")).decode()
    with pytest.raises(UsageError, match="--importance none: the words of collection 'docs' are weighed"):
        extend_vocabulary(ExtendParameters(**words, words=["directed"], importance="none"))
    assert read_channel(place.objects(), "production").current == serving
