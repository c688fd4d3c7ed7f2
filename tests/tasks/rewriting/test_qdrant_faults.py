"""A Qdrant server that times out, limits, refuses and does half of a batch: re-encoding ends as if it had not."""

import itertools
import json
import os
import random
from collections import Counter
from functools import partial
from types import SimpleNamespace

import httpx
import pytest
from local_server import share_server
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse
from qdrant_places import SERVER_KINDS

from minicoil.errors import CollectionError, EngineUnavailableError
from minicoil.sparse.model import MiniCoil
from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.catalogue.registry import read_collection_record
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import document
from tasks.models.bundles import open_model
from tasks.place import Place
from tasks.qdrant import server_calls
from tasks.readers.confirmation import declare_readers
from tasks.rewriting.promotion import contract_channel, promote
from tasks.rewriting.verification import verify_collection

SEED = int(os.environ.get("MINICOIL_SEED", "6"))
N_FAULTS = int(os.environ.get("MINICOIL_FAULTS", "30"))
REQUEST = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, None)


class FaultyClient:
    """A client some of whose requests fail: before, after, or in the middle of what they do."""

    def __init__(self, client, rng, share):
        self._client, self._rng, self.share = client, rng, share
        self.injected = Counter()

    def __getattr__(self, name):
        call = getattr(self._client, name)
        return partial(self._call, call) if callable(call) else call

    @property
    def http(self):
        request = self._client.http.client.request
        return SimpleNamespace(client=SimpleNamespace(request=partial(self._call, request)))

    def _call(self, call, *args, **options):
        if self._rng.random() >= self.share:
            return call(*args, **options)
        fault = self._rng.choice(("late", "lost", "limited", "busy", "half"))
        self.injected[fault] += 1
        if fault == "limited":
            raise ResourceExhaustedResponse("slow down", self._rng.choice((1, 2)))
        if fault == "busy":
            raise UnexpectedResponse(self._rng.choice((500, 502, 503)), "busy", b"", None)
        if fault == "lost":  # carried out, and nobody hears of it
            call(*args, **options)
        if fault == "half" and "content" in options:
            call(*args, **{**options, "content": half(options["content"])})
        raise ResponseHandlingException(httpx.ReadTimeout("timed out"))


def half(body):
    """A request with half of its points; of several operations, the first one alone."""
    document = json.loads(body)
    rows = document if "points" in document else next(iter(document["operations"][0].values()))
    if "points" in rows:
        rows["points"] = rows["points"][: len(rows["points"]) // 2] or rows["points"]
    document["operations"] = document.get("operations", [])[:1]
    return json.dumps(document)


@pytest.fixture
def waits(monkeypatch):
    found = []
    monkeypatch.setattr("time.sleep", found.append)
    return found


@pytest.fixture(params=SERVER_KINDS)
def server(place, request, monkeypatch):
    with share_server(request.param) as points:
        monkeypatch.setattr(points, "_client", FaultyClient(points._client, random.Random(SEED), 0.0))
        monkeypatch.setattr(Place, "points", lambda self: points)
        set_pending(place.objects(), "production", 1, None)
        move_current(place.objects(), "production", 1)
        yield points
        points._client.share = 0.0


@pytest.fixture
def client(server):
    return server._client


def insist(step):
    """Run a step until it ends well; how often that took. What it may raise meanwhile is one error, that says what to do."""
    for n_runs in range(1, 20):
        try:
            step()
            return n_runs
        except EngineUnavailableError as error:
            assert "try again" in str(error) or "check --qdrant-url" in str(error) or "limits the rate" in str(error)
    raise AssertionError("never")


def test_indexing_and_re_encoding_end_right_whatever_the_server_does(place, server, client, waits, texts):
    documents = [document(f"d{i}", "", text) for i, text in enumerate(texts)]
    client.share = 0.3
    insist(lambda: index_documents(place, server, REQUEST, iter(documents), CorpusReport()))
    declare_readers(place, "production", known=True)  # else no cell would ever go
    for release in itertools.cycle((2, 1)):
        insist(lambda release=release: promote(place, "production", release))
        insist(lambda: contract_channel(place, "production"))
        if release == 2 and client.injected.total() >= N_FAULTS:
            break
    client.share = 0.0
    record = read_collection_record(place.objects(), "docs")
    assert (record.release, record.previous) == (2, None)
    assert verify_collection(place, server, record, n_sample=500).is_sound
    model = MiniCoil.load(open_model(place, 2, "minilm", 4), record.k, record.b, record.avg_len)
    rows = [point for page in server.scroll("docs", vectors=True) for point in page]
    assert sorted(point.payload["text"] for point in rows) == sorted(texts)  # none twice, none lost
    for point, vector in zip(rows, model.embed([point.payload["text"] for point in rows]), strict=True):
        assert set(point.vectors["minicoil"].indices.tolist()) == set(vector.indices.tolist())
    assert {"late", "lost", "limited", "busy", "half"} == set(client.injected)
    assert len(waits) >= N_FAULTS // 2 and len(set(waits)) > len(waits) // 2  # jitter: hardly two waits alike


def test_a_server_that_stays_away_is_one_clear_error_and_the_channel_stays(place, server, client, waits, texts):
    documents = [document(f"d{i}", "", text) for i, text in enumerate(texts[:50])]
    index_documents(place, server, REQUEST, iter(documents), CorpusReport())
    waits.clear()  # those for the optimiser
    client.share = 1.0
    with pytest.raises(EngineUnavailableError):
        promote(place, "production", 2)
    assert len(waits) == server_calls.TRIES - 1 and sum(waits) < 200
    state = read_channel(place.objects(), "production")
    assert (state.current, state.pending) == (1, 2)
    client.share = 0.0
    assert promote(place, "production", 2)["promoted"]


def test_a_full_disk_is_not_waited_for(waits):
    def full():
        raise UnexpectedResponse(500, "", b"Service internal error: No space left on disk", None)

    with pytest.raises(CollectionError, match="No space left"):
        server_calls.call_patiently(full)
    assert not waits
