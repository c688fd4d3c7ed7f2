"""Cells of releases that nobody reads go, those of the others stay, and what was stopped halfway is found again."""

import numpy as np
import pytest
from promotions import as_dict, check_against_encoding_anew, index, serve, stored

from minicoil.sparse.cells import SparseVector
from tasks.catalogue.payload_fields import NO_UNION, STAMP_FIELD, UNION_FIELD
from tasks.catalogue.registry import read_collection_record
from tasks.points import VectorUpdate
from tasks.rewriting import contraction
from tasks.rewriting.contraction import contract_collection, drop_leftovers
from tasks.rewriting.promotion import promote


@pytest.fixture
def promoted(place, points, texts):
    """Release 2 is served, and the cells of 1 are beside."""
    serve(place, 1)
    index(place, points, texts[:60])
    promote(place, "production", 2)
    return read_collection_record(place.objects(), "docs")


def n_cells(points):
    return sum(len(point.vectors["minicoil"].indices) for point in stored(points).values())


def test_what_is_kept_stays_readable_and_all_else_goes(place, points, promoted):
    before = n_cells(points)
    same = contract_collection(place, points, promoted, [1], 2)
    assert same.readable == (2, 1) and n_cells(points) == before
    smaller = contract_collection(place, points, promoted, [], 2)
    assert smaller.readable == (2,) and read_collection_record(place.objects(), "docs") == smaller
    check_against_encoding_anew(place, points, 2)
    assert {point.payload[UNION_FIELD] for point in stored(points).values()} == {NO_UNION}
    assert n_cells(points) < before


def test_the_served_release_stays_whatever_is_kept(place, points, promoted):
    """As after a rollback: the collection carries 2, searches use 1."""
    smaller = contract_collection(place, points, promoted, [], 1)
    assert smaller.readable == (1,)
    check_against_encoding_anew(place, points, 1)


def test_leftovers_of_a_contraction_that_was_stopped_are_counted_and_dropped(place, points, promoted, monkeypatch):
    monkeypatch.setattr(contraction, "PAGE", 5)
    page, numbers = contraction._contract_page, iter(range(100))

    def die(*arguments):
        if next(numbers) == 1:
            raise InterruptedError
        page(*arguments)

    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr(contraction, "_contract_page", die)
        contract_collection(place, points, promoted, [], 2)
    record = read_collection_record(place.objects(), "docs")
    assert record.readable == (2,)  # the record goes first: nothing is taken for readable that is half gone
    before = n_cells(points)
    n_left = drop_leftovers(place, points, record, dry_run=True)
    assert n_left > 0 and n_cells(points) == before
    assert 0 < drop_leftovers(place, points, record) <= n_left
    assert drop_leftovers(place, points, record) == drop_leftovers(place, points, record, dry_run=True) == 0
    check_against_encoding_anew(place, points, 2)


def test_points_without_text_keep_their_cells_and_are_not_looked_at_again(place, points, promoted):
    marked = [i for i, point in stored(points).items() if point.payload[UNION_FIELD] != NO_UNION][:3]
    points.remove_payload("docs", marked, ["text"])
    before = {i: as_dict(stored(points)[i].vectors["minicoil"]) for i in marked}
    record = contract_collection(place, points, promoted, [], 2)
    after = stored(points)
    for i in marked:
        assert as_dict(after[i].vectors["minicoil"]) == before[i] and after[i].payload[UNION_FIELD] == NO_UNION
    assert drop_leftovers(place, points, record, dry_run=True) == 0


def test_a_late_point_loses_old_cells_and_stays_due(place, points, promoted):
    """A writer that read the record before wrote the cells of the release before, and its stamp."""
    late = next(i for i, point in stored(points).items() if point.payload[UNION_FIELD] != NO_UNION)
    wrong = SparseVector(np.array([5], np.int32), np.ones(1, np.float32))
    points.write_vectors("docs", [VectorUpdate(late, {"minicoil": wrong})], {STAMP_FIELD: 1, UNION_FIELD: 1})
    contract_collection(place, points, promoted, [], 2)
    (point,) = points.get("docs", [late], vectors=True)
    vector = point.vectors.get("minicoil")  # a server keeps none without cells
    assert point.payload[STAMP_FIELD] == 1 and (vector is None or 5 not in vector.indices)


def test_where_nothing_was_ever_beside_nothing_is_looked_for(place, points, texts):
    serve(place, 1)
    index(place, points, texts[:10])
    record = read_collection_record(place.objects(), "docs")
    assert contract_collection(place, points, record, [], 1) == record
    assert drop_leftovers(place, points, record) == 0
