"""Queries made from a collection's own text, wherever its record says that text is."""

import json

import pytest

from minicoil.config import RetrievalGateConfig
from minicoil.errors import CollectionError
from tasks.collections.texts import JoinedTexts, TextTemplate, join_corpus
from tasks.place import Place
from tasks.points import CollectionSchema, Point
from tasks.proof.proxies import known_items_of

ANIMALS = ("otter", "heron", "badger", "lynx", "weasel", "falcon", "marten", "beaver")
HEADS = [f"How the {name} finds its winter food" for name in ANIMALS]
BODIES = [f"In deep snow a {name} digs below the ice. It remembers {i} places." for i, name in enumerate(ANIMALS)]


@pytest.fixture(params=["template", "joined"])
def points_and_texts(request, tmp_path):
    """A collection without a field `text`: its points have two fields, or only the id of a document."""
    if request.param == "joined":
        rows = (
            json.dumps({"_id": f"s{i}", "title": h, "text": b})
            for i, (h, b) in enumerate(zip(HEADS, BODIES, strict=True))
        )
        (tmp_path / "corpus.jsonl").write_text("\n".join(rows))
        payloads = [{"sku": f"s{i}"} for i in range(len(HEADS))]
        texts = JoinedTexts(join_corpus(tmp_path / "joined", [str(tmp_path / "corpus.jsonl")]), "sku")
    else:
        payloads = [{"headline": h, "meta": {"body": b}} for h, b in zip(HEADS, BODIES, strict=True)]
        texts = TextTemplate("{headline}\n{meta.body}")
    with Place.at(tmp_path / "home").points() as points:
        points.ensure("theirs", CollectionSchema(dense={"dense": 2}))
        points.upsert("theirs", [Point(i, payload, {}) for i, payload in enumerate(payloads)])
        yield points, texts


def test_known_items_are_made_from_the_texts_that_the_record_names(points_and_texts):
    points, texts = points_and_texts
    data = known_items_of(points, "theirs", texts, RetrievalGateConfig())
    assert len(data.queries) == len(ANIMALS) and len(data.documents) == len(ANIMALS)
    assert all(any(name in query for name in ANIMALS) for query in data.queries.values())
    assert sum("digs below the ice" in text for text in data.documents.values()) == len(ANIMALS)


def test_a_collection_whose_texts_are_elsewhere_is_named(points_and_texts):
    points, _ = points_and_texts
    with pytest.raises(CollectionError, match="'theirs': none of 8 sampled texts can ask for itself"):
        known_items_of(points, "theirs", TextTemplate("{text}"), RetrievalGateConfig())
