"""What is pulled is what was published, to the byte, or is refused and leaves nothing."""

import json
from dataclasses import replace

import pytest

from minicoil.errors import BundleError, ReleaseError, UsageError
from minicoil.sparse.model import MiniCoil
from tasks.catalogue.manifest import read_manifest
from tasks.hub.address import HubAddress
from tasks.hub.pulling import find_folder, pull_from_hub, read_manifest_in
from tasks.hub.pushing import push_release
from tasks.report.inspecting import pull

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making
WHERE = HubAddress("acme/terms")


def test_a_release_comes_back_to_the_byte_under_its_number(hub, place, folders, tmp_path):
    answer = push_release(place, WHERE)
    assert answer["release"] == 2 and answer["pushed"] and answer["private"] and answer["address"] == "hf:acme/terms@2"
    assert answer["commit"] == hub.repositories["acme/terms"].tags["2"]
    got = pull_from_hub(HubAddress.read("hf:acme/terms@2"), str(tmp_path / "got"))
    assert got["release"] == 2 and got["folder"] == str(tmp_path / "got")
    files = {p.relative_to(tmp_path / "got").as_posix(): p for p in (tmp_path / "got").rglob("*") if p.is_file()}
    assert files.keys() == {*read_manifest(place.objects(), 2).files, "manifest.json"} and got["n_files"] == len(files)
    assert all(not path.is_symlink() for path in files.values())
    assert all(
        files[p.relative_to(folders / "two").as_posix()].read_bytes() == p.read_bytes()
        for p in (folders / "two").rglob("*")
        if p.is_file()
    )
    assert set(MiniCoil.load(tmp_path / "got").vocabulary.known_words) == {"pod", "node"}
    again = pull_from_hub(HubAddress.read("hf:acme/terms@2"), str(tmp_path / "got"))
    assert again == got


def test_a_file_that_is_not_the_manifests_is_refused(hub, place):
    push_release(place, WHERE)
    repo = hub.repositories["acme/terms"]
    files = dict(repo.commits[repo.head])
    files["README.md"] += b"changed in the browser\n"
    repo.add(files, "edit")
    with pytest.raises(ReleaseError, match=r"hf:acme/terms: README.md is missing there or is not"):
        find_folder(WHERE)
    manifest = json.loads(files["manifest.json"])
    files["manifest.json"] = json.dumps({**manifest, "facts": {"n_words": 9}}).encode()
    repo.add(files, "edit")
    with pytest.raises(ReleaseError, match="manifest of hf:acme/terms was changed after publishing"):
        find_folder(WHERE)


def test_a_repository_that_is_no_model_is_refused_and_no_folder_is_written_over(hub, place, tmp_path):
    push_release(place, WHERE)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="is no release"):
        pull(place, "hf:acme/terms", str(tmp_path / "mine"))
    hub.repositories["acme/terms"].add({"README.md": b"# nothing\n"}, "empty")
    with pytest.raises(BundleError):
        pull(place, "hf:acme/terms", str(tmp_path / "new"))
    assert not (tmp_path / "new").exists() and (tmp_path / "mine" / "thesis.txt").read_text() == "mine"
    with pytest.raises(UsageError, match="give the folder"):
        pull(place, "2")
    with pytest.raises(UsageError, match="pushed under its own number"):
        push_release(place, replace(WHERE, revision="2"))


def test_a_folder_that_nobody_made_with_this_service_has_no_manifest_and_a_damaged_one_is_refused(tmp_path):
    assert read_manifest_in(tmp_path, WHERE) is None
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ReleaseError) as caught:
        read_manifest_in(tmp_path, WHERE)
    assert str(caught.value).startswith("the manifest of hf:acme/terms is damaged: it is no JSON document")
    assert str(caught.value).endswith("; push the release again")


def test_without_a_folder_of_ones_own_the_model_stays_in_the_clients_cache(hub, place, tmp_path):
    push_release(place, WHERE, "1")
    answer = pull_from_hub(WHERE)
    assert answer["folder"].startswith(str(tmp_path / "hub-cache")) and answer["release"] == 1
    assert answer["address"] == "hf:acme/terms" and set(MiniCoil.load(answer["folder"]).vocabulary.known_words) == set()
