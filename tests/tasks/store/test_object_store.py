"""What every object store keeps to, a folder or S3, with conditional writes or without."""

import hashlib

import pytest

from minicoil.errors import ConflictError, ObjectNotFoundError, StoreError
from tasks.store.object_store import aside_key


def test_conditional_writes_let_one_writer_through(store):
    tag = store.write("a/x.json", b"1", if_absent=True)
    with pytest.raises(ConflictError):
        store.write("a/x.json", b"2", if_absent=True)
    store.write("a/x.json", b"2", if_tag=tag)
    with pytest.raises(ConflictError):
        store.write("a/x.json", b"3", if_tag=tag)
    assert store.read("a/x.json") == b"2"


def test_a_missing_object_and_a_key_that_leaves_the_store_are_refused(store):
    with pytest.raises(ObjectNotFoundError):
        store.read("nothing")
    with pytest.raises(StoreError, match="stay inside"):
        store.read("../secrets")


def test_listing_deleting_and_copying(store):
    store.write("p/one", b"1")
    store.copy("p/one", "p/two")
    assert [entry.key for entry in store.list("p/")] == ["p/one", "p/two"]
    store.delete("p/one")
    assert store.stat("p/one") is None
    assert store.read("p/two") == b"1"


def test_a_listing_is_in_the_order_of_keys_and_a_prefix_may_end_inside_a_name(store):
    keys = ["a-b/c", "a.json", "a/b", "a0", "b/a/c", "b/ä", "ba"]
    for key in reversed(keys):
        store.write(key, key.encode())
    assert [entry.key for entry in store.list("")] == keys
    assert [entry.key for entry in store.list("a")] == keys[:4]
    assert [entry.key for entry in store.list("b/")] == ["b/a/c", "b/ä"]
    assert list(store.list("c/")) == list(store.list("a/b/c/")) == []
    assert [(entry.size_bytes, store.stat(entry.key).size_bytes) for entry in store.list("b/ä")] == [(4, 4)]


def test_every_write_changes_the_tag_that_was_read(store):
    first = store.write("a", b"1")
    assert store.read_tagged("a") == (b"1", first)
    second = store.write("a", b"2")
    assert store.read_tagged("a") == (b"2", second) and second != first
    with pytest.raises(ConflictError):
        store.write("a", b"3", if_tag=first)
    store.delete("a")
    with pytest.raises(ConflictError):  # what was read is gone: that too is a change by somebody else
        store.write("a", b"3", if_tag=second)
    assert store.stat("a") is None


def test_a_file_goes_there_and_comes_back(store, tmp_path):
    (tmp_path / "f").write_bytes(b"weights" * 1000)
    digest = hashlib.sha256(b"weights" * 1000).hexdigest()
    assert store.upload("m/f", tmp_path / "f", digest) == 7000
    assert store.digest("m/f") == digest and store.stat("m/f").size_bytes == 7000
    store.download("m/f", tmp_path / "g")
    assert (tmp_path / "g").read_bytes() == b"weights" * 1000


def test_what_is_not_there_is_told_as_that_and_leaves_no_file(store, tmp_path):
    for ask in (
        store.read,
        store.read_tagged,
        store.digest,
        lambda key: store.download(key, tmp_path / "f"),
        lambda key: store.copy(key, "b"),
    ):
        with pytest.raises(ObjectNotFoundError, match="a/x.* was not found"):
            ask("a/x")
    store.delete("a/x")  # removing it again is nothing
    assert store.stat("a/x") is None and store.stat("b") is None and not (tmp_path / "f").exists()


def test_what_is_set_aside_is_under_a_key_of_its_own_each_time(store):
    asides = []
    for text in (b"damaged", b"again"):
        store.write("c/a.json", text)
        asides.append(store.set_aside("c/a.json"))
        assert store.stat("c/a.json") is None and store.read(asides[-1]) == text
    assert len(set(asides)) == 2 and sorted(asides) == [entry.key for entry in store.list("damaged/c/a.json.")]


def test_a_store_without_unfinished_writes_has_none_to_drop(store):
    store.write("a", b"1")
    assert store.drop_unfinished(0) == store.drop_unfinished(0, dry_run=True) == 0
    assert store.read("a") == b"1"


def test_keys_aside_are_below_one_prefix_and_never_the_same():
    keys = {aside_key("c/a.json") for _ in range(100)}
    assert len(keys) == 100 and all(key.startswith("damaged/c/a.json.") for key in keys)
