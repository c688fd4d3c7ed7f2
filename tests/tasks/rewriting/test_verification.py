"""A collection is right where nothing is due and a sample has all cells of its releases, no others, and their values."""

import numpy as np
import pytest
from promotions import index, serve, stored

from minicoil.errors import CollectionError
from minicoil.sparse.cells import SparseVector
from tasks.catalogue.channels import read_channel
from tasks.catalogue.registry import read_collection_record
from tasks.points import Point, VectorUpdate
from tasks.rewriting import verification
from tasks.rewriting.promotion import promote
from tasks.rewriting.verification import Verification, compare_points, settle_collection, verify_collection


def test_a_vector_that_is_not_what_its_text_says_keeps_the_channel_where_it_is(place, points, texts, monkeypatch):
    serve(place, 1)
    index(place, points, texts[:60])
    finish = points.optimize

    def damage(name):
        wrong = SparseVector(np.array([5], np.int32), np.array([1.0], np.float32))
        points.write_vectors(name, [VectorUpdate(i, {"minicoil": wrong}) for i in list(stored(points))[:30]])
        finish(name)

    monkeypatch.setattr(type(points), "optimize", lambda self, name, is_ours=False: damage(name))
    with pytest.raises(CollectionError, match=r"is not right after expand.*sampled differ.*point .*minicoil reencode"):
        promote(place, "production", 2)
    assert read_channel(place.objects(), "production").current == 1


@pytest.fixture
def filled(place, points, texts):
    """Two releases are readable, and everything is right."""
    serve(place, 1)
    index(place, points, texts[:40])
    promote(place, "production", 2)
    record = read_collection_record(place.objects(), "docs")
    assert record.readable == (2, 1)
    return record


def with_vector(point, indices, values):
    vector = SparseVector(np.array(indices, np.int32), np.array(values, np.float32))
    return Point(point.id, point.payload, {**point.vectors, "minicoil": vector})


def test_each_way_of_being_wrong_is_said_of_its_point(place, points, filled):
    rows = [point for point in stored(points).values() if len(point.vectors["minicoil"].indices) > 3]
    assert compare_points(place, filled, [(point, point.payload["text"]) for point in rows]) == []
    point = rows[0]
    cells = point.vectors["minicoil"].indices.tolist()
    values = point.vectors["minicoil"].values.tolist()
    strange = next(cell for cell in range(10**6) if cell not in cells)

    def said(wrong):
        return compare_points(place, filled, [(wrong, point.payload["text"])])

    assert said(with_vector(point, cells[1:], values[1:])) == [f"point {point.id}: cell {cells[0]} is missing"]
    assert said(with_vector(point, sorted([*cells, strange]), [1.0] * (len(cells) + 1))) == [
        f"point {point.id}: cell {strange} belongs to no release"
    ]
    off = [value + 0.5 if place == 2 else value for place, value in enumerate(values)]
    assert said(with_vector(point, cells, off)) == [
        f"point {point.id}: cell {cells[2]} holds {off[2]:.4f}, {values[2]:.4f} expected"
    ]
    assert said(with_vector(point, cells, [value + 1e-5 for value in values])) == []  # other batches sum otherwise
    assert said(Point(point.id, point.payload, {})) == [f"point {point.id}: has no such vector"]
    assert compare_points(place, filled, [(Point(1, {}, {}), "the of")]) == []  # stopwords alone have no cell
    assert compare_points(place, filled, []) == []


def test_points_without_text_are_counted_and_not_compared(place, points, filled):
    gone = list(stored(points))[:5]
    points.remove_payload("docs", gone, ["text"])
    found = verify_collection(place, points, filled, n_sample=200)
    assert (found.n_sampled, found.n_without_text, found.n_different) == (35, 5, 0)
    assert "texts" not in found.row() and found.row()["is_sound"] is found.is_sound


def test_what_is_wrong_is_shown_by_a_few_examples(place, points, filled):
    wrong = SparseVector(np.array([5], np.int32), np.ones(1, np.float32))
    points.write_vectors("docs", [VectorUpdate(i, {"minicoil": wrong}) for i in list(stored(points))[:20]])
    found = verify_collection(place, points, filled, n_sample=200)
    assert not found.is_sound and found.n_different >= 15 and len(found.examples) == 5
    assert len(found.texts) == found.n_different
    n_rewritten, after = settle_collection(place, points, filled, n_sweeps=1)
    assert n_rewritten == 0 and not after.is_sound and after.n_late == 0  # no sweep mends it: it is wrong, not late


def test_what_others_wrote_meanwhile_is_late_and_not_wrong(place, points, filled, monkeypatch):
    verify, numbers = verification.verify_collection, iter(range(100))

    def verify_while_others_write(*arguments, **options):
        points.upsert("docs", [Point(1000 + next(numbers), {"text": "a stranger's shards"}, {})])
        return verify(*arguments, **options)

    monkeypatch.setattr(verification, "verify_collection", verify_while_others_write)
    n_rewritten, found = settle_collection(place, points, filled, n_sweeps=2)
    assert found.is_sound and found.n_late > 0 and n_rewritten == 2
    monkeypatch.undo()
    assert verify_collection(place, points, filled, n_sample=200).is_sound


def test_soundness_is_nothing_due_and_nothing_different():
    assert Verification("docs", 3, 0, 10, 0, 2).is_sound  # without text is another matter
    assert not Verification("docs", 3, 1, 10, 0, 0).is_sound and not Verification("docs", 3, 0, 10, 1, 0).is_sound
