"""A corpus teaches importance where it has enough to ask with, and gains; else the reason is said."""

import itertools
import json
import random

import numpy as np
import pytest

from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import create_empty_bundle, derive_bundle
from minicoil.importance.document_words import FEATURES
from minicoil.importance.weights import Importance, open_importance
from minicoil.words.vocabulary import Vocabulary
from tasks.models.bundles import open_parent
from tasks.place import Place
from tasks.training import importance_lesson
from tasks.training.importance_lesson import ImportanceLesson, learn_from_corpus

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making
WORDS = [
    "".join(parts) for parts in itertools.product(("ba", "ki", "lo", "mu", "te"), ("ran", "sel", "tum", "vok", "dil"))
]


def planted_corpus(path, n_documents):
    """What a document is about it says first; what its rivals are about it mentions last, just as often."""
    rng = random.Random(3)
    rows = []
    for number in range(n_documents):
        about, mentioned = rng.sample(WORDS, 3), rng.sample(WORDS, 3)
        fillers = [f"filler{rng.randrange(300)}" for _ in range(40)]
        body = " ".join([*reversed(about), *fillers, *mentioned])
        rows.append({"_id": f"d{number}", "title": " ".join(about), "text": body})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def home(tmp_path):
    return Place.at(tmp_path / "home")


@pytest.fixture(scope="module")
def model(tiny_encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "empty"
    create_empty_bundle(tiny_encoder, folder)
    return folder


def parent_of(home, model, monkeypatch):
    monkeypatch.setattr("tasks.models.bundles.open_empty", lambda *_: model)
    return open_parent(home, "production")


def test_planted_importance_is_learned_and_written_whole(home, model, monkeypatch, tmp_path):
    monkeypatch.setattr(importance_lesson, "MIN_PAIRS", 150)
    corpus = planted_corpus(tmp_path / "corpus.jsonl", 240)
    parent = parent_of(home, model, monkeypatch)
    with home.points() as points:
        lesson = learn_from_corpus(home, points, parent, [corpus], None)
    facts = lesson.facts
    assert lesson.importance is not None and facts["margin"] > 0 <= facts["gain"]
    assert facts["bm25_importance"] > facts["bm25"] and facts["n_taught"] + facts["n_judged"] >= 150
    first_place = lesson.importance.vector[-len(FEATURES) :][FEATURES.index("first place")]
    assert first_place < 0  # early is important
    lesson.importance.write(BundleLayout(tmp_path).importance)
    assert open_importance(tmp_path, lesson.importance.digest).beta == facts["beta"]


def test_too_few_queries_teach_nothing_and_that_is_said(home, model, monkeypatch, tmp_path):
    corpus = planted_corpus(tmp_path / "corpus.jsonl", 30)
    parent = parent_of(home, model, monkeypatch)
    with home.points() as points:
        lesson = learn_from_corpus(home, points, parent, [corpus], None)
    assert lesson.importance is None and "500 are the fewest" in lesson.facts["reason"]


def test_a_parent_that_has_it_hands_it_on(home, model, monkeypatch, tmp_path):
    folder = tmp_path / "with"
    derive_bundle(model, folder, Vocabulary.empty(), {})
    Importance(np.ones(64 + len(FEATURES), np.float32), 0.5).write(BundleLayout(folder).importance)
    parent = parent_of(home, folder, monkeypatch)
    with home.points() as points:
        assert learn_from_corpus(home, points, parent, ["nowhere"], None) == ImportanceLesson()
