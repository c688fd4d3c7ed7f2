"""Points that somebody wrote without this service, or with an older release, are found and brought up to date."""

import uuid

import pytest
from promotions import check_against_encoding_anew, index, serve, stored

from minicoil.sparse.model import MiniCoil
from tasks.catalogue.payload_fields import HASH_FIELD, STAMP_FIELD, UNION_FIELD
from tasks.catalogue.registry import read_collection_record
from tasks.models.bundles import open_model
from tasks.points import Point
from tasks.rewriting.allowance import Allowance
from tasks.rewriting.promotion import contract_channel, promote, sweep_channel
from tasks.rewriting.sweeping import sweep_collection
from tasks.rewriting.verification import verify_collection


def test_a_sweep_takes_points_that_came_past_the_service_or_late(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    contract_channel(place, "production")
    record = read_collection_record(place.objects(), "docs")
    old = MiniCoil.load(open_model(place, 1, "minilm", 4), record.k, record.b, record.avg_len)
    late_text, plain_text = "a late shard of pods", "a stranger's shards"
    late, stranger = (str(uuid.UUID(int=i)) for i in (1, 2))
    (vector,) = old.embed(late_text)
    source = next(iter(stored(points).values()))
    payload = {**source.payload, "text": late_text, "mc_keys": ["late", "pod", "pods", "shard"], STAMP_FIELD: 1}
    points.upsert(
        "docs", [Point(late, {**payload, HASH_FIELD: "h", UNION_FIELD: -1}, {**source.vectors, "minicoil": vector})]
    )
    points.upsert("docs", [Point(stranger, {"text": plain_text, "own": 7}, {})])
    with points as engine:
        assert verify_collection(place, engine, record).n_due == 2
    (row,) = sweep_channel(place, "production")
    assert row["n_rewritten"] == 2
    found = points.get("docs", [stranger])[0].payload
    assert found["own"] == 7 and "shard" in found["mc_keys"] and found[STAMP_FIELD] == 2
    check_against_encoding_anew(place, points, 2)
    assert sweep_channel(place, "production")[0]["n_rewritten"] == 0


@pytest.fixture
def filled(place, points, texts):
    serve(place, 1)
    index(place, points, texts[:30])
    return read_collection_record(place.objects(), "docs")


def test_a_dry_run_counts_and_writes_nothing(place, points, filled):
    points.upsert("docs", [Point(i, {"text": f"a stranger's shards {i}"}, {}) for i in range(5)])
    before = {i: point.payload for i, point in stored(points).items()}
    change = sweep_collection(place, points, filled, dry_run=True)
    assert (change.n_points, change.n_affected, change.n_rewritten) == (35, 5, 0)
    assert {i: point.payload for i, point in stored(points).items()} == before


def test_a_new_text_alone_is_seen_only_by_who_reads_every_text(place, points, filled):
    changed = list(stored(points))[0]
    points.set_payload("docs", [changed], {"text": "universal shards of tables"})
    assert sweep_collection(place, points, filled).n_affected == 0
    assert sweep_collection(place, points, filled, read_all=True).n_rewritten == 1
    assert sweep_collection(place, points, filled, read_all=True).n_affected == 0
    check_against_encoding_anew(place, points, 1)


def test_what_may_not_be_written_yet_is_left_for_the_next_sweep(place, points, filled):
    points.upsert("docs", [Point(i, {"text": f"a stranger's pods {i}"}, {}) for i in range(7)])
    allowance = Allowance(points=3)
    change = sweep_collection(place, points, filled, allowance=allowance)
    assert change.n_rewritten == 3 and change.n_affected == 7 and allowance.is_spent
    assert sweep_collection(place, points, filled).n_rewritten == 4
    check_against_encoding_anew(place, points, 1)


def test_points_without_text_are_nobodys_to_sweep(place, points, filled):
    points.upsert("docs", [Point(1, {"own": 7}, {}), Point(2, {"text": "pods of a stranger"}, {})])
    change = sweep_collection(place, points, filled, read_all=True)
    assert change.n_rewritten == 1 and points.get("docs", [1])[0].payload == {"own": 7}


def test_a_spent_allowance_ends_a_channels_sweep_before_the_next_collection(place, points, filled, texts):
    index(place, points, texts[:10], "more")
    spent = Allowance(points=1)
    spent.spend(1)
    assert sweep_channel(place, "production", allowance=spent) == []
    assert [row["name"] for row in sweep_channel(place, "production")] == ["docs", "more"]
