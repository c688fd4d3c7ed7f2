"""A collection's models by release: as they were published, with the collection's own settings."""

import pytest

from minicoil.config import Bm25Config
from minicoil.errors import ReleaseError
from minicoil.files.layout import BundleLayout
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.registry import CollectionRecord
from tasks.models import collection_models
from tasks.models.collection_models import CollectionModels


@pytest.fixture
def models(place, tiny_encoder):
    settings = {"k": 0.9, "b": 0.4, "avg_len": 12.5, "dims": 4, "shift": 192000}
    record = CollectionRecord(
        name="docs", channel="production", encoder=str(tiny_encoder), encoder_digest="", **settings
    )
    return CollectionModels.of(place, record)


def test_each_release_has_its_own_words(models):
    for release in (1, 2, 3):
        folder = models.folder(release)
        expected = Vocabulary.read(BundleLayout(folder).vocabulary, 4)
        assert models.vocabulary(release).words == expected.words
        assert models.model(release).vocabulary.words == expected.words
    assert models.vocabulary(1).words != models.vocabulary(2).words


def test_a_model_has_the_settings_of_the_collection(models):
    assert models.model(2).bm25 == Bm25Config(0.9, 0.4, 12.5)
    assert models.model(2).layout.folder == models.folder(2)


def test_zero_is_the_empty_model_of_the_encoder(models):
    assert not models.vocabulary(0).known_words and models.model(0).vocabulary.dims == 4


def test_a_vocabulary_is_read_once(models, monkeypatch):
    first = models.vocabulary(2)
    monkeypatch.setattr(collection_models, "check_bundle", None)
    assert models.vocabulary(2) is first


def test_a_release_that_is_gone_is_named(models):
    with pytest.raises(ReleaseError, match="release 7 was not found"):
        models.vocabulary(7)
