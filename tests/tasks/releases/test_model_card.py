"""The card of a release, read as a hub reads it."""

from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard

from minicoil.folder.bundle import BundleFacts
from minicoil.retrieval.effectiveness import Difference
from minicoil.retrieval.evaluation import BM25, PARENT, RELEASE, SetResult
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.text.languages import open_language
from minicoil.words.ledger import Ledger, WordRecord
from minicoil.words.vocabulary import Vocabulary
from tasks.models.bundles import Parent
from tasks.releases.front_matter import CardFacts
from tasks.releases.model_card import model_card
from tasks.training.word_memory import WordResult

MEASURES = ("ndcg@10", "mrr@10", "recall@100")
RECIPE = "minicoil extend --common 2 --corpus texts"


def parent(encoder="minilm", base="", licence="", language="en"):
    facts = BundleFacts(encoder, "a" * 64, 4, 384, base=base, base_licence=licence, language=language)
    return Parent(Path("nowhere"), 6, facts, Vocabulary.empty(language=open_language(language)), Ledger())


def judged(name, kind="judged", gain=0.0125, **more):
    data = RetrievalSet(name, kind, {"d1": "t", "d2": "u"}, {"q": "t"}, {"q": {"d1": 1.0}}, **more)
    change = {measure: Difference(gain, gain - 0.01, gain + 0.01, 1) for measure in MEASURES}
    means = {BM25: dict.fromkeys(MEASURES, 0.5), RELEASE: dict.fromkeys(MEASURES, 0.5 + gain)}
    return SetResult(data, means, {BM25: change, PARENT: change}, (), (), (), ())


def card_of(facts, **origin):
    figures = {"n_sentences": 40, "ordering_accuracy": 0.8, "margin_accuracy": 0.7, "ceiling": 0.9}
    record = WordRecord("pod", "accepted", "", forms=("pods", "pod"), **figures)
    language = open_language(origin.get("language", "en"))
    vocabulary, _ = Vocabulary.empty(language=language).apply({"pod": ["pod", "pods"]})
    text = model_card(parent(**origin), vocabulary, [WordResult(record, object())], facts)
    return ModelCard(text), text


def test_the_front_matter_says_what_hubs_ask_for():
    sources = ["hf:ag_news:train#text", "hf:BeIR/scifact:corpus#text", "/home/me/secret/texts", "pydocs:torch"]
    card, text = card_of(CardFacts(7, sources, RECIPE, "b" * 64))
    data = card.data.to_dict()
    assert data["license"] == "apache-2.0" and data["language"] == "en" and data["library_name"] == "fastembed"
    assert data["base_model"] == ["sentence-transformers/all-MiniLM-L6-v2"]
    assert data["datasets"] == ["BeIR/scifact", "ag_news"] and "minicoil" in data["tags"]
    assert "model-index" not in data and "Not judged: no figures are claimed." in text
    assert "/home/me" not in text and "- `texts`" in text and "- `pydocs:torch`" in text
    assert f"    {RECIPE}\n" in text and "bbbbbbbbbbbbbbbb" in text and "## Limits" in text
    assert "| pod | pods, pod | accepted | 40 | 0.800 | 0.700 | 0.900 |" in text


@pytest.mark.parametrize(
    ("origin", "licence", "bases"),
    [
        ({"encoder": "acme/encoder"}, "unknown", ["acme/encoder"]),
        ({"encoder": "/models/mine"}, "unknown", None),
        (
            {"encoder": "Qdrant/minicoil-v1", "base": "Qdrant/minicoil-v1", "licence": "mit"},
            "mit",
            ["Qdrant/minicoil-v1"],
        ),
        ({"base": "acme/terms", "licence": ""}, "unknown", ["acme/terms", "sentence-transformers/all-MiniLM-L6-v2"]),
    ],
)
def test_licence_and_base_are_of_what_it_grew_from_and_never_guessed(origin, licence, bases):
    card, _ = card_of(CardFacts(7), **origin)
    assert card.data.license == licence and card.data.to_dict().get("base_model") == bases


def test_a_licence_that_was_said_stands_above_all_others():
    for origin in ({"encoder": "acme/encoder"}, {}, {"base": "acme/terms", "licence": "mit"}):
        assert card_of(CardFacts(7, licence="cc-by-4.0"), **origin)[0].data.license == "cc-by-4.0"


def test_a_release_with_importance_says_what_stock_clients_cannot_encode():
    said = 'model = minicoil.load("THIS_FOLDER", avg_len=150.0, importance="DIGEST")'
    assert said in card_of(CardFacts(7, has_importance=True))[1] and said not in card_of(CardFacts(7))[1]


def test_every_judged_set_is_in_the_index_with_its_figures_and_intervals():
    card, text = card_of(
        CardFacts(7, judged=[judged("scifact"), judged("docs", "known_item", -0.02), judged("docs", "sense")])
    )
    (index,) = yaml.safe_load(text.split("---")[1])["model-index"]
    assert index["name"] == "miniCOIL release 7"
    assert [row["dataset"] for row in index["results"]] == [
        {"name": "scifact", "type": "scifact"},
        {"name": "docs", "type": "known-item-docs"},
        {"name": "docs", "type": "sense-docs"},
    ]
    first = index["results"][0]["metrics"][0]
    assert first["type"] == "ndcg_at_10" and first["name"] == "nDCG@10" and first["value"] == 0.5125
    assert first["args"] == {
        "bm25": 0.5,
        "gain_over_bm25": 0.0125,
        "gain_interval_95": [0.0025, 0.0225],
        "n_queries": 1,
        "n_documents": 2,
    }
    found = {(r.dataset_type, r.metric_type): r.metric_value for r in card.data.eval_results}
    assert len(found) == 9 and found["known-item-docs", "mrr_at_10"] == 0.48
    assert "| scifact (judged by people) | 1 | 2 | nDCG@10 | 0.5000 | 0.5125 | +0.0125 | +0.0025 to +0.0225 |" in text
    assert "made from a collection's own text) | 1 | 2 | nDCG@10 | 0.5000 | 0.4800 | -0.0200 |" in text


def test_queries_about_one_word_have_no_interval_to_show():
    card, text = card_of(CardFacts(7, judged=[judged("docs", "sense", words={"q": "pod"})]))
    assert (
        "| docs (words asked for in one meaning) | 1 | 2 | nDCG@10 | 0.5000 | 0.5125 | +0.0125 | none: one word |"
        in text
    )
    assert "gain_interval_95" not in text and len(card.data.eval_results) == 3


def test_names_of_strangers_break_neither_front_matter_nor_table():
    name = "set: | --- \n# {x}\x1b[31m"
    card, text = card_of(CardFacts(7, ["/x/a`b\nlicense: none"], judged=[judged(name)]))
    assert card.data.license == "apache-2.0" and len(card.data.eval_results) == 3
    assert "\x1b" not in text and not any(line.startswith(("# {x}", "license: none")) for line in text.splitlines())


def test_the_language_is_said_with_what_follows_from_it():
    card, text = card_of(CardFacts(7, ["texte"], RECIPE), language="de")
    assert card.data.to_dict()["language"] == "de"
    assert "- German: stop words are German ones" in text and "FastEmbed's stemmer" in text
    assert "- English: stems and stop words are English ones." in card_of(CardFacts(7))[1]
