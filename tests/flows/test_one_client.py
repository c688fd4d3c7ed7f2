"""A run opens object store and Qdrant once, and asks each once what it can do."""

from collections import Counter

import boto3
import pytest
from crash_homes import make_encoder, write_documents
from qdrant_double import QdrantDouble

from flows.extend_vocabulary import extend_vocabulary
from flows.forms import ExtendParameters, IndexParameters, ReencodeParameters
from flows.index_collection import index_collection
from flows.reencode_collections import reencode_collections
from tasks.qdrant.server import ServerPoints
from tasks.store.s3_store import S3Store


@pytest.fixture
def opened(monkeypatch):
    """How often clients were made and probes sent, by name."""
    counts: Counter[str] = Counter()

    def count(owner, name, label=lambda *given: True):
        original = getattr(owner, name)

        def counted(*args, **kwargs):
            if said := label(*args):
                counts[name if said is True else said] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, staticmethod(counted) if name == "connect" else counted)

    count(boto3, "client")
    count(S3Store, "_put", lambda store, key, *rest: "probe" if key == "capability" else False)
    count(ServerPoints, "connect")
    count(ServerPoints, "close", lambda points: points._leave is None)  # not a lease
    return counts


def test_an_extension_opens_each_of_its_services_once(
    s3_environment, make_bucket, tiny_encoder, tmp_path, opened, monkeypatch
):
    encoder = str(make_encoder(tiny_encoder, tmp_path / "encoder"))
    write_documents(tmp_path / "texts.jsonl", 0, 300)
    with QdrantDouble() as double:
        named = {
            "home": str(tmp_path / "home"),
            "store": f"s3://{make_bucket(s3_environment)}/models",
            "qdrant_url": double.url,
        }
        corpus = {**named, "corpus": [str(tmp_path / "texts.jsonl")], "encoder": encoder}
        once = {
            "client": 1,
            "probe": 2,
            "connect": 1,
            "close": 1,
        }  # a probe tries to write in both ways that have to fail
        opened.clear()  # the bucket was made
        index_collection(IndexParameters(**corpus, collection="docs"))
        assert opened == {**once, "probe": 3}  # there is nothing yet that the first write could meet
        opened.clear()
        asked = {"words": ["pod", "bank"], "role_model": encoder, "evaluate": False}
        answer = extend_vocabulary(ExtendParameters(**corpus, **asked))
        assert answer["promoted"] and answer["collections"][0]["n_rewritten"]
        assert opened == once
        opened.clear()
        reencode_collections(ReencodeParameters(**named, contract=True))
        assert opened == once
