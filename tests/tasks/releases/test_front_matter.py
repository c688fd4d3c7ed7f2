"""What hubs read of a card: names of hubs alone, a licence that is never guessed, figures with what they are held against."""

from pathlib import Path

import pytest

from minicoil.folder.bundle import BundleFacts
from minicoil.retrieval.effectiveness import Difference
from minicoil.retrieval.evaluation import BM25, PARENT, RELEASE, SetResult
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.words.ledger import Ledger
from minicoil.words.vocabulary import Vocabulary
from tasks.models.bundles import Parent
from tasks.releases.front_matter import CardFacts, front_matter, has_interval, source_names

MEASURES = ("ndcg@10", "mrr@10", "recall@100")


def parent(folder=Path("nowhere"), encoder="minilm", base="", licence="", language="en"):
    facts = BundleFacts(encoder, "a" * 64, 4, 384, base=base, base_licence=licence, language=language)
    return Parent(folder, 6, facts, Vocabulary.empty(), Ledger())


def judged(name, kind="judged", **more):
    data = RetrievalSet(name, kind, {"d1": "t", "d2": "u"}, {"q": "t"}, {"q": {"d1": 1.0}}, **more)
    change = {measure: Difference(0.0125, 0.0025, 0.0225, 1) for measure in MEASURES}
    means = {BM25: dict.fromkeys(MEASURES, 0.5), RELEASE: dict.fromkeys(MEASURES, 0.5125)}
    return SetResult(data, means, {BM25: change, PARENT: change}, (), (), (), ())


def read(facts=None, **origin):
    return front_matter(parent(**origin), facts or CardFacts(7)).to_dict()


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("pydocs:torch,numpy", "pydocs:torch,numpy"),
        ("qdrant:docs#body", "qdrant:docs#body"),
        ("hf:BeIR/scifact:corpus#text", "hf:BeIR/scifact:corpus#text"),
        ("hf:/home/me/set#text", "hf:set#text"),
        ("hf:./set#text", "hf:set#text"),
        ("/home/me/secret/docs.jsonl#body", "docs.jsonl#body"),
        ("s3://bucket/secret/prefix/a.parquet", "a.parquet"),
        ("texts", "texts"),
        ("/x/a\x1b[31m\nb", r"a\x1b[31m\nb"),
    ],
)
def test_of_a_path_a_stranger_reads_its_last_part_alone(spec, name):
    assert source_names([spec]) == [name]


def test_a_folder_of_this_machine_is_no_data_set_of_a_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scifact").mkdir()
    facts = CardFacts(7, ["hf:scifact#text", "hf:ag_news:train#text", "texts", "pydocs:torch"])
    assert read(facts)["datasets"] == ["ag_news"]
    assert "datasets" not in read(CardFacts(7, ["texts"]))


@pytest.mark.parametrize(
    ("card", "sets"),
    [
        ("---\ndatasets:\n- BeIR/scifact\n- ag_news\n---\n# x", ["BeIR/scifact", "ag_news"]),
        ("---\ndatasets: ag_news\n---\n", ["ag_news"]),
        ("---\ndatasets:\n- 3\n- 'a b'\n- ../x\n- ok\n---\n", ["ok"]),
        ("---\ndatasets:\n  a: 1\n---\n", []),
        ("---\nlicense: mit\n---\n", []),
        ("---\n- x\n---\n", []),
        ("---\njust text\n---\n", []),
        ("---\na: [\n---\n", []),
        ("---\n" + "[" * 5000 + "\n---\n", []),
        ("---\nx: !!python/object/apply:os.system ['true']\n---\n", []),
        ("# no front matter", []),
        (b"\xff\xfe", []),
    ],
)
def test_data_sets_that_the_parents_card_names_are_this_releases_too(tmp_path, card, sets):
    (tmp_path / "README.md").write_bytes(card if isinstance(card, bytes) else card.encode())
    facts = CardFacts(7, ["hf:zeta/set#text"])
    assert read(facts, folder=tmp_path)["datasets"] == sorted([*sets, "zeta/set"])


def test_a_strangers_card_may_name_only_so_many(tmp_path):
    rows = "\n".join(f"- set{i:04d}" for i in range(5000))
    (tmp_path / "README.md").write_text(f"---\ndatasets:\n{rows}\n---\n")
    assert len(read(folder=tmp_path)["datasets"]) == 200


@pytest.mark.parametrize(
    ("origin", "said", "licence"),
    [
        ({}, "", "apache-2.0"),
        ({"encoder": "acme/encoder"}, "", "unknown"),
        ({"base": "acme/terms", "licence": "mit"}, "", "mit"),
        ({"base": "acme/terms"}, "", "unknown"),
        ({"base": "acme/terms", "licence": "mit"}, "cc-by-4.0", "cc-by-4.0"),
    ],
)
def test_a_licence_is_as_it_was_said_or_of_what_it_grew_from(origin, said, licence):
    assert read(CardFacts(7, licence=said), **origin)["license"] == licence


def test_what_it_grew_from_is_named_once_and_only_by_a_hubs_name():
    assert read(encoder="/home/me/encoder", base="acme/terms")["base_model"] == ["acme/terms"]
    assert read(encoder="acme/terms", base="acme/terms")["base_model"] == ["acme/terms"]
    assert "base_model" not in read(encoder="my-encoder")


def test_figures_are_of_sets_apart_and_say_what_they_are_held_against():
    results = [judged("My Set!"), judged("docs", "known_item"), judged("docs", "sense", words={"q": "pod"})]
    found = front_matter(parent(), CardFacts(7, judged=results))
    assert found.model_name == "miniCOIL release 7" and len(found.eval_results) == 9
    types = list(dict.fromkeys(entry.dataset_type for entry in found.eval_results))
    assert types == ["my-set", "known-item-docs", "sense-docs"]
    first = found.eval_results[0]
    assert (first.dataset_name, first.metric_type, first.metric_value) == ("My Set!", "ndcg_at_10", 0.5125)
    assert first.metric_args == {
        "bm25": 0.5,
        "gain_over_bm25": 0.0125,
        "gain_interval_95": [0.0025, 0.0225],
        "n_queries": 1,
        "n_documents": 2,
    }
    assert "gain_interval_95" not in found.eval_results[-1].metric_args  # one word alone is always the same
    assert front_matter(parent(), CardFacts(7)).eval_results is None


def test_an_interval_needs_something_that_was_drawn():
    assert has_interval(judged("a")) and not has_interval(judged("a", "sense", words={"q": "pod"}))
    assert has_interval(judged("a", "sense", words={"q": "pod", "r": "node"}))
