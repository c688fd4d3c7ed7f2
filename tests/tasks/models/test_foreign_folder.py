"""A model folder from elsewhere is published only where it grew from what the channel serves, byte for byte."""

import shutil

import numpy as np
import pytest

from minicoil.errors import BundleError
from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import check_bundle, create_empty_bundle
from minicoil.text.languages import open_language
from minicoil.words.ledger import Ledger, WordRecord
from tasks.models.foreign_folder import check_folder

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making


@pytest.fixture
def model(releases, tmp_path):
    """Release 2's model as a folder of somebody's own."""
    return shutil.copytree(releases.parent / "model-2", tmp_path / "mine")


def test_a_folder_that_grew_from_the_served_release_gives_the_facts_of_its_manifest(place, model):
    facts = check_folder(place, str(model), 1, ["pods and locks"])
    vocabulary = check_bundle(model)[1]
    assert (facts["dims"], facts["n_words"], facts["ids_left"]) == (4, len(vocabulary.known_words), vocabulary.ids_left)
    assert facts["vocabulary_digest"] == vocabulary.digest and facts["verdicts"] == {}
    assert facts["mean_ordering_accuracy"] is None
    assert check_folder(place, str(model), None)["n_words"] == facts["n_words"]


def test_verdicts_and_accuracy_are_those_of_the_words_that_are_new(place, model):
    records = [
        WordRecord("shard", "accepted", "", forms=("shards",), ordering_accuracy=0.8),
        WordRecord("lock", "kept_bm25", "", forms=("locks",), ordering_accuracy=0.4),
        WordRecord("bank", "accepted", "", forms=("banks",), ordering_accuracy=0.1),
    ]
    Ledger().updated(records, "request", 2).write(model)
    served = Ledger.read(model).served()
    facts = check_folder(place, str(model), 1)
    fresh = {word: served[word] for word in ("shard", "lock") if word in served}
    assert sum(facts["verdicts"].values()) == len(fresh) > 0
    mean = sum(record.ordering_accuracy for record in fresh.values()) / len(fresh)
    assert facts["mean_ordering_accuracy"] == pytest.approx(mean)


def test_a_folder_that_is_none_or_no_model_is_refused(place, tmp_path):
    with pytest.raises(BundleError) as caught:
        check_folder(place, str(tmp_path / "absent"), None)
    assert str(caught.value) == (
        f"{tmp_path}/absent is no folder on this machine; give a model folder where this flow's worker runs"
    )
    with pytest.raises(BundleError):
        check_folder(place, str(tmp_path), None)


def test_layers_that_are_not_the_served_ones_are_refused(place, model):
    stack = np.load(BundleLayout(model).stack)
    stack[1, 0, 0] += 0.5
    np.save(BundleLayout(model).stack, stack)
    with pytest.raises(
        BundleError, match=r"did not grow from release 1, which the channel serves: its first \d+ layers"
    ):
        check_folder(place, str(model), 1)


def test_an_older_folder_than_the_served_release_is_refused(place, releases):
    with pytest.raises(
        BundleError, match="did not grow from release 2.*extend that release, or publish on another chan"
    ):
        check_folder(place, str(releases.parent / "model-1"), 2)


def test_another_language_than_the_channels_is_refused(place, tiny_encoder, tmp_path):
    create_empty_bundle(tiny_encoder, tmp_path / "german", 4, str(tiny_encoder), open_language("de"))
    with pytest.raises(BundleError) as caught:
        check_folder(place, str(tmp_path / "german"), 1)
    assert str(caught.value) == (
        f"{tmp_path}/german is German, release 1, which the channel serves, is English; publish on another channel"
    )
