"""What an assembled release carries on: importance, the licence that was said, the data sets of its ancestors."""

import numpy as np
import pytest
from huggingface_hub import ModelCard

from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import check_bundle, create_empty_bundle, read_facts
from minicoil.importance.document_words import FEATURES
from minicoil.importance.weights import Importance
from minicoil.words.ledger import Ledger
from tasks.models.bundles import Parent
from tasks.releases.assembly import Draft, assemble
from tasks.training.importance_lesson import ImportanceLesson

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making


def parent_at(folder):
    return Parent(folder, None, read_facts(folder), check_bundle(folder)[1], Ledger.read(folder))


def _card(folder):
    return BundleLayout(folder).card.read_text("utf-8")


def test_importance_is_written_inherited_to_the_byte_or_left_out(tiny_encoder, tmp_path):
    create_empty_bundle(tiny_encoder, tmp_path / "empty")
    parent = parent_at(tmp_path / "empty")

    def build(name, parent, lesson=None, **options):
        draft = Draft(parent, 1, tmp_path / name, "request", None, [], lesson=lesson or ImportanceLesson(), **options)
        return assemble(draft, ()), BundleLayout(tmp_path / name).importance

    plain, file = build("plain", parent)
    assert "importance" not in plain.facts and not file.exists()
    refused, file = build("refused", parent, ImportanceLesson(None, {"reason": "too few"}))
    assert refused.facts["importance"] == {"reason": "too few"} and not file.exists()

    importance = Importance(np.linspace(-1, 1, 64 + len(FEATURES)).astype(np.float32), 0.25)
    first, learned = build("first", parent, ImportanceLesson(importance, {"n_taught": 300}))
    assert first.facts["importance"] == {"digest": importance.digest, "beta": 0.25, "n_taught": 300}
    assert "carries importance" not in _card(tmp_path / "plain") and "carries importance" not in _card(
        tmp_path / "refused"
    )
    assert "encode queries of\nevery collection, but no documents" in _card(tmp_path / "first")
    second, inherited = build("second", parent_at(tmp_path / "first"))
    assert inherited.read_bytes() == learned.read_bytes()
    assert second.facts["importance"] == {"digest": importance.digest, "beta": 0.25}
    third, dropped = build("third", parent_at(tmp_path / "second"), with_importance=False)
    assert not dropped.exists() and "importance" not in third.facts
    assert "carries importance" in _card(tmp_path / "second") and "carries importance" not in _card(tmp_path / "third")


def test_a_licence_that_was_said_and_data_sets_are_carried_on_in_the_lineage(tiny_encoder, tmp_path):
    create_empty_bundle(tiny_encoder, tmp_path / "empty", encoder="acme/encoder")
    before = BundleLayout(tmp_path / "empty").facts.read_bytes()

    def build(name, parent, **options):
        built = assemble(Draft(parent_at(tmp_path / parent), 1, tmp_path / name, "request", None, [], **options), ())
        return built.facts.get("licence"), ModelCard(_card(tmp_path / name)).data.to_dict()

    licence, card = build("silent", "empty", sources=["hf:BeIR/scifact#text"])
    assert licence is None and card["license"] == "unknown" and card["datasets"] == ["BeIR/scifact"]
    assert BundleLayout(tmp_path / "silent").facts.read_bytes() == before
    licence, card = build("first", "silent", sources=["hf:ag_news:train#text", "texts"], licence="mit")
    assert licence == card["license"] == "mit" and card["datasets"] == ["BeIR/scifact", "ag_news"]
    licence, card = build("second", "first")
    assert licence == card["license"] == "mit" and card["datasets"] == ["BeIR/scifact", "ag_news"]
    assert build("third", "second", licence="cc-by-4.0")[0] == "cc-by-4.0"
    assert read_facts(tmp_path / "third").licence == "cc-by-4.0"


@pytest.mark.parametrize(
    "card",
    [
        "no front matter",
        "---\nlicense: mit\n---\n",
        "---\n- a\n---\n",
        "---\ndatasets: [\n---\n",
        "---\ndatasets: {a: b}\n---\n",
        "---\ndatasets: ['a b', ../../x, 7]\n---\n",
        f"---\ndatasets: {'[' * 5000}\n---\n",
    ],
)
def test_a_parent_s_card_of_any_kind_stops_nothing(tiny_encoder, tmp_path, card):
    create_empty_bundle(tiny_encoder, tmp_path / "empty")
    BundleLayout(tmp_path / "empty").card.write_text(card, "utf-8")
    assemble(Draft(parent_at(tmp_path / "empty"), 1, tmp_path / "next", "request", None, []), ())
    assert "datasets" not in ModelCard(_card(tmp_path / "next")).data.to_dict()
