"""What is compared: a channel's release or a folder, with what it grew from or what somebody names."""

import shutil

import numpy as np
import pytest
from small_service import serve

from minicoil.errors import BundleError, ReleaseError
from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import create_empty_bundle, derive_bundle
from minicoil.importance.document_words import FEATURES
from minicoil.importance.weights import Importance
from minicoil.words.vocabulary import Vocabulary
from tasks.models.bundles import open_model
from tasks.proof.contenders import find_contenders


def test_a_channel_that_serves_nothing_is_told_what_makes_something(place):
    with pytest.raises(ReleaseError, match="'staging' serves no release to evaluate; `minicoil extend --common"):
        find_contenders(place, "staging")


def test_what_a_channel_serves_is_compared_with_what_it_grew_from(place):
    serve(place, 2)
    found = find_contenders(place, "production")
    assert (found.name, found.release, found.parent_name, found.is_ancestor) == ("release 2", 2, "release 1", True)
    assert find_contenders(place, "production", 3).parent_name == "release 2"
    first = find_contenders(place, "production", 1)
    assert (first.parent, first.parent_name, first.is_ancestor) == (None, "the empty vocabulary", True)
    model, parent = found.open()
    assert parent is not None and set(model.vocabulary.known_words) - set(parent.vocabulary.known_words)


def test_a_parent_may_be_named_by_number_or_folder(place, tmp_path):
    serve(place, 3)
    found = find_contenders(place, "production", parent="1")
    assert (found.parent_name, found.is_ancestor) == ("release 1", True)
    backwards = find_contenders(place, "production", 1, parent="3")
    assert (backwards.parent_name, backwards.is_ancestor) == ("release 3", False)
    copy = shutil.copytree(open_model(place, 1, "minilm", 4), tmp_path / "copied")
    named = find_contenders(place, "production", parent=str(copy))
    assert (named.parent, named.parent_name, named.is_ancestor) == (copy, "copied", False)
    with pytest.raises(BundleError, match=r"model 'nowhere': no such folder; give a folder that FastEmbed loads"):
        find_contenders(place, "production", parent="nowhere")


def test_a_folder_grew_from_another_where_its_stack_begins_with_the_others(place, tmp_path, tiny_encoder):
    one, two = (open_model(place, n, "minilm", 4) for n in (1, 2))
    assert find_contenders(place, "production", model=str(two), parent=str(one)).is_ancestor
    assert not find_contenders(place, "production", model=str(one), parent=str(two)).is_ancestor
    alone = find_contenders(place, "production", model=str(two))
    assert (alone.release, alone.parent, alone.parent_name) == (None, None, "the empty vocabulary")
    vocabulary, ids = Vocabulary.empty().apply({"garden": ["gardens"]})
    width = np.load(BundleLayout(one).stack, mmap_mode="r").shape[1]
    rows = {i: np.ones((width, 4), np.float32) for i in ids.values()}
    create_empty_bundle(tiny_encoder, tmp_path / "empty")
    derive_bundle(tmp_path / "empty", tmp_path / "other", vocabulary, rows)
    assert not find_contenders(place, "production", model=str(two), parent=str(tmp_path / "other")).is_ancestor


def test_importance_is_measured_where_the_release_carries_it(place, tmp_path):
    two = open_model(place, 2, "minilm", 4)
    assert find_contenders(place, "production", model=str(two)).open_weighing() is None
    weighed = shutil.copytree(two, tmp_path / "weighed")
    width = np.load(BundleLayout(two).stack, mmap_mode="r").shape[1]
    importance = Importance(np.zeros(width + len(FEATURES), np.float32), 0.5)
    importance.write(BundleLayout(weighed).importance)
    model = find_contenders(place, "production", model=str(weighed)).open_weighing()
    assert model is not None and model.importance is not None and model.bm25.importance == importance.digest
