"""A release's report is written into its folder: what it was grown from, its words, and whose points it will change."""

import json
import logging

import numpy as np
import pytest

from minicoil.config import RetrievalGateConfig
from minicoil.errors import ReleaseError
from minicoil.folder.bundle import BundleFacts
from minicoil.retrieval.retrieval_gate import judge_release
from minicoil.words.ledger import Ledger, WordRecord
from minicoil.words.vocabulary import Vocabulary
from minicoil.words.worth import FrontierRow
from tasks.catalogue.registry import CollectionRecord
from tasks.models.bundles import Parent
from tasks.place import Place
from tasks.points.engine import EdgeEngine
from tasks.points.records import CollectionSchema, Point
from tasks.proof.proving import Proof
from tasks.report import release_report
from tasks.report.release_report import ReportRequest, write_report
from tasks.training.word_memory import WordResult

EMPTY = Proof((), judge_release([], RetrievalGateConfig()))
LAYER = np.zeros((8, 4), np.float32)


@pytest.fixture
def points(tmp_path):
    """Two collections: in one of them two points have the word."""
    engine = EdgeEngine(tmp_path / "engine")
    for name, texts in (("docs", ["pods", "nodes", "pod"]), ("other", ["bank"])):
        engine.ensure(name, CollectionSchema(sparse=("minicoil",), keyword=("mc_keys",)))
        engine.upsert(name, [Point(i, {"mc_keys": [text]}) for i, text in enumerate(texts)])
    yield engine
    engine.close()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "release-3"
    made.mkdir()
    facts = {"encoder": "minilm", "encoder_digest": "0" * 64, "dims": 4, "width": 8, "version": 1}
    (made / "minicoil.json").write_text(json.dumps(facts))
    return made


def parent(release):
    return Parent(None, release, BundleFacts("minilm", "0" * 64, 4, 8), Vocabulary.empty(), Ledger())


def request(tmp_path, **values):
    records = [
        CollectionRecord(
            name=name, channel="production", k=1.2, b=0.75, avg_len=5, dims=4, shift=192000, encoder="x",
            encoder_digest="0",
        )
        for name in ("docs", "other")
    ]  # fmt: skip
    return ReportRequest(Place.at(tmp_path / "home"), records, "minilm", **values)


RESULTS = [
    WordResult(WordRecord("pod", "accepted", "fine", forms=("pods", "pod"), n_sentences=9), LAYER),
    WordResult(WordRecord("bank", "kept_bm25", "too rare", forms=("bank",)), None),
]


def test_the_page_is_in_the_releases_folder_and_says_what_it_is_of(points, folder, tmp_path):
    path = write_report(points, parent(2), folder, RESULTS, EMPTY, request(tmp_path))
    assert path == folder / "report.html"
    page = path.read_text("utf-8")
    assert "release 3" in page and "release 2" in page and ">bank<" in page and ">pod<" in page
    again = write_report(points, parent(2), folder, RESULTS, EMPTY, request(tmp_path)).read_text("utf-8")
    assert again == page  # the same release has the same bytes
    first = write_report(points, parent(None), folder, RESULTS, EMPTY, request(tmp_path)).read_text("utf-8")
    assert "an empty vocabulary" in first


def test_only_points_of_words_that_serve_are_counted_as_changed(points, folder, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(release_report, "render_page", lambda story: told.append(story) or "")
    frontier = [FrontierRow(1, 2, 1.0)]
    write_report(points, parent(2), folder, RESULTS, EMPTY, request(tmp_path, with_text=False, frontier=frontier))
    (story,) = told
    assert story.affected == [("docs", 3, 2), ("other", 1, 0)]  # of "bank" nothing is served
    assert [record.word for record in story.words] == ["bank", "pod"] and story.views == []
    assert story.title == "release 3" and not story.with_text and story.frontier == frontier


def test_a_word_without_a_map_costs_a_picture_and_is_named_in_the_log(points, folder, tmp_path, monkeypatch, caplog):
    drawn = []

    def view(model, store, record, n):
        drawn.append(record.word)
        if record.word == "bank":
            raise ReleaseError("no sentence with 'bank' is in the store")
        return record.word

    monkeypatch.setattr(release_report.SentenceStore, "find", lambda *a: object())
    monkeypatch.setattr(release_report.MiniCoil, "load", lambda folder: None)
    monkeypatch.setattr(release_report, "remembering", lambda model, cache: model)
    monkeypatch.setattr(release_report, "view_sentences", view)
    trained = [WordRecord(w, "accepted", "", n_sentences=n) for w, n in (("pod", 5), ("bank", 9), ("node", 5))]
    with caplog.at_level(logging.WARNING):
        views = release_report._views(points, folder, trained, EMPTY, request(tmp_path, maps=2))
    assert drawn == ["bank", "node"] and views == ["node"]  # those with most sentences, then by name
    assert caplog.records[0].getMessage() == "no map of 'bank': no sentence with 'bank' is in the store"
