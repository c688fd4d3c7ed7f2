"""A manifest says what a release is, and one that was touched is refused."""

import json
import string

import pytest
from hypothesis import given, settings, strategies as st

from minicoil.errors import ConflictError, DamagedReleaseError, ReleaseError
from tasks.catalogue.manifest import (
    IMPORTANCE,
    FileEntry,
    Manifest,
    change_manifest,
    check_inside,
    content_digest,
    importance_of,
    parse_manifest,
    read_manifest,
    read_sound,
    release_key,
    write_manifest,
)
from tasks.catalogue.releases import publish_release
from tasks.store.damage import forget_damage, named_damage
from tasks.store.formats import write_document
from tasks.store.local_store import LocalStore

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets
ENTRY = FileEntry(sha256="a" * 64, size_bytes=5)


def make(release=1, parent=None, facts=None, **files):
    files, facts = files or {"words.json": ENTRY}, facts or {"dims": 4}
    digest = content_digest(files, parent, facts)
    return Manifest(release=release, parent=parent, created_at="then", content_digest=digest, files=files, facts=facts)


@pytest.fixture
def local(tmp_path):
    forget_damage()
    yield LocalStore(tmp_path / "local")
    forget_damage()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["facts"].update(dims=8), "changed after publishing"),
        (lambda d: d["files"].update({"../x": d["files"]["words.json"]}), "leads outside"),
        (lambda d: d.pop("files"), "files"),
    ],
)
def test_a_manifest_edited_by_hand_is_refused(store, folder, change, message):
    publish_release(store, folder, None, {"dims": 4})
    document = json.loads(store.read(release_key(1, "manifest.json")))
    change(document)
    store.write(release_key(1, "manifest.json"), json.dumps(document).encode())
    with pytest.raises(ReleaseError, match=message):
        read_manifest(store, 1)


PARTS = st.text(st.sampled_from(string.ascii_letters + string.digits + " ._-\u00e9"), min_size=1, max_size=9)


@settings(max_examples=40)
@given(st.lists(PARTS.filter(lambda part: part not in (".", "..")), min_size=1, max_size=4))
def test_a_plain_path_is_given_back_and_nothing_else_is_one(parts):
    path = "/".join(parts)
    assert check_inside(path) == path
    for wrong in (
        f"/{path}",
        f"{path}/",
        f"../{path}",
        f"{path}/..",
        f"./{path}",
        f"{path}//x",
        f"{path}\\x",
        f"C:{path}",
    ):
        with pytest.raises(ValueError, match="leads outside the release, or is not a plain path"):
            check_inside(wrong)


def test_the_longest_name_is_counted_in_bytes():
    assert check_inside("\u00e9" * 127)
    for path in ("\u00e9" * 128, "/".join(["abcd"] * 201)):
        with pytest.raises(ValueError, match="is too long"):
            check_inside(path)


def test_a_file_that_stands_where_anothers_folder_must_is_refused():
    with pytest.raises(ValueError, match="path 'onnx' is a file and a folder at once"):
        make(**{"onnx": ENTRY, "onnx/model.onnx": ENTRY})


def test_the_digest_follows_from_files_parent_and_facts_alone():
    other = FileEntry(sha256="b" * 64, size_bytes=5)
    one = content_digest({"a": ENTRY, "b": other}, 1, {"x": 1, "y": 2})
    assert one == content_digest({"b": other, "a": ENTRY}, 1, {"y": 2, "x": 1})
    for files, parent, facts in (
        ({"a": other, "b": ENTRY}, 1, {"x": 1, "y": 2}),
        ({"a": ENTRY, "b": other}, None, {"x": 1, "y": 2}),
        ({"a": ENTRY, "b": other}, 1, {"x": 1}),
    ):
        assert content_digest(files, parent, facts) != one


def test_a_release_has_one_manifest_which_whoever_comes_second_is_told(local):
    write_manifest(local, make())
    assert read_manifest(local, 1) == make()
    with pytest.raises(ConflictError):
        write_manifest(local, make(facts={"dims": 8}))
    assert read_manifest(local, 1) == make()


def test_a_release_that_is_not_there_is_told_with_its_store(local):
    for act in (lambda: read_manifest(local, 7), lambda: change_manifest(local, 7, lambda found: found)):
        with pytest.raises(ReleaseError) as caught:
            act()
        assert str(caught.value) == f"release 7 was not found in {local.url}; `minicoil release list` shows them"
    assert read_sound(local, 7) is None and named_damage() == []


def test_a_manifest_in_anothers_place_is_none_of_that_release(local):
    local.write("releases/2/manifest.json", write_document(make()))
    with pytest.raises(DamagedReleaseError) as caught:
        read_manifest(local, 2)
    assert str(caught.value) == (
        "the manifest of release 2 was changed after publishing; restore it from a backup; `minicoil release list` "
        "shows the others"
    )
    assert read_sound(local, 2) is None and read_sound(local, 2) is None and len(named_damage()) == 1


def test_a_change_keeps_to_what_the_digest_says(local):
    write_manifest(local, make())

    def take_out(found):
        facts = {**found.facts, "redacted": True}
        digest = content_digest(found.files, found.parent, facts)
        return found.model_copy(update={"facts": facts, "content_digest": digest})

    assert change_manifest(local, 1, take_out).facts["redacted"] and read_manifest(local, 1).facts["redacted"]
    change_manifest(local, 1, lambda found: found.model_copy(update={"facts": {}}))
    with pytest.raises(DamagedReleaseError, match="was changed after publishing"):
        read_manifest(local, 1)


def test_a_manifest_from_elsewhere_is_checked_against_itself():
    assert parse_manifest(write_document(make()), "the manifest of hf:a/b") == make()
    changed = make().model_dump(mode="json") | {"facts": {"dims": 8}}
    for document, error, message in (
        (
            json.dumps(changed),
            DamagedReleaseError,
            "the manifest of hf:a/b was changed after publishing; push the release",
        ),
        (
            "{",
            DamagedReleaseError,
            "the manifest of hf:a/b is damaged: it is no JSON document .*; push the release again",
        ),
        (json.dumps({**changed, "version": 2, "more": 1}), ReleaseError, "hf:a/b has format 2, .* upgrade this one"),
    ):
        with pytest.raises(error, match=message):
            parse_manifest(document.encode(), "the manifest of hf:a/b")


def test_the_importance_of_a_release_is_its_files_digest_and_the_empty_model_has_none(local):
    write_manifest(local, make())
    write_manifest(local, make(2, 1, **{IMPORTANCE: ENTRY}))
    assert [importance_of(local, number) for number in (0, 1, 2)] == ["", "", "a" * 64]
    with pytest.raises(ReleaseError, match="release 3 was not found"):
        importance_of(local, 3)


def test_keys_of_a_release_lie_in_its_folder():
    assert (release_key(7), release_key(7, "onnx/model.onnx")) == ("releases/7", "releases/7/onnx/model.onnx")
