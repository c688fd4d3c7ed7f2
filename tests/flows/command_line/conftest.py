"""What several files of this room look at."""

import pytest

from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.registry import CollectionRecord, register_collection
from tasks.place import Place


@pytest.fixture
def home(tmp_path):
    """Two collections, registered, and a channel that was moved; nothing else."""
    store = Place.at(tmp_path).objects()
    for name in ("docs", "drafts"):
        row = {"name": name, "channel": "production", "k": 1.2, "b": 0.75, "avg_len": 40.0, "dims": 4, "shift": 64000}
        register_collection(store, CollectionRecord(**row, encoder="minilm", encoder_digest="0" * 64))
    set_pending(store, "staging", 1, None)
    move_current(store, "staging", 1)
    return tmp_path
