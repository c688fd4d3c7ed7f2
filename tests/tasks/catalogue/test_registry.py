"""Collections are registered once, changed in place, and say which releases they can be read with."""

import pytest

from tasks.catalogue.registry import (
    CollectionRecord,
    list_collections,
    register_collection,
    update_collection,
)

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets


def record(name):
    return CollectionRecord(
        name=name,
        channel="production",
        k=1.2,
        b=0.75,
        avg_len=9.5,
        dims=4,
        shift=224000,
        encoder="x",
        encoder_digest="y",
    )


def test_collections_are_registered_once_and_updated_in_place(store):
    register_collection(store, record("docs"))
    assert register_collection(store, record("docs").model_copy(update={"k": 2.0})).k == 1.2
    update_collection(store, "docs", lambda r: r.model_copy(update={"release": 3}))
    assert [r.release for r in list_collections(store, "production")] == [3]
