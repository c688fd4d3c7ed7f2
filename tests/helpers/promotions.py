"""Collections that are promoted, swept and contracted: filled, read back, and held against encoding everything anew."""

from __future__ import annotations

import numpy as np
from small_service import index as index, serve as serve

from minicoil.files.layout import BundleLayout
from minicoil.files.stack import read_shape
from minicoil.folder.bundle import check_bundle, derive_bundle
from minicoil.sparse.impact import is_affected
from minicoil.sparse.model import MiniCoil
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.registry import read_collection_record
from tasks.catalogue.releases import publish_release
from tasks.models.bundles import open_model
from tasks.readers.confirmation import declare_readers


def know_all_readers(place):
    """What an owner of a server says; without it no cell goes there (test_silent_readers.py)."""
    declare_readers(place, "production", known=True)


def stored(points, name="docs"):
    return {p.id: p for page in points.scroll(name, vectors=True) for p in page}


def model_of(place, release, name="docs"):
    record = read_collection_record(place.objects(), name)
    return MiniCoil.load(open_model(place, release, "minilm", 4), record.k, record.b, record.avg_len)


def as_dict(vector):
    return dict(zip(vector.indices.tolist(), vector.values.tolist(), strict=True))


def check_against_encoding_anew(place, points, release, name="docs", text=lambda p: p.payload["text"]):
    rows = list(stored(points, name).values())
    for point, vector in zip(rows, model_of(place, release, name).embed(map(text, rows)), strict=True):
        found, expected = as_dict(point.vectors["minicoil"]), as_dict(vector)
        assert found.keys() == expected.keys(), text(point)
        assert all(abs(found[cell] - value) < 1e-4 for cell, value in expected.items())


def affected_ids(place, before, old, new):
    one = check_bundle(open_model(place, old, "minilm", 4))[1]
    model = MiniCoil.load(open_model(place, new, "minilm", 4))
    return {
        i for i, p in before.items() if is_affected(one, model.vocabulary, model.tokenizer.words(p.payload["text"]))
    }


def contents(points):
    return {i: (as_dict(point.vectors["minicoil"]), point.payload) for i, point in stored(points).items()}


def publish_sibling(place, folder):
    """A release that grew from the first one, beside the second: its new word has the id of one of the second's."""
    parent = open_model(place, 1, "minilm", 4)
    vocabulary, fresh = Vocabulary.read(BundleLayout(parent).vocabulary, 4).apply(add={"garden": ["gardens"]})
    width = read_shape(BundleLayout(parent).stack)[1]
    rows = {i: np.random.default_rng(9).normal(scale=0.3, size=(width, 4)).astype(np.float32) for i in fresh.values()}
    derive_bundle(parent, folder / "sibling", vocabulary, rows)
    return publish_release(place.objects(), folder / "sibling", 1, {}).release
