"""A copy is made of a collection that is there, and an alias is led back to where it came from."""

import pytest

from flows.forms.parameters import RebuildParameters
from flows.rebuild_collection import rebuild_collection
from minicoil.errors import MiniCoilError
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


@pytest.mark.parametrize("values", [{}, {"back": True, "alias": "docs-live"}])
def test_a_collection_that_is_not_there_is_named_and_nothing_is_made(tmp_path, values):
    with pytest.raises(MiniCoilError, match="docs|production"):
        rebuild_collection(RebuildParameters(home=str(tmp_path), source="docs", target="docs-2", **values))
    with Place.at(tmp_path).points() as points:
        assert points.names() == []
