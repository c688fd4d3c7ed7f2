"""A request that no extension can answer is refused before anything is read or made."""

import pytest

from flows.extend_vocabulary import extend_vocabulary
from flows.forms.parameters import ExtendParameters
from minicoil.errors import MiniCoilError, UsageError
from tasks.catalogue.registry import CollectionRecord, register_collection
from tasks.catalogue.releases import release_numbers
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"words": ["the"]}, "the"),
        ({"words": ["two words"]}, "two words"),
        ({"words_file": "absent.txt"}, "absent.txt"),
    ],
)
def test_words_that_can_be_none_are_named(tmp_path, asked, message):
    with pytest.raises(MiniCoilError, match=message):
        extend_vocabulary(ExtendParameters(home=str(tmp_path / "home"), corpus=["pydocs:json"], **asked))
    assert release_numbers(Place.at(tmp_path / "home").objects()) == []


def test_a_bound_on_points_needs_points(tmp_path, tiny_encoder):
    asked = {"home": str(tmp_path / "home"), "corpus": ["pydocs:json"], "words": ["json"], "encoder": str(tiny_encoder)}
    with pytest.raises(UsageError, match="max-points"):
        extend_vocabulary(ExtendParameters(**asked, max_points=10))


def test_two_languages_on_one_channel_are_refused(tmp_path):
    store = Place.at(tmp_path).objects()
    row = {"name": "docs", "channel": "production", "k": 1.2, "b": 0.75, "avg_len": 40.0, "dims": 4, "shift": 64000}
    register_collection(store, CollectionRecord(**row, encoder="minilm", encoder_digest="0" * 64, language="de"))
    with pytest.raises(UsageError, match="German|'de'|de"):
        extend_vocabulary(ExtendParameters(home=str(tmp_path), corpus=["pydocs:json"], words=["json"], language="fr"))
