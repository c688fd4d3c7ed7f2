"""Words are retrained where words are served."""

import pytest

from flows.forms.parameters import RetrainParameters
from flows.retrain_words import retrain_words
from minicoil.errors import MiniCoilError
from tasks.catalogue.releases import release_numbers
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def test_where_nothing_is_served_there_is_nothing_to_retrain(tmp_path, tiny_encoder):
    asked = RetrainParameters(home=str(tmp_path / "home"), corpus=["pydocs:json"], encoder=str(tiny_encoder))
    with pytest.raises(MiniCoilError, match="production"):
        retrain_words(asked)
    assert release_numbers(Place.at(tmp_path / "home").objects()) == []
