"""Records of collections, for tests to which most fields do not matter."""

from tasks.catalogue.registry import CollectionRecord


def make_record(name="docs", **changes):
    fields = {"channel": "production", "k": 1.2, "b": 0.75, "avg_len": 9.5, "dims": 4, "shift": 224000}
    return CollectionRecord(**{"name": name, "encoder": "x", "encoder_digest": "y", **fields, **changes})
