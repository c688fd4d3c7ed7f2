"""Releases on a hub: pushed, pulled, loaded, started from; and what it says where something is wrong."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hub_double import TOKEN, HubDouble
from plain_encoder import make_plain_encoder

import minicoil
from minicoil.errors import BundleError, ReleaseError, UsageError
from minicoil.folder.bundle import create_empty_bundle, derive_bundle, read_facts
from minicoil.sparse.model import MiniCoil
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.manifest import read_manifest
from tasks.catalogue.releases import publish_release
from tasks.hub.address import HubAddress
from tasks.hub.pulling import find_folder, pull_from_hub
from tasks.hub.pushing import push_release
from tasks.models.base import import_base, open_base
from tasks.models.resolver import resolve_hub
from tasks.place import Place
from tasks.report.inspecting import pull

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making
WHERE = HubAddress("acme/terms")


@pytest.fixture(scope="module")
def folders(encoder_folder, tmp_path_factory):
    """An empty model, and one that knows two words."""
    made = tmp_path_factory.mktemp("models")
    create_empty_bundle(make_plain_encoder(encoder_folder, made / "encoder"), made / "one")
    vocabulary, ids = Vocabulary.empty().apply({"pod": ["pod", "pods"], "node": ["node"]})
    rng = np.random.default_rng(3)
    derive_bundle(
        made / "one", made / "two", vocabulary, {i: rng.normal(size=(64, 4)).astype(np.float32) for i in ids.values()}
    )
    for name in ("one", "two"):
        (made / name / "README.md").write_text(f"---\nlicense: apache-2.0\n---\n# {name}\n")
    (made / "one" / "only-in-one.txt").write_text("gone in two\n")
    return made


@pytest.fixture
def hub(tmp_path, monkeypatch):
    from huggingface_hub import constants

    with HubDouble() as double:
        monkeypatch.setattr(constants, "ENDPOINT", double.url)
        template = f"{double.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)  # made of HF_ENDPOINT at import
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the other protocol of large files, git's
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield double


@pytest.fixture
def place(folders, tmp_path):
    """A home whose channel serves release 2."""
    place = Place.at(tmp_path / "home")
    for name, parent in (("one", None), ("two", 1)):
        publish_release(place.objects(), folders / name, parent, {"n_words": 2})
    set_pending(place.objects(), "production", 2, None)
    move_current(place.objects(), "production", 2)
    return place


def state(hub):
    repo = hub.repositories[WHERE.repository]
    return dict(repo.commits), dict(repo.tags)


@pytest.mark.parametrize(
    "text", ["hf:name", "hf:a/b/c", "hf:a/b@", "hf:a/b@../x", "hf:../x", "owner/name", "hf:", "hf:a b/c"]
)
def test_what_is_no_address_is_refused_with_one_that_is(text):
    with pytest.raises(UsageError, match="expected hf:owner/name"):
        HubAddress.read(text)


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


def test_the_same_release_pushed_twice_changes_nothing(hub, place):
    push_release(place, WHERE)
    before, asked = state(hub), hub.asked.copy()
    answer = push_release(place, WHERE, "2")
    assert state(hub) == before and not answer["pushed"] and "nothing to do" in answer["message"]
    assert hub.asked["POST commit"] == asked["POST commit"] and hub.asked["PUT large"] == asked["PUT large"]


def test_main_is_what_was_pushed_last_and_each_number_stays_what_it_was(hub, place, folders):
    push_release(place, WHERE, "1")
    n_large = hub.asked["PUT large"]
    assert n_large > 0
    push_release(place, WHERE, "2")
    assert hub.asked["PUT large"] - n_large < n_large  # the encoder lies there already
    repo = hub.repositories["acme/terms"]
    assert "only-in-one.txt" in repo.commits[repo.tags["1"]] and "only-in-one.txt" not in repo.commits[repo.head]
    assert find_folder(WHERE) == find_folder(replace(WHERE, revision="2")) != find_folder(replace(WHERE, revision="1"))


@pytest.mark.parametrize("kind", ["POST create", "POST preupload", "PUT large", "POST commit", "POST tag"])
def test_a_push_that_breaks_off_anywhere_is_finished_by_the_same_call(hub, place, kind, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the client's own tries
    hub.breaks[kind] = 1000
    with pytest.raises(ReleaseError, match=r"does not answer"):
        push_release(place, WHERE)
    assert not hub.repositories.get("acme/terms") or not hub.repositories["acme/terms"].tags
    hub.breaks.clear()
    n_large = hub.asked["PUT large"]
    assert push_release(place, WHERE)["pushed"]
    assert pull_from_hub(HubAddress.read("hf:acme/terms@2"))["release"] == 2
    commits = hub.repositories["acme/terms"].commits
    assert len(commits) == 2  # the repository's first one and the release, whenever it broke off
    if kind in ("POST commit", "POST tag"):
        assert hub.asked["PUT large"] == n_large  # what arrived is not sent again


def test_another_stores_release_of_the_same_number_is_refused(hub, place, folders, tmp_path):
    push_release(place, WHERE, "1")
    other = Place.at(tmp_path / "other")
    publish_release(other.objects(), folders / "two", None, {})
    before = state(hub)
    with pytest.raises(ReleaseError, match="another model than release 1 .* `minicoil release push hf:OWNER/NAME"):
        push_release(other, WHERE, "1")
    assert state(hub) == before


def test_a_public_repository_takes_nothing_unless_told_so(hub, place):
    push_release(place, WHERE, "1", public=True)
    with pytest.raises(ReleaseError, match="hf:acme/terms is public.*--public"):
        push_release(place, WHERE, "2")
    assert set(hub.repositories["acme/terms"].tags) == {"1"}
    assert push_release(place, WHERE, "2", public=True)["private"] is False


def test_what_is_wrong_is_one_line_that_says_what_to_do(hub, place, monkeypatch, tmp_path):
    push_release(place, WHERE)

    def refused(call, *expected):
        with pytest.raises(ReleaseError) as caught:
            call()
        message = str(caught.value)
        assert "\n" not in message and all(word in message for word in expected), message

    refused(lambda: find_folder(HubAddress("acme/nothing")), "hf:acme/nothing: no such repository", "HF_TOKEN")
    refused(lambda: find_folder(replace(WHERE, revision="9")), "hf:acme/terms@9", "no such revision")
    refused(lambda: push_release(place, WHERE, "9"), "release 9 was not found")
    monkeypatch.setenv("HF_TOKEN", "hf_reader")
    refused(lambda: push_release(place, HubAddress("acme/new")), "may write")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    for call in (lambda: push_release(place, WHERE), lambda: find_folder(replace(WHERE, revision="1"))):
        refused(call, "does not take this token", "HF_TOKEN")
    monkeypatch.delenv("HF_TOKEN")
    refused(lambda: push_release(place, WHERE), "asks for one", "HF_TOKEN")
    refused(lambda: find_folder(replace(WHERE, revision="1")), "no such repository, or it is private")


def test_a_hub_that_does_not_answer_is_named_and_what_is_in_the_cache_is_served(hub, place, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    push_release(place, WHERE)
    found = find_folder(replace(WHERE, revision="2"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert find_folder(replace(WHERE, revision="2")) == found
    with pytest.raises(ReleaseError, match=r"http://127.0.0.1:9 does not answer; check the network and HF_ENDPOINT"):
        find_folder(HubAddress("acme/nothing"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ReleaseError, match="HF_HUB_OFFLINE is set"):
        find_folder(HubAddress("acme/nothing"))


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


def test_a_base_is_had_from_a_hub_and_keeps_its_name_and_licence(hub, place, folders, tmp_path):
    push_release(place, WHERE)
    base = open_base(place, "hf:acme/terms@2")
    assert (base.name, base.licence) == ("acme/terms", "apache-2.0") and base.digest == open_base(
        place, str(folders / "two")
    ).digest
    home = Place.at(tmp_path / "second")
    assert import_base(home, "production", "hf:acme/terms@2") == 1
    assert read_manifest(home.objects(), 1).facts["base"]["name"] == "acme/terms"
    hub.repositories["acme/terms"].add({"x.txt": b"no model"}, "not ours")
    with pytest.raises(BundleError):
        open_base(place, "hf:acme/terms")


def test_a_model_is_loaded_from_a_hub_by_what_is_registered_for_it(hub, place, monkeypatch, folders):
    class Entry:
        name = "hf"

        def load(self):
            return resolve_hub

    monkeypatch.setattr(
        "importlib.metadata.entry_points", lambda group: [Entry()] if group == "minicoil.resolvers" else []
    )
    push_release(place, WHERE)
    model, own = minicoil.load("hf:acme/terms@2", avg_len=9.0), minicoil.load(folders / "two", avg_len=9.0)
    (one,), (other,) = model.embed(["a pod on a node"]), own.embed(["a pod on a node"])
    assert one.indices.tolist() == other.indices.tolist() and np.array_equal(one.values, other.values)
    with pytest.raises(UsageError, match="a hub has no channels to follow"):
        minicoil.load("hf:acme/terms@2", follow=True)


def test_the_package_registers_what_loads_from_a_hub():
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["minicoil.resolvers"]["hf"] == f"{resolve_hub.__module__}:{resolve_hub.__name__}"


def test_commands_push_and_pull(hub, place, tmp_path):
    from click.testing import CliRunner

    from flows.cli import main

    def run(*words):
        return CliRunner().invoke(main, ["release", *words, "--home", str(place.home)])

    pushed = run("push", "hf:acme/terms", "--release", "1", "--json")
    assert pushed.exit_code == 0 and json.loads(pushed.stdout)["address"] == "hf:acme/terms@1"
    pulled = run("pull", "hf:acme/terms@1", str(tmp_path / "model"))
    assert pulled.exit_code == 0 and (tmp_path / "model" / "manifest.json").is_file()
    missing = run("pull", "hf:acme/terms@7", str(tmp_path / "none"))
    assert missing.exit_code == 1 and re.search(r"hf:acme/terms@7: the repository has no such revision", missing.output)
    assert run("push", "acme/terms").exit_code == 2
    assert read_facts(tmp_path / "model").width == 64
    shutil.rmtree(tmp_path / "model")
