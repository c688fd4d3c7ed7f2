"""The language of a channel: by its release, else by its first collection, else by whoever comes first."""

import pytest

from minicoil.errors import UsageError
from minicoil.text.languages import open_language
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.registry import CollectionRecord, register_collection
from tasks.models.bundles import open_model_of, open_parent
from tasks.models.collection_models import CollectionModels
from tasks.models.languages import settle_language
from tasks.place import Place


def record(place, tiny_encoder, language, name="docs", channel="production"):
    settings = {"k": 1.2, "b": 0.75, "avg_len": 12.5, "dims": 4, "shift": 192000, "language": language}
    made = CollectionRecord(name=name, channel=channel, encoder=str(tiny_encoder), encoder_digest="", **settings)
    return register_collection(place.objects(), made)


def test_whoever_comes_first_says_it_and_english_is_what_nobody_said(tmp_path):
    place = Place.at(tmp_path / "home")
    assert settle_language(place, "production") == "en" and settle_language(place, "production", "fr") == "fr"
    with pytest.raises(UsageError, match="language 'xx' is not known here; choose one of en, ar, "):
        settle_language(place, "production", "xx")


def test_a_collection_before_any_release_fixes_it_for_its_channel_alone(tmp_path, tiny_encoder):
    place = Place.at(tmp_path / "home")
    made = record(place, tiny_encoder, "de")
    assert settle_language(place, "production") == settle_language(place, "production", "de") == "de"
    assert settle_language(place, "other") == "en"
    with pytest.raises(UsageError, match=r"'docs' of channel 'production' is German \(de\), not French \(fr\)"):
        settle_language(place, "production", "fr")
    german = open_language("de")
    assert open_parent(place, "production", str(tiny_encoder)).vocabulary.language is german
    assert CollectionModels.of(place, made).model(0).tokenizer.language is german
    assert open_model_of(place, made, 0) != open_parent(place, "other", str(tiny_encoder)).folder


def test_a_release_fixes_it(place):
    """Those that were published before there were languages are English."""
    set_pending(place.objects(), "production", 1, None)
    move_current(place.objects(), "production", 1)
    assert settle_language(place, "production") == "en"
    with pytest.raises(UsageError, match="a language never changes: leave --language out, or name another --channel"):
        open_parent(place, "production", language="de")
