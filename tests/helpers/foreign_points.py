"""Points of a collection that somebody else made with minicoil vectors, and how it is attached."""

import numpy as np

from minicoil.sparse.model import MiniCoil
from tasks.adoption.attaching import AttachRequest
from tasks.models.bundles import open_model
from tasks.points import Point

BM25 = {"k": 0.9, "b": 0.4, "avg_len": 6.5}


def foreign_points(place, texts, release, split=True):
    model = MiniCoil.load(open_model(place, release, "minilm", 4), **BM25)
    rng = np.random.default_rng(3)
    rows = []
    for number, (text, vector) in enumerate(zip(texts, model.embed(texts), strict=True)):
        title, _, body = text.partition(" ")
        payload = {"title": title, "meta": {"body": body}, "lang": "en" if number % 2 else "de", "price": 1.5}
        dense = rng.normal(size=3).astype(np.float32)
        rows.append(
            Point(number, payload if split else {"lang": "en", "sku": f"s{number}"}, {"sparse": vector, "dense": dense})
        )
    return rows


def foreign_text(point):
    return f"{point.payload['title']} {point.payload['meta']['body']}"


ATTACH = AttachRequest("theirs", "production", "sparse", "{title} {meta.body}")
