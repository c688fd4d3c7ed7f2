"""A folder is an object store: whole files or none, writes that lose a race are refused, and damage is named."""

import hashlib
import os
import threading
import time

import pytest

from minicoil.errors import ConflictError, ObjectNotFoundError, StoreError
from tasks.store.local_store import LocalStore


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


def parts_of(store):
    return [path.name for path in store.folder.rglob("*") if ".part-" in path.name]


@pytest.mark.parametrize("key", ["", "../x", "a/../../x", "/etc/passwd", "a\0b"])
def test_a_key_that_leaves_the_store_is_refused_whatever_is_asked(store, tmp_path, key):
    said = f"'{key}' is no key of an object; keys are relative and stay inside the store".replace("\0", "\\x00")
    for ask in (
        store.read,
        store.stat,
        store.digest,
        store.delete,
        store.set_aside,
        store.local_path,
        lambda k: store.write(k, b""),
        lambda k: store.upload(k, tmp_path / "f", ""),
        lambda k: store.download(k, tmp_path / "f"),
        lambda k: store.copy(k, "b"),
    ):
        with pytest.raises(StoreError) as raised:
            ask(key)
        assert str(raised.value) == said
    assert list(store.list("")) == [] and parts_of(store) == []


def test_what_stands_in_the_place_of_a_document_is_named_and_listed(store):
    """A damaged document must not be taken for one that is not there."""
    (store.folder / "channels" / "c.json").mkdir(parents=True)
    (store.folder / "channels" / "d.json").symlink_to("nowhere")
    assert [entry.key for entry in store.list("channels/")] == ["channels/c.json", "channels/d.json"]
    for key, why in (("c", "is a folder where a file belongs"), ("d", "is a link to nothing (nowhere)")):
        for ask in (store.read, store.digest, lambda k: store.write(k, b"{}", if_absent=True)):
            with pytest.raises(StoreError) as said:
                ask(f"channels/{key}.json")
            assert str(said.value) == f"{store.url}/channels/{key}.json {why}"
            assert not isinstance(said.value, ObjectNotFoundError | ConflictError)


def test_a_report_may_be_a_folder_that_is_called_as_a_document(store):
    store.write("reports/words/a.json/page.html", b"<p>")
    assert [entry.key for entry in store.list("reports/")] == ["reports/words/a.json/page.html"]


def test_what_is_below_an_object_is_not_there(store):
    store.write("a", b"1")
    with pytest.raises(ObjectNotFoundError) as said:
        store.read("a/b")
    assert str(said.value) == f"{store.url}/a/b was not found"
    with pytest.raises(StoreError, match=r"b cannot be written: .*"):
        store.write("a/b", b"2")


def test_a_write_that_fails_leaves_what_was_there_and_no_part(store, monkeypatch):
    store.write("a", b"before")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError) as said:
        store.write("a", b"after")
    assert str(said.value).startswith(f"{store.url}: a cannot be written: [Errno 28] No space left on device; ")
    assert store.read("a") == b"before" and parts_of(store) == []


def test_a_file_that_changed_on_its_way_is_refused_and_the_object_stays(store, tmp_path):
    store.write("a", b"before")
    (tmp_path / "f").write_bytes(b"after")
    with pytest.raises(StoreError) as said:
        store.upload("a", tmp_path / "f", hashlib.sha256(b"another").hexdigest())
    assert str(said.value) == (f"{tmp_path / 'f'} arrived damaged at {store.url}/a, or changed meanwhile; run it again")
    assert store.read("a") == b"before" and parts_of(store) == []


def test_a_download_tells_an_object_that_is_gone_from_a_folder_that_is(store, tmp_path):
    store.write("a", b"1")
    with pytest.raises(ObjectNotFoundError):
        store.download("b", tmp_path / "f")
    with pytest.raises(StoreError) as said:
        store.download("a", tmp_path / "absent" / "f")
    assert str(said.value).startswith(f"{store.url}/a cannot be copied to {tmp_path / 'absent' / 'f'}: ")
    assert not isinstance(said.value, ObjectNotFoundError)


def test_parts_and_locks_are_no_objects(store):
    store.write("a.json", b"{}")
    (store.folder / "a.json.part-0").write_bytes(b"{")
    (store.folder / ".lock").touch()
    assert [entry.key for entry in store.list("")] == ["a.json"]


def test_only_parts_whose_writer_died_long_ago_are_removed(store):
    store.write("p/a", b"1")
    old, young = store.folder / "p" / "b.part-1", store.folder / "p" / "c.part-2"
    for part in (old, young):
        part.write_bytes(b"cut")
    os.utime(old, (time.time() - 100,) * 2)
    assert store.drop_unfinished(60, dry_run=True) == 1 and old.exists()
    assert store.drop_unfinished(60) == 1
    assert not old.exists() and young.exists() and store.read("p/a") == b"1"
    assert LocalStore(store.folder / "absent").drop_unfinished(0) == 0


def test_deleting_takes_empty_folders_along_and_never_the_store(store):
    store.write("a/b/c", b"1")
    store.write("a/d", b"2")
    store.delete("a/b/c")
    assert not (store.folder / "a" / "b").exists() and store.read("a/d") == b"2"
    store.delete("a/d")
    assert store.folder.is_dir() and not (store.folder / "a").exists()
    (store.folder / "e").mkdir()
    with pytest.raises(StoreError, match=f"^{store.url}/e cannot be removed: Is a directory$"):
        store.delete("e")


def test_what_is_not_there_cannot_be_set_aside(store):
    with pytest.raises(
        StoreError, match=r"/a\.json cannot be moved to damaged/a\.json\..*: No such file or directory$"
    ):
        store.set_aside("a.json")


def test_a_link_to_nothing_is_set_aside_as_it_is(store):
    store.write("b", b"1")
    (store.folder / "a.json").symlink_to("nowhere")
    aside = store.set_aside("a.json")
    assert os.readlink(store.local_path(aside)) == "nowhere" and not store.local_path("a.json").is_symlink()


def test_of_writers_in_one_process_that_saw_the_same_one_gets_through(store):
    tag = store.write("a", b"0")
    through, barrier = [], threading.Barrier(8)

    def write(number):
        barrier.wait()
        try:
            store.write("a", str(number).encode(), if_tag=tag)
            through.append(str(number).encode())
        except ConflictError:
            pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.read("a")] == through
