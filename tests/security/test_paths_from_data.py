"""No name that comes from data leads out of the folder it belongs to."""

import json
import zipfile

import pytest

from minicoil.errors import MiniCoilError, ReleaseError, StoreError
from minicoil.words.ledger import WordRecord
from tasks.catalogue.manifest import check_inside, release_key
from tasks.catalogue.releases import publish_release, pull_release
from tasks.report.word_page import page_name
from tasks.settings import Settings
from tasks.shards.encoding_shards import result_key
from tasks.shards.shard_files import unpack
from tasks.store.opening import open_store

OUTSIDE = [
    "../x", "a/../../x", "/etc/x", "..", ".", "", "a//b", "a/", "./a", "a/./b", "\0", "a\0b", "..\\x", "C:\\x", "C:x",
    "a\nb", "a\x7f", "x" * 256, "/".join(["d" * 200] * 6),
]  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_manifest_names_files_below_its_folder_only(path):
    with pytest.raises(ValueError):
        check_inside(path)


def test_plain_paths_are_as_they_were():
    for path in ("model.onnx", "onnx/model.onnx", "ledger/000001.json", ".hidden", "a b", "\u00e9\u4e2d.json", "..x/y"):
        assert check_inside(path) == path


@pytest.fixture
def release(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "words.json").write_text("[]")
    store = open_store((tmp_path / "store").as_uri(), Settings())
    publish_release(store, tmp_path / "model", None, {})
    return store


@pytest.mark.parametrize(
    "files", [{"../evil": 0}, {"/tmp/evil": 0}, {"a": 0, "a/b": 0}, {"a\\..\\evil": 0}, {"e\0": 0}]
)
def test_a_pull_of_a_hostile_manifest_writes_nothing(release, tmp_path, files):
    key = release_key(1, "manifest.json")
    document = json.loads(release.read(key))
    entry = document["files"]["words.json"]
    release.write(key, json.dumps({**document, "files": dict.fromkeys(files, entry)}).encode())
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ReleaseError):
        pull_release(release, 1, tmp_path / "pulled" / "one")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("key", ["../x", "/x", "a/../../x", "", "a\0b"])
@pytest.mark.parametrize("scheme", ["file", "s3"])
def test_keys_of_objects_stay_in_their_store(tmp_path, key, scheme):
    url = tmp_path.as_uri() if scheme == "file" else "s3://bucket/prefix"
    store = open_store(url, Settings(s3_endpoint_url="http://127.0.0.1:1"))
    for act in (lambda: store.read(key), lambda: store.write(key, b""), lambda: store.delete(key)):
        with pytest.raises(StoreError, match="stay inside"):
            act()


def test_an_archive_of_features_is_unpacked_into_its_folder_only(tmp_path):
    store = open_store((tmp_path / "store").as_uri(), Settings())
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name in ("../evil", "/evil", "a/../../evil", "..\\evil"):
            packed.writestr(name, "x")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/passwd")
    key = f"shards/{'0' * 24}/0.json.gz"
    store.write(result_key(key), archive.read_bytes())
    archive.unlink()
    before = {path for path in tmp_path.rglob("*")}
    folder = unpack(store, result_key(key), tmp_path / "work" / "features.0")
    fresh = {path for path in tmp_path.rglob("*")} - before
    assert all(path == folder or folder in path.parents or path == folder.parent for path in fresh)
    assert not any(path.is_symlink() for path in fresh)


@pytest.mark.parametrize("word", ["../../x", "/etc/x", "..", ".", "a/b", "x" * 5000, "nul\0", "c++", "\u4e2d"])
def test_the_page_of_a_word_lies_in_the_folder_of_pages(tmp_path, word):
    page = tmp_path / "words" / page_name(WordRecord(word, "accepted", "").word)
    page.parent.mkdir()
    page.write_text("x")
    assert page.parent == tmp_path / "words" and [path.name for path in tmp_path.rglob("*.html")] == [page.name]


def test_a_channel_or_collection_of_a_hostile_name_is_refused(tmp_path):
    from tasks.catalogue.channels import read_channel
    from tasks.catalogue.registry import read_collection_record

    store = open_store(tmp_path.as_uri(), Settings())
    for name in ("../x", "a/../../../x", "\0"):
        for read in (read_channel, read_collection_record):
            with pytest.raises(MiniCoilError):
                read(store, name)
