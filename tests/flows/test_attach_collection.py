"""Only a collection that is there can be taken up."""

import pytest

from flows.attach_collection import attach_collection
from flows.forms.parameters import AttachParameters
from minicoil.errors import CollectionError
from tasks.catalogue.registry import list_collections
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def test_a_collection_that_is_not_there_is_named_and_none_is_registered(tmp_path):
    with pytest.raises(CollectionError, match="'docs'"):
        attach_collection(AttachParameters(home=str(tmp_path), collection="docs", vector="minicoil", text="{body}"))
    assert list_collections(Place.at(tmp_path).objects()) == []
