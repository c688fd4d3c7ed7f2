"""Documents as earlier versions wrote them, letter by letter: read today, and brought up to date by the next write.

Nothing here is made by today's code; a format that changes gets one more document, and the old ones stay.
"""

import json

import pytest

from minicoil.errors import BundleError, CollectionError, ReleaseError
from minicoil.folder.bundle import read_facts
from minicoil.words.ledger import Ledger
from tasks.catalogue.channels import read_channel
from tasks.catalogue.manifest import read_manifest
from tasks.catalogue.registry import read_collection_record, update_collection
from tasks.store.local_store import LocalStore

ZERO = "0" * 64
MANIFEST_1 = {
    "version": 1,
    "release": 3,
    "parent": 2,
    "created_at": "2026-05-04T03:02:01+00:00",
    "content_digest": "a57d5b68b343c5ca412e8d902fdd1835a7a49d5dd784420a4c3915d58ae81247",
    "files": {"onnx/model.onnx": {"sha256": ZERO, "size_bytes": 5}},
    "facts": {"dims": 4},
}
CHANNEL_1 = {
    "version": 1,
    "name": "production",
    "current": 3,
    "previous": 2,
    "phase": "switched",
    "history": [{"at": "2026-05-04T03:02:01+00:00", "who": "me", "action": "promote", "release": 3, "previous": 2}],
}
COLLECTION_1 = {
    "version": 1,
    "name": "docs",
    "channel": "production",
    "k": 1.2,
    "b": 0.75,
    "avg_len": 41.5,
    "dims": 4,
    "shift": 192000,
    "encoder": "minilm",
    "encoder_digest": ZERO,
    "release": 3,
}
LEDGER_1 = {
    "version": 1,
    "release": 3,
    "requests": {ZERO: 3},
    "words": [
        {
            "word": "pool",
            "verdict": "accepted",
            "reason": "ordering .81",
            "forms": ["pool", "pools"],
            "ordering_accuracy": 0.81,
            "release": 3,
            "history": [[2, "kept_bm25", None]],
        }
    ],
}
FACTS_1 = {"encoder": "minilm", "encoder_digest": ZERO, "dims": 4, "width": 384, "version": 1}


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


def put(store, key, document, **changes):
    store.write(key, json.dumps({**document, **changes}).encode())


def put_file(path, document, **changes):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**document, **changes}))


def test_a_manifest_of_format_1(store):
    put(store, "releases/3/manifest.json", MANIFEST_1)
    manifest = read_manifest(store, 3)
    assert (manifest.parent, manifest.ancestors, manifest.files["onnx/model.onnx"].blocks) == (2, (), ())
    put(store, "releases/3/manifest.json", MANIFEST_1, version=2)
    with pytest.raises(ReleaseError, match="has format 2, and this program reads up to 1.*upgrade this one"):
        read_manifest(store, 3)


def test_a_channel_of_format_1(store):
    put(store, "channels/production.json", CHANNEL_1)
    state = read_channel(store, "production")
    assert (state.current, state.previous, state.pending, state.history[0].who) == (3, 2, None, "me")
    put(store, "channels/production.json", CHANNEL_1, version=2)
    with pytest.raises(ReleaseError, match="has format 2, and this program reads up to 1.*upgrade this one"):
        read_channel(store, "production")


def test_a_collection_of_format_1_is_of_format_6_once_it_is_written(store):
    put(store, "collections/docs.json", COLLECTION_1)
    record = read_collection_record(store, "docs")
    assert record.is_ours and record.text == "{text}" and record.bm25.avg_len == 41.5 and record.language == "en"
    update_collection(store, "docs", lambda found: found.model_copy(update={"release": 4}))
    written = json.loads(store.read("collections/docs.json"))
    assert written["version"] == 6 and written["release"] == 4 and written["avg_len"] == 41.5
    put(store, "collections/docs.json", COLLECTION_1, version=7)
    with pytest.raises(CollectionError, match="has format 7, and this program reads up to 6.*upgrade this one"):
        read_collection_record(store, "docs")


def test_a_collection_of_format_2_holds_the_cells_of_two_releases_and_says_nothing_of_its_readers(store):
    """Re-encoding goes on from one, and waits for its readers on a server: tests/tasks/readers/test_silent_readers.py."""
    put(
        store, "collections/docs.json", {**COLLECTION_1, "corpus": [], "join": ""}, version=2, previous=2, attached_at=1
    )
    record = read_collection_record(store, "docs")
    assert (record.readable, record.others, record.kept, record.acknowledged) == ((3, 2), (2,), (), ())
    assert record.readers is None and not record.is_ours


def test_a_ledger_of_format_1(tmp_path):
    put_file(tmp_path / "ledger" / "000003.json", LEDGER_1)
    ledger = Ledger.read(tmp_path)
    record = ledger.served()["pool"]
    assert record.forms == ("pool", "pools") and record.history == ((2, "kept_bm25", None),)
    assert ledger.requests == {ZERO: 3} and record.ceiling is None
    put_file(tmp_path / "ledger" / "000003.json", LEDGER_1, version=2)
    with pytest.raises(ReleaseError, match="version 2; this program reads 1.*a newer one"):
        Ledger.read(tmp_path)


def test_facts_of_format_1(tmp_path):
    put_file(tmp_path / "minicoil.json", FACTS_1)
    facts = read_facts(tmp_path)
    assert (facts.base, facts.pooling, facts.language) == ("", "mean", "en")
    facts.write(tmp_path / "minicoil.json")  # and what is English is written as it was
    assert "language" not in json.loads((tmp_path / "minicoil.json").read_text())
    put_file(tmp_path / "minicoil.json", FACTS_1, version=2)
    with pytest.raises(BundleError, match="has version 2; this program reads 1"):
        read_facts(tmp_path)
