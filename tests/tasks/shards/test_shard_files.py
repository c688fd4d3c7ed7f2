"""What shards share: the release they were cut for, folders that travel as one object, and damage that is removed."""

import errno
import hashlib
import json
import zipfile
from dataclasses import asdict

import numpy as np
import pytest

from minicoil.config import SamplingConfig
from minicoil.errors import ConflictError, StoreError
from tasks.models import Parent
from tasks.shards import shard_files
from tasks.shards.shard_files import (
    ShardModel,
    damaged,
    open_features,
    pack,
    refuse_version,
    sampling_from,
    unpack,
)
from tasks.store.local_store import LocalStore

KEY = "shards/0123456789abcdef01234567/0.zip"


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "made" / "deep" / "er").mkdir(parents=True)
    (tmp_path / "made" / "deep" / "er" / "a.bin").write_bytes(bytes(range(256)) * 50)
    (tmp_path / "made" / "caf\u00e9.txt").write_text("words")
    return tmp_path / "made"


def send(store, folder, tmp_path):
    pack(folder, tmp_path / "sent.zip")
    store.upload(KEY, tmp_path / "sent.zip", store_digest(tmp_path / "sent.zip"))


def store_digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_travels_whole_and_takes_the_place_of_what_was_there(store, folder, tmp_path):
    send(store, folder, tmp_path)
    target = tmp_path / "work" / "features"
    target.mkdir(parents=True)
    (target / "old.txt").write_text("of an earlier try")
    assert unpack(store, KEY, target) == target and files(target) == files(folder)
    assert [path.name for path in target.parent.iterdir()] == ["features"]  # the archive is gone


@pytest.mark.parametrize("damage", ["cut", "nonsense", "inside", "empty"])
def test_a_damaged_archive_is_removed_and_told(store, folder, tmp_path, damage):
    send(store, folder, tmp_path)
    data = store.read(KEY)
    middle = len(data) // 2
    store.write(
        KEY,
        {
            "cut": data[:middle],
            "nonsense": b"nonsense",
            "inside": data[:middle] + b"\xff\xfe\xfd" + data[middle + 3 :],
            "empty": b"",
        }[damage],
    )
    with pytest.raises(StoreError) as said:
        unpack(store, KEY, tmp_path / "features")
    assert str(said.value).startswith(f"{store.url}/{KEY} is damaged (")
    assert str(said.value).endswith("); it was removed, run the same command again to make it anew")
    assert store.stat(KEY) is None and not (tmp_path / "features.zip").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_what_the_disk_says_is_no_damage_of_the_archive(store, folder, tmp_path, monkeypatch, number):
    send(store, folder, tmp_path)

    def fail(self, path):
        raise OSError(number, "of the disk")

    monkeypatch.setattr(zipfile.ZipFile, "extractall", fail)
    with pytest.raises(OSError, match="of the disk"):
        unpack(store, KEY, tmp_path / "features")
    assert store.stat(KEY) is not None and not (tmp_path / "features.zip").exists()


def test_names_that_lead_out_of_the_folder_stay_inside(store, tmp_path):
    with zipfile.ZipFile(tmp_path / "sent.zip", "w") as packed:
        packed.writestr("../../outside.txt", "x")
        packed.writestr("/rooted.txt", "x")
    store.upload(KEY, tmp_path / "sent.zip", store_digest(tmp_path / "sent.zip"))
    target = unpack(store, KEY, tmp_path / "work" / "features")
    assert files(target).keys() == {"outside.txt", "rooted.txt"} and not (tmp_path / "outside.txt").exists()


def test_features_that_are_none_are_removed_and_told(store, folder, tmp_path):
    send(store, folder, tmp_path)  # a whole archive of something else
    with pytest.raises(StoreError, match="is damaged .*; it was removed, run the same command again to make it anew"):
        open_features(store, KEY, tmp_path / "features")
    assert store.stat(KEY) is None
    (folder / "sentences").mkdir()
    np.save(folder / "sentences" / "index.npy", np.array([object()]), allow_pickle=True)  # code that data could run
    send(store, folder, tmp_path)
    with pytest.raises(StoreError, match="is damaged"):
        open_features(store, KEY, tmp_path / "features")


def test_damage_is_removed_with_what_was_found(store):
    store.write(KEY, b"x")
    error = damaged(store, KEY, ValueError("no number"))
    assert store.stat(KEY) is None and "is damaged (no number)" in str(error)


def test_a_config_that_went_through_json_is_the_same(store):
    config = SamplingConfig()
    assert sampling_from(json.loads(json.dumps(asdict(config)))) == config


def test_a_shard_of_another_version_is_refused_and_stays(store):
    store.write(KEY, b"x")
    refuse_version(store, KEY, 3, 3)
    for found in (2, "3", None, "x" * 1000):
        with pytest.raises(ConflictError) as said:
            refuse_version(store, KEY, found, 3)
        assert str(said.value) == (
            f"{store.url}/{KEY} is a shard of version {str(found)[:40]}, this program reads version 3; install the "
            "same version on all workers, then run the extension again"
        )
    assert store.stat(KEY) is not None


@pytest.mark.parametrize(("cut_for", "is_at"), [(None, 1), (3, 4), (3, None)])
def test_a_shard_is_worked_on_with_the_release_it_was_cut_for(monkeypatch, cut_for, is_at):
    asked = []

    def open_parent(place, channel, encoder, dims, language):
        asked.append((channel, encoder, dims, language))
        return Parent(None, is_at, None, None, None)

    monkeypatch.setattr(shard_files, "open_parent", open_parent)
    with pytest.raises(ConflictError) as said:
        ShardModel("production", cut_for, "minilm", "role", 4, "de").open(None, KEY)
    assert str(said.value) == (
        f"{KEY} was cut for release {cut_for}, channel 'production' is at {is_at} by now; run the extension again"
    )
    assert ShardModel("production", is_at, "minilm", "role", 4, "de").open(None, KEY).release == is_at
    assert asked == [("production", "minilm", 4, "de")] * 2
