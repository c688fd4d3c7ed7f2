"""A live collection of somebody else's adopted in place, over every kind of engine: filled, served, and left again."""

import contextlib
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import replace

import numpy as np
import pytest
from local_server import share_server
from qdrant_client import models
from qdrant_double import QdrantDouble
from qdrant_places import SERVER_KINDS, SERVER_URL

from minicoil.errors import CollectionError, UsageError
from minicoil.sparse.cells import SparseVector
from minicoil.sparse.model import MiniCoil
from tasks.adoption.adopting import adopt_collection, plan_adoption
from tasks.adoption.adoption_plan import AdoptRequest
from tasks.adoption.unadopting import undo_adoption
from tasks.catalogue.adoption import ADDED_FIELDS
from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.catalogue.payload_fields import STAMP_FIELD
from tasks.catalogue.registry import read_collection_record
from tasks.collections.searching import search_collection
from tasks.collections.texts import TextTemplate
from tasks.models.bundles import open_model
from tasks.place import Place
from tasks.points import CollectionSchema, Point, PointFilter
from tasks.qdrant import server_optimising
from tasks.rewriting.promotion import promote, sweep_channel
from tasks.rewriting.reencoding import ExpansionOptions
from tasks.rewriting.verification import verify_collection

TEMPLATE = "{meta.title}\n{body}"
REQUEST = AdoptRequest("docs", "production", TEMPLATE)


@pytest.fixture(autouse=True)
def _without_waiting_for_a_doubles_optimiser(monkeypatch):
    """It rests always; a real server's is looked at a few times more."""
    monkeypatch.setattr(server_optimising, "_POLL_SECONDS", 0.05 if SERVER_URL else 0.0)


@pytest.fixture
def theirs(place, points, texts):
    """Points with a dense vector, nested titles, bodies, and a field with an index of its owner's."""
    serve(place, 1)
    points.ensure("docs", CollectionSchema(dense={"dense": 3}, keyword=("shop",)))
    points.upsert("docs", [theirs_of(i, text) for i, text in enumerate(texts)])
    return points


def theirs_of(i, text):
    title, _, body = text.partition(" ")
    payload = {"meta": {"title": title, "n": i}, "body": body, "shop": f"s{i % 3}"}
    return Point(str(uuid.UUID(int=i + 1)), payload, {"dense": np.array([1, i, 2], np.float32)})


def serve(place, release):
    state = read_channel(place.objects(), "production")
    set_pending(place.objects(), "production", release, state.current)
    move_current(place.objects(), "production", release)


def stored(points, name="docs"):
    return {p.id: p for page in points.scroll(name, vectors=True) for p in page}


def plain(point):
    """All that a point is, for comparing."""
    vectors = {
        name: (v.indices.tolist(), v.values.tolist()) if isinstance(v, SparseVector) else v.tolist()
        for name, v in point.vectors.items()
    }
    return dict(point.payload), vectors


def owners(point):
    """What its owner knows of a point."""
    payload, vectors = plain(point)
    return (
        {name: value for name, value in payload.items() if not name.startswith("mc_")},
        {name: value for name, value in vectors.items() if name == "dense"},
    )


def check_encoded(place, points, release=1, template=TEMPLATE, name="docs"):
    """Every point with text has the vectors that its text says, under the release's cells."""
    record = read_collection_record(place.objects(), name)
    model = MiniCoil.load(open_model(place, release, "minilm", 4), record.k, record.b, record.avg_len)
    texts = TextTemplate(template)
    rows = list(stored(points, name).values())
    for point, vector in zip(rows, model.embed([texts.read(point) for point in rows]), strict=True):
        found = point.vectors[record.vector].as_dict() if record.vector in point.vectors else {}
        expected = vector.as_dict()
        assert found.keys() >= expected.keys(), point
        assert all(abs(found[cell] - value) < 1e-4 for cell, value in expected.items())


def test_a_collection_gets_vectors_in_place_and_nothing_else_of_it_changes(place, theirs, texts):
    before = stored(theirs)
    answer = adopt_collection(place, theirs, REQUEST)
    assert (answer["n_points"], answer["n_written"], answer["n_due"]) == (len(texts), len(texts), 0)
    assert answer["vectors"] == ["minicoil", "bm25"] and answer["n_without_text"] == 0
    now = stored(theirs)
    assert {i: owners(p) for i, p in now.items()} == {i: owners(p) for i, p in before.items()}
    assert all(set(p.payload) - set(before[i].payload) <= set(ADDED_FIELDS) for i, p in now.items())
    check_encoded(place, theirs)
    record = read_collection_record(place.objects(), "docs")
    assert record.adopted.state == "filled" and record.has_owner and record.is_ours
    found = search_collection(place, "docs", "pods", 3, compare=True)
    assert "pod" in found["results"][0]["text"] and found["bm25"]
    again = adopt_collection(place, theirs, replace(REQUEST, text=None))
    assert (again["n_written"], again["n_due"]) == (0, 0)


def test_what_is_adopted_is_promoted_and_swept_like_any_other(place, theirs):
    adopt_collection(place, theirs, REQUEST)
    assert promote(place, "production", 2)["promoted"]
    check_encoded(place, theirs, 2)
    theirs.upsert("docs", [theirs_of(5000, "shards of another text"), theirs_of(3, "locks pods replaced whole")])
    sweep_channel(place, "production")
    check_encoded(place, theirs, 2)
    assert verify_collection(place, theirs, read_collection_record(place.objects(), "docs")).is_sound


def test_undoing_leaves_the_collection_as_it_was(place, theirs):
    theirs.index_fields("docs", CollectionSchema(keyword=("mc_hash",)))  # whoever had that, keeps it
    before, shape = stored(theirs), theirs.describe("docs")
    answer = adopt_collection(place, theirs, REQUEST)
    assert "mc_hash" not in answer["indexes"] and "mc_keys" in answer["indexes"]
    promote(place, "production", 2)
    looked = undo_adoption(place, theirs, "docs", dry_run=True)
    assert looked["n_cleared"] == len(before) and "minicoil" in theirs.describe("docs").sparse
    undone = undo_adoption(place, theirs, "docs")
    assert undone["n_cleared"] == len(before) and undone["vectors"] == ["minicoil", "bm25"]
    after = theirs.describe("docs")
    assert (dict(after.dense), dict(after.sparse), set(after.indexed)) == (
        dict(shape.dense),
        dict(shape.sparse),
        set(shape.indexed),
    )
    assert {i: plain(p) for i, p in stored(theirs).items()} == {i: plain(p) for i, p in before.items()}
    assert read_collection_record(place.objects(), "docs") is None
    with pytest.raises(CollectionError, match="nothing to undo"):
        undo_adoption(place, theirs, "docs")


def test_a_plan_says_what_would_be_added_and_writes_nothing(place, theirs, texts):
    before, shape = stored(theirs), theirs.describe("docs")
    plan = plan_adoption(place, theirs, REQUEST)
    assert plan["dry_run"] and plan["n_due"] == len(texts) and plan["vectors"] == ["minicoil", "bm25"]
    assert plan["seconds_expected"] > 0 and plan["lengths"]["n_texts"] == len(texts)
    assert theirs.describe("docs") == shape and read_collection_record(place.objects(), "docs") is None
    assert {i: plain(p) for i, p in stored(theirs).items()} == {i: plain(p) for i, p in before.items()}


def test_points_without_text_are_counted_and_named_and_taken_up_when_they_have_one(place, theirs, texts):
    bare = [Point(str(uuid.UUID(int=10_000 + i)), {"shop": "s1"}, {"dense": np.ones(3, np.float32)}) for i in range(12)]
    odd = Point(str(uuid.UUID(int=20_000)), {"body": {"not": "text"}}, {"dense": np.ones(3, np.float32)})
    theirs.upsert("docs", [*bare, odd])
    answer = adopt_collection(place, theirs, REQUEST)
    assert (answer["n_written"], answer["n_without_text"], answer["n_due"]) == (len(texts), 13, 0)
    assert len(answer["without_text"]) == 10 and "has no meta.title or body" in answer["without_text"][0]
    theirs.set_payload("docs", [point.id for point in [*bare, odd]], {"body": "pods at last"})
    again = adopt_collection(place, theirs, REQUEST)
    assert (again["n_written"], again["n_without_text"]) == (13, 0)


def test_workers_divide_the_points_and_a_last_run_verifies(place, theirs, texts):
    written = [adopt_collection(place, theirs, REQUEST, ExpansionOptions(part=(i, 3)))["n_written"] for i in range(3)]
    assert sum(written) == len(texts) and all(0.5 < n / (len(texts) / 3) < 1.5 for n in written)
    assert read_collection_record(place.objects(), "docs").adopted.state == "filling"
    assert adopt_collection(place, theirs, REQUEST)["n_written"] == 0
    check_encoded(place, theirs)
    assert read_collection_record(place.objects(), "docs").adopted.state == "filled"


def test_a_worker_that_comes_while_another_begins_takes_up_its_record(place, theirs, monkeypatch):
    from tasks.adoption import adopting

    known, seen = adopting._known, []

    def late(*arguments):
        seen.append(1)
        return None if len(seen) == 1 else known(*arguments)

    adopt_collection(place, theirs, REQUEST, ExpansionOptions(part=(0, 2)))
    monkeypatch.setattr(adopting, "_known", late)
    assert adopt_collection(place, theirs, REQUEST)["n_due"] == 0


def test_a_promotion_in_mid_filling_is_followed(place, theirs, monkeypatch):
    from tasks.collections import filling

    fill, done = filling.fill_points, []

    def fill_and_promote(*arguments):
        written = fill(*arguments)
        if not done:
            done.append(promote(place, "production", 2))
        return written

    monkeypatch.setattr(filling, "PAGE", 50)
    monkeypatch.setattr(filling, "fill_points", fill_and_promote)
    assert adopt_collection(place, theirs, REQUEST)["n_due"] == 0
    assert done[0]["promoted"]
    check_encoded(place, theirs, 2)


def test_search_goes_on_while_points_are_filled(place, theirs, texts, monkeypatch):
    from tasks.collections import filling

    fill, found = filling.fill_points, []

    def fill_and_search(*arguments):
        written = fill(*arguments)
        near = theirs.search("docs", "dense", np.array([1, 5, 2], np.float32), len(texts))
        ours = search_collection(place, "docs", "pods node kernel cells bank", len(texts))["results"]
        found.append((len(near), len(ours)))
        return written

    monkeypatch.setattr(filling, "PAGE", 80)
    monkeypatch.setattr(filling, "fill_points", fill_and_search)
    adopt_collection(place, theirs, REQUEST)
    assert [near for near, _ in found] == [len(texts)] * 3, "the owner's search is as ever"
    assert 0 < found[0][1] < found[1][1] < found[2][1], "ours answers for what is filled"


def test_undoing_in_mid_filling_stops_the_worker_and_leaves_nothing(place, theirs, monkeypatch):
    from tasks.collections import filling

    fill, before = filling.fill_points, stored(theirs)
    done = []

    def fill_and_undo(*arguments):
        written = fill(*arguments)
        if not done:
            done.append(undo_adoption(place, theirs, "docs"))
        return written

    monkeypatch.setattr(filling, "PAGE", 50)
    monkeypatch.setattr(filling, "fill_points", fill_and_undo)
    with pytest.raises(CollectionError):
        adopt_collection(place, theirs, REQUEST)
    assert 0 < done[0]["n_cleared"] < len(before)
    assert {i: plain(p) for i, p in stored(theirs).items()} == {i: plain(p) for i, p in before.items()}


def test_before_any_release_points_get_plain_cells_and_a_first_release_takes_them(place, points, texts):
    points.ensure("docs", CollectionSchema(dense={"dense": 3}))
    points.upsert("docs", [theirs_of(i, text) for i, text in enumerate(texts)])
    assert adopt_collection(place, points, REQUEST)["release"] is None
    check_encoded(place, points, 0)
    promote(place, "production", 1)
    check_encoded(place, points, 1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"text": None}, UsageError, "say where texts are"),
        ({"text": "{absent}"}, CollectionError, "none of 240 points sampled has text .*fields there: body, meta, shop"),
        ({"vector": "dense"}, CollectionError, "has a vector 'dense';.*minicoil rebuild docs docs-2"),
        ({"collection": "nope"}, CollectionError, "'nope' was not found"),
        ({"text": "{title!r}"}, UsageError, "only plain field names"),
    ],
)
def test_what_cannot_be_adopted_is_refused_before_anything_is_written(place, theirs, change, error, message):
    shape = theirs.describe("docs")
    with pytest.raises(error, match=message):
        adopt_collection(place, theirs, replace(REQUEST, **change))
    assert theirs.describe("docs") == shape and read_collection_record(place.objects(), "docs") is None


def test_another_template_than_before_is_refused(place, theirs):
    adopt_collection(place, theirs, REQUEST)
    with pytest.raises(UsageError, match="--text .* not '{body}'.*--undo"):
        adopt_collection(place, theirs, replace(REQUEST, text="{body}"))


def test_points_that_carry_our_fields_already_are_left_alone(place, theirs):
    theirs.set_payload("docs", [str(uuid.UUID(int=9))], {STAMP_FIELD: 4})
    with pytest.raises(CollectionError, match="carries mc_release in its payload"):
        adopt_collection(place, theirs, REQUEST)


@pytest.fixture
def server(place, monkeypatch, request):
    with share_server(request.param) as points:
        monkeypatch.setattr(Place, "points", lambda self: points)
        serve(place, 1)
        yield points


def make_odd(server, texts, **options):
    """Unnamed vectors beside, the owner's own bm25, points with integer ids."""
    server._client.create_collection(
        "docs",
        vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT),
        sparse_vectors_config={"bm25": models.SparseVectorParams()},
        **options,
    )
    rows = [
        models.PointStruct(
            id=i,
            payload={"body": text},
            vector={"": [3.0, 4.0], "bm25": models.SparseVector(indices=[1, 5], values=[1.5, 2.5])},
        )
        for i, text in enumerate(texts)
    ]
    for start in range(0, len(rows), 50):
        server._client.upsert("docs", rows[start : start + 50], wait=True)


@pytest.mark.parametrize("server", SERVER_KINDS, indirect=True)
def test_unnamed_vectors_and_the_owners_own_bm25_stay_as_they_are(place, server, texts):
    make_odd(server, texts)
    before = {i: plain(p) for i, p in stored(server).items()}
    answer = adopt_collection(place, server, replace(REQUEST, text="{body}"))
    assert answer["vectors"] == ["minicoil", "mc_bm25"] and answer["n_written"] == len(texts)
    for point in stored(server).values():
        assert point.vectors[""].tolist() == [3.0, 4.0]
        assert point.vectors["bm25"].as_dict() == {1: 1.5, 5: 2.5}
    check_encoded(place, server, template="{body}")
    assert search_collection(place, "docs", "pods", 3, compare=True)["bm25"]
    undo_adoption(place, server, "docs")
    assert {i: plain(p) for i, p in stored(server).items()} == before
    assert dict(server.describe("docs").sparse) == {"bm25": False}


@pytest.mark.parametrize("server", SERVER_KINDS, indirect=True)
def test_a_collection_is_adopted_and_left_by_its_alias(place, server, texts):
    make_odd(server, texts[:40])
    server.point_alias("live", "docs")
    answer = adopt_collection(place, server, replace(REQUEST, collection="live", text="{body}"))
    assert (answer["collection"], answer["alias"]) == ("docs", "live")
    assert read_collection_record(place.objects(), "docs").adopted.state == "filled"
    assert read_collection_record(place.objects(), "live") is None
    assert undo_adoption(place, server, "live")["collection"] == "docs"


@pytest.mark.parametrize("server", SERVER_KINDS, indirect=True)
def test_a_strict_collection_is_adopted_without_a_setting_changed(place, server, texts):
    strict = models.StrictModeConfig(
        enabled=True,
        unindexed_filtering_retrieve=False,
        unindexed_filtering_update=False,
        max_query_limit=100,
        upsert_max_batchsize=50,
    )
    make_odd(server, texts, strict_mode_config=strict)
    before = {i: plain(p) for i, p in stored(server).items()}
    answer = adopt_collection(place, server, replace(REQUEST, text="{body}"))
    assert (answer["n_written"], answer["n_due"]) == (len(texts), 0)
    check_encoded(place, server, template="{body}")
    undo_adoption(place, server, "docs")
    assert {i: plain(p) for i, p in stored(server).items()} == before


def test_an_older_server_is_told_of_with_the_way_round(place, monkeypatch, texts):
    with QdrantDouble(version="1.17.1") as double, share_server("double", double) as server:
        serve(place, 1)
        make_odd(server, texts[:10])
        with pytest.raises(CollectionError, match=r"1\.18 does: .*`minicoil rebuild docs docs-2 --text '{body}'`"):
            adopt_collection(place, server, replace(REQUEST, text="{body}"))
        assert read_collection_record(place.objects(), "docs") is None


COMMAND = """
import sys
from tasks.adoption.adopting import adopt_collection
from tasks.adoption.adoption_plan import AdoptRequest
from tasks.place import Place
from tasks.rewriting.reencoding import ExpansionOptions
place = Place.at(sys.argv[1], qdrant_url=sys.argv[2] or None)
with place.points() as points:
    adopt_collection(place, points, AdoptRequest("docs", "production", "{meta.title}\\n{body}"), ExpansionOptions(None, 200.0))
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["embedded", "double"])
def test_a_run_that_is_killed_goes_on_where_it_stopped(place, make_texts, kind):
    texts = make_texts(3000)
    with contextlib.ExitStack() as stack:
        double = stack.enter_context(QdrantDouble()) if kind == "double" else None
        place = Place.at(place.home, qdrant_url=double.url if double else None)
        serve(place, 1)
        points = stack.enter_context(place.points())
        points.ensure("docs", CollectionSchema(dense={"dense": 3}, keyword=("shop",)))
        points.upsert("docs", [theirs_of(i, text) for i, text in enumerate(texts)])
        for _ in range(2):
            running = subprocess.Popen([sys.executable, "-c", COMMAND, str(place.home), place.qdrant_url or ""])
            begun = n_done(points)
            while running.poll() is None and n_done(points) < begun + 400:
                time.sleep(0.02)
            running.send_signal(signal.SIGKILL)
            running.wait()
        left = len(texts) - n_done(points)
        assert left > 300
        assert adopt_collection(place, points, replace(REQUEST, text=None))["n_written"] == left
        check_encoded(place, points)


def n_done(points):
    if "minicoil" not in points.describe("docs").sparse:
        return 0
    return points.count("docs") - points.count("docs", PointFilter(missing=[STAMP_FIELD]))
