"""Others write to a collection while it is adopted: nothing of theirs is lost, and no point keeps cells of another text.

By hand: `MINICOIL_SEEDS=100 MINICOIL_POINTS=5000 pytest tests/tasks/test_adopting_writers.py`; with
MINICOIL_TEST_QDRANT_URL also on a real server.
"""

import os
import random
import threading
from functools import partial
from types import SimpleNamespace

import pytest
from local_server import share_server
from qdrant_client import models
from qdrant_places import SERVER_KINDS, SERVER_URL

from tasks.adoption.adopting import adopt_collection
from tasks.adoption.adoption_plan import AdoptRequest
from tasks.adoption.unadopting import undo_adoption
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.registry import read_collection_record
from tasks.collections import filling
from tasks.collections.texts import open_texts
from tasks.place import Place
from tasks.qdrant import server_optimising
from tasks.rewriting.promotion import sweep_channel
from tasks.rewriting.verification import compare_points


@pytest.fixture(autouse=True)
def _without_waiting_for_a_doubles_optimiser(monkeypatch):
    """It rests always; a real server's is looked at a few times more."""
    monkeypatch.setattr(server_optimising, "_POLL_SECONDS", 0.05 if SERVER_URL else 0.0)


STRICT = models.StrictModeConfig(
    enabled=True, unindexed_filtering_retrieve=False, unindexed_filtering_update=False, upsert_max_batchsize=100
)


class Meddler:
    """A client before some of whose requests somebody else writes to the collection.

    Attributes:
        due: Points that had no stamp when somebody last wrote to them: what they get must be of that text.
    """

    def __init__(self, client, rng, plans):
        self._client, self._rng, self._lock, self.plans = client, rng, threading.Lock(), plans
        self.due: set[int] = set()

    def __getattr__(self, name):
        call = getattr(self._client, name)
        return partial(self._call, call) if callable(call) else call

    @property
    def http(self):
        return SimpleNamespace(client=SimpleNamespace(request=partial(self._call, self._client.http.client.request)))

    def _call(self, call, *args, **options):
        with self._lock:
            while self.plans and self._rng.random() < 0.4:
                self.meddle()
        return call(*args, **options)

    def meddle(self):
        plan = self.plans.pop()
        plan(self._client)
        point = plan.args[0]
        rows = self._client.retrieve("docs", [point], with_payload=["mc_release"])
        self.due = {*self.due, point} if rows and not rows[0].payload else self.due - {point}


def only(point):
    return models.Filter(must=[models.HasIdCondition(has_id=[point])])


def delete(point, owned, text, client):
    del owned[point]
    client.delete("docs", models.PointIdsList(points=[point]), wait=True)


def put(point, owned, payload, client):
    """As a writer does that knows nothing of this service."""
    owned[point] = (payload, [float(point), 1.0])
    row = models.PointStruct(id=point, payload=payload, vector={"dense": owned[point][1]})
    client.upsert("docs", [row], wait=True)


def replace(point, owned, text, client):
    put(point, owned, {"body": text, "n": point}, client)


def put_the_same(point, owned, text, client):
    put(point, owned, owned[point][0], client)


def put_back(point, owned, text, client):
    """Read, changed and written back with all of its payload, ours included, and only its owner's vector."""
    (row,) = client.retrieve("docs", [point], with_payload=True)
    owned[point] = ({**owned[point][0], "seen": text}, owned[point][1])
    payload = {**row.payload, "seen": text}
    client.upsert("docs", [models.PointStruct(id=point, payload=payload, vector={"dense": owned[point][1]})], wait=True)


def set_text_alone(point, owned, text, client):
    owned[point] = ({**owned[point][0], "body": text}, owned[point][1])
    client.set_payload("docs", {"body": text}, only(point), wait=True)


def set_another_field(point, owned, text, client):
    owned[point] = ({**owned[point][0], "seen": text}, owned[point][1])
    client.set_payload("docs", {"seen": text}, only(point), wait=True)


def take_the_text(point, owned, text, client):
    owned[point] = ({k: v for k, v in owned[point][0].items() if k != "body"}, owned[point][1])
    client.delete_payload("docs", ["body"], only(point), wait=True)


def come(point, owned, text, client):
    replace(point + 100_000, owned, text, client)


WAYS = (delete, replace, put_the_same, put_back, set_text_alone, set_another_field, take_the_text, come)


@pytest.mark.parametrize("strict", [None, STRICT], ids=["plain", "strict"])
@pytest.mark.parametrize("kind", SERVER_KINDS)
@pytest.mark.parametrize("seed", range(int(os.environ.get("MINICOIL_SEEDS", "3"))))
def test_a_meddler_at_random_moments_loses_nothing_and_costs_no_point_its_cells(
    place, make_texts, monkeypatch, kind, seed, strict
):
    """A tenth of the points is deleted, replaced or changed while the collection is filled and while it is left."""
    n, rng = int(os.environ.get("MINICOIL_POINTS", "300")), random.Random(seed)
    set_pending(place.objects(), "production", 1, None)
    move_current(place.objects(), "production", 1)
    monkeypatch.setattr(filling, "PAGE", 32)
    with share_server(kind) as points:
        monkeypatch.setattr(Place, "points", lambda self: points)
        owned = fill(points, make_texts(n), strict)
        meddler = Meddler(points._client, rng, plans(owned, rng, n // 10))
        monkeypatch.setattr(points, "_client", meddler)
        n_plans = len(meddler.plans)
        adopt_collection(place, points, AdoptRequest("docs", "production", "{body}"))
        assert len(meddler.plans) < n_plans / 2, "most of it happened meanwhile"
        assert len(meddler.due) > 3
        check_encoded(place, points, lambda point: point.id in meddler.due and "mc_release" in point.payload)
        while meddler.plans:
            meddler.meddle()
        sweep_channel(place, "production")
        check_owned(points, owned)
        check_encoded(place, points)
        meddler.plans += plans(owned, rng, n // 20)
        undo_adoption(place, points, "docs")
        while meddler.plans:
            meddler.meddle()
        check_owned(points, owned, bare=True)


def plans(owned, rng, n):
    some = rng.sample(sorted(i for i in owned if i < 100_000), n)
    texts = [f"{rng.choice(('shards', 'pods and graphs', 'the of', 'music'))} of another text {i}" for i in some]
    return [partial(rng.choice(WAYS), point, owned, text) for point, text in zip(some, texts, strict=True)]


def fill(points, texts, strict):
    """A collection of the texts; what its owner knows of its points, by id."""
    size = models.VectorParams(size=2, distance=models.Distance.DOT)
    points._client.create_collection("docs", vectors_config={"dense": size}, strict_mode_config=strict)
    owned = {i: ({"body": text, "n": i}, [float(i), 1.0]) for i, text in enumerate(texts)}
    rows = [models.PointStruct(id=i, payload=p, vector={"dense": v}) for i, (p, v) in owned.items()]
    for start in range(0, len(rows), 100):
        points._client.upsert("docs", rows[start : start + 100], wait=True)
    return owned


def check_owned(points, owned, bare=False):
    """Everything is there that its owner wrote, as the owner wrote it, and with `bare` nothing else."""
    rows = {point.id: point for page in points.scroll("docs", vectors=True) for point in page}
    kept = {
        i: ({k: v for k, v in p.payload.items() if bare or not k.startswith("mc_")}, p.vectors["dense"].tolist())
        for i, p in rows.items()
    }
    assert kept == owned
    if bare:
        assert all(set(point.vectors) == {"dense"} for point in rows.values())


def check_encoded(place, points, is_meant=lambda point: True):
    """Every point with text, of those that are meant, has the cells that its text says."""
    record = read_collection_record(place.objects(), "docs")
    source = open_texts(record, place.cache)
    rows = [p for page in points.scroll("docs", vectors=True) for p in page if "body" in p.payload and is_meant(p)]
    assert not compare_points(place, record, [(point, source.read(point)) for point in rows])
