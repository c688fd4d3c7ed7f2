"""Parts of an upload follow each other, keep the store's rules, and take from another object what it has."""

import itertools

import pytest
from hypothesis import given, settings, strategies as st

from minicoil.errors import ObjectNotFoundError
from tasks.store.local_store import LocalStore
from tasks.store.object_store import Like
from tasks.store.s3_parts import LARGEST_PART_BYTES, PART_BYTES, SMALLEST_PART_BYTES, Part, compose_parts, copy_through


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_parts_of_a_composed_upload_follow_each_other_and_keep_the_stores_rules(size, start, length):
    mib = 2**20
    like = Like("old", start * mib, (start + length) * mib)
    parts = compose_parts(size * mib + 7, like)
    assert parts[0].start == 0 and parts[-1].end == size * mib + 7
    assert all(one.end == other.start for one, other in itertools.pairwise(parts))
    assert all(part.end - part.start >= 5 * mib for part in parts[:-1])
    assert all(like.start <= part.start and part.end <= like.end for part in parts if part.source)


def test_nothing_is_copied_where_less_than_a_part_is_alike():
    mib = 2**20
    whole = [Part(0, 30 * mib)]
    assert compose_parts(30 * mib, Like("old", 0, 5 * mib - 1)) == whole
    assert compose_parts(30 * mib, Like("old", 1, 10 * mib - 1)) == whole  # its first part has to be five mib itself
    assert compose_parts(4 * mib, Like("old", 0, 30 * mib)) == [Part(0, 4 * mib)]
    assert compose_parts(0, Like("old", 0, 0)) == [Part(0, 0)]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**33), st.integers(5 * 2**20, 2**34))
def test_no_part_is_larger_than_a_store_takes_and_all_that_is_alike_is_copied(start, length):
    parts = compose_parts(start + length + 1, Like("old", start, start + length))
    copied = [part for part in parts if part.source]
    assert all(part.end - part.start <= LARGEST_PART_BYTES for part in copied)
    # what is sent before copies is a part of the usual size, or two that became one
    assert all(part.end - part.start < PART_BYTES + SMALLEST_PART_BYTES for part in parts if not part.source)
    alike = start + length - (max(start, SMALLEST_PART_BYTES) if start else 0)
    assert sum(part.end - part.start for part in copied) == (alike if alike >= SMALLEST_PART_BYTES else 0)


def test_an_object_that_passes_through_here_arrives_whole_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    store = LocalStore(tmp_path / "store")
    store.write("a", b"one" * 1000)
    copy_through(store, "a", "b")
    assert store.read("b") == store.read("a") == b"one" * 1000
    with pytest.raises(ObjectNotFoundError):
        copy_through(store, "absent", "c")
    assert store.stat("c") is None and list((tmp_path / "temporary").iterdir()) == []
