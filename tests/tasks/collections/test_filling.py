"""Points of other writers get all that indexing would have given them, each under the guard of its text."""

import pytest
from collection_records import make_record
from small_service import serve

from minicoil.errors import CollectionError
from tasks.catalogue.adoption import Adoption
from tasks.catalogue.payload_fields import HASH_FIELD, KEYS_FIELD, STAMP_FIELD
from tasks.catalogue.registry import register_collection, update_collection
from tasks.collections import filling
from tasks.collections.filling import Filled, fill_collection, read_texts
from tasks.collections.texts import TextTemplate
from tasks.collections.writing import Pace
from tasks.documents.documents import text_hash
from tasks.points import CollectionSchema, Point, PointFilter


@pytest.fixture
def points(place):
    """Thirty points of an owner's, two of them without text, in a collection that is being adopted."""
    serve(place, 1)
    with place.points() as engine:
        engine.ensure("docs", CollectionSchema(sparse=("minicoil", "bm25")))
        rows = [Point(i, {"body": f"pods and nodes {i}"} if i not in (3, 9) else {"n": i}) for i in range(30)]
        engine.upsert("docs", rows)
        yield engine


@pytest.fixture
def record(place):
    adopted = Adoption(vectors=("minicoil", "bm25"), indexes=())
    made = make_record(release=1, text="{body}", adopted=adopted, shift=192000, encoder="minilm")
    return register_collection(place.objects(), made)


def fill(place, points, record, part=None):
    return fill_collection(place, points, record, part, Pace(None))


def test_every_point_with_text_is_filled_and_those_without_are_named(place, points, record):
    found = fill(place, points, record)
    assert (found.n_written, found.n_left, found.n_without_text) == (28, 0, 2)
    assert found.without_text == ["point 3 has no body in its payload", "point 9 has no body in its payload"]
    filled = {p.id: p for page in points.scroll("docs", vectors=True) for p in page}
    assert filled[3].payload == {"n": 3} and not filled[3].vectors
    assert filled[0].payload[HASH_FIELD] == text_hash("pods and nodes 0") and filled[0].payload[STAMP_FIELD] == 1
    assert set(filled[0].vectors) == {"minicoil", "bm25"} and "pod" in filled[0].payload[KEYS_FIELD]
    assert fill(place, points, record).n_written == 0


def test_without_plain_bm25_none_is_written(place, points, record):
    bare = update_collection(place.objects(), "docs", lambda r: r.model_copy(update={"bm25_vector": None}))
    fill(place, points, bare)
    assert set(points.get("docs", [0], vectors=True)[0].vectors) == {"minicoil"}


def test_workers_fill_their_parts_and_together_all(place, points, record):
    written = [fill(place, points, record, (number, 3)).n_written for number in range(3)]
    assert sum(written) == 28 and min(written) > 0
    assert points.count("docs", PointFilter(missing=[STAMP_FIELD])) == 2


def test_points_that_come_while_others_are_filled_are_filled_too(place, points, record, monkeypatch):
    fill_points, come = filling.fill_points, iter([40, 41])

    def fill_and_come(*arguments):
        if (number := next(come, None)) is not None:
            points.upsert("docs", [Point(number, {"body": "late pods"})])
        return fill_points(*arguments)

    monkeypatch.setattr(filling, "PAGE", 8)
    monkeypatch.setattr(filling, "fill_points", fill_and_come)
    found = fill(place, points, record)
    assert found.n_written == 30 and points.count("docs", PointFilter(missing=[STAMP_FIELD])) == 2


def test_texts_that_change_faster_than_they_are_encoded_stop_it_with_what_to_do(place, points, record, monkeypatch):
    monkeypatch.setattr(type(points), "write_vectors", lambda *arguments: [])
    with pytest.raises(CollectionError) as caught:
        fill(place, points, record)
    assert str(caught.value) == (
        "collection 'docs': none of 28 points that lack vectors could be written; their text changes faster than it is "
        "encoded, or cannot be compared; run the same command again"
    )


def test_what_is_left_after_the_last_pass_is_counted(place, points, record, monkeypatch):
    write = type(points).write_vectors
    monkeypatch.setattr(
        type(points), "write_vectors", lambda self, name, updates, stamp: write(self, name, updates[:1], stamp)
    )
    monkeypatch.setattr(filling, "_MAX_PASSES", 2)
    found = fill(place, points, record)
    assert (found.n_written, found.n_left) == (2, 26)


def test_a_collection_that_is_being_left_is_filled_no_more(place, points, record):
    leaving = record.adopted.model_copy(update={"state": "leaving"})
    update_collection(place.objects(), "docs", lambda r: r.model_copy(update={"adopted": leaving}))
    with pytest.raises(CollectionError) as caught:
        fill(place, points, record)
    assert str(caught.value) == "what was added to 'docs' is being removed; `minicoil adopt docs --undo`"
    assert points.count("docs", PointFilter(missing=[STAMP_FIELD])) == 30


def test_of_many_points_without_text_a_few_are_named():
    found = Filled()
    page = [Point(i, {}) for i in range(25)] + [Point(99, {"body": "x"})]
    assert [(p.id, text) for p, text in read_texts(TextTemplate("{body}"), page, found)] == [(99, "x")]
    assert found.n_without_text == 25 and len(found.without_text) == 10
