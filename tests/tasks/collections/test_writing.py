"""Points are written with the vectors, stamp and pace that their collection says."""

import time

import pytest
from collection_records import make_record

from minicoil.sparse.cells import bag_cells, count_words
from minicoil.sparse.model import MiniCoil
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.payload_fields import NO_UNION, STAMP_FIELD, UNION_FIELD
from tasks.collections import writing
from tasks.collections.texts import TextTemplate
from tasks.collections.writing import Pace, current_stamp, make_vectors, mark_union, open_writer, rewrite_points
from tasks.place import Place
from tasks.points import CollectionSchema, Point


def test_writing_is_held_to_a_pace():
    pace, started = Pace(200), time.monotonic()
    for _ in range(4):
        pace.wait_for(20)
    assert time.monotonic() - started >= 0.35
    Pace(None).wait_for(10**9)


class Clock:
    """Time that only waiting and a test move on."""

    def __init__(self, monkeypatch):
        self.now, self.waits = 100.0, []
        monkeypatch.setattr(writing.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(writing.time, "sleep", self.sleep)

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


def test_whoever_is_slower_than_the_pace_waits_for_nothing_and_may_catch_up(monkeypatch):
    clock = Clock(monkeypatch)
    pace = Pace(10)
    clock.now += 5
    pace.wait_for(40)  # 4 s of work in 5
    assert clock.waits == []
    pace.wait_for(30)
    assert clock.waits == [pytest.approx(2.0)]


def test_a_stamp_says_the_release_and_what_is_beside():
    for made, union in (
        (make_record(release=3), NO_UNION),
        (make_record(release=3, previous=0), 0),
        (make_record(release=3, previous=1, kept=(2,)), [2, 1]),
    ):
        assert current_stamp(made) == {STAMP_FIELD: 3, UNION_FIELD: union}
    assert mark_union((7,)) == 7 and mark_union(()) == -1


@pytest.fixture(scope="module")
def model(releases):
    return MiniCoil.load(releases.parent / "model-1")


def test_vectors_beside_nothing_are_the_models_own_and_beside_others_have_the_cells_of_both(model):
    texts = ["pods run on nodes", "", "whales"]
    alone = make_vectors(model, (), texts)
    assert [v.as_dict() for v in alone] == [v.as_dict() for v in model.embed(texts)]
    empty = Vocabulary.empty()
    both = make_vectors(model, (empty,), texts)
    for own, union, text in zip(alone, both, texts, strict=True):
        plain = bag_cells(count_words(model.tokenizer.words(text), empty), empty)
        assert union.as_dict().keys() == own.as_dict().keys() | set(plain.tolist())
        assert {cell: union.as_dict()[cell] for cell in own.as_dict()} == pytest.approx(own.as_dict())
    assert make_vectors(model, (), []) == make_vectors(model, (empty,), []) == []


def test_a_point_whose_text_changed_meanwhile_keeps_its_vectors_and_stays_due(model, tmp_path):
    source, record = TextTemplate("{text}"), make_record(release=3)
    with Place.at(tmp_path).points() as points:
        points.ensure("docs", CollectionSchema(sparse=("minicoil",)))
        points.upsert("docs", [Point(i, {"text": f"pods {i}"}) for i in range(3)])
        rows = [(point, source.read(point)) for page in points.scroll("docs") for point in page]
        points.set_payload("docs", [1], {"text": "nodes"})
        points.delete("docs", [2])
        assert rewrite_points(points, record, source, model, (), rows, current_stamp(record)) == [0]
        found = {p.id: p for page in points.scroll("docs", vectors=True) for p in page}
    assert found[0].payload[STAMP_FIELD] == 3 and found[0].vectors["minicoil"].as_dict()
    assert found[1].payload == {"text": "nodes"} and not found[1].vectors


def test_the_writer_of_a_collection_has_the_newest_model_and_the_words_of_the_others(place):
    model, others = open_writer(place, make_record(encoder="minilm", release=1, previous=3, kept=(2,)))
    assert "tabl" in model.vocabulary.known_words and model.bm25 == make_record().bm25
    assert ["shard" in other.known_words for other in others] == [True, False]
    assert all("tabl" not in other.known_words for other in others)
