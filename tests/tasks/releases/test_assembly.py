"""What an assembled release carries of importance: what was learned, else its parent's, else nothing."""

import numpy as np
import pytest

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
    second, inherited = build("second", parent_at(tmp_path / "first"))
    assert inherited.read_bytes() == learned.read_bytes()
    assert second.facts["importance"] == {"digest": importance.digest, "beta": 0.25}
    third, dropped = build("third", parent_at(tmp_path / "second"), with_importance=False)
    assert not dropped.exists() and "importance" not in third.facts
