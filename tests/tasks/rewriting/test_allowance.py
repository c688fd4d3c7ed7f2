"""A budget of points and a window of hours: what is spent pauses a promotion, and the next run goes on where it was."""

import contextlib
import itertools
from datetime import UTC, datetime

import pytest
from local_server import share_server
from qdrant_places import KINDS
from small_service import index, serve

from minicoil.errors import UsageError
from tasks.catalogue.channels import read_channel
from tasks.catalogue.payload_fields import STAMP_FIELD
from tasks.catalogue.registry import open_record
from tasks.place import Place
from tasks.points import PointFilter
from tasks.rewriting.allowance import Allowance, closing_time
from tasks.rewriting.promotion import plan_promotion, promote, sweep_channel
from tasks.rewriting.reencoding import ExpansionOptions
from tasks.rewriting.verification import verify_collection


@pytest.fixture(params=KINDS)
def points(request, place, monkeypatch):
    with contextlib.ExitStack() as stack:
        if request.param != "embedded":
            server = stack.enter_context(share_server(request.param))
            monkeypatch.setattr(Place, "points", lambda self: server)
        yield stack.enter_context(place.points())


def nightly(n):
    return ExpansionOptions(allowance=Allowance(points=n))


def stamped(points, release, name="docs"):
    return points.count(name, PointFilter(equal={STAMP_FIELD: release}))


def test_a_promotion_goes_on_night_after_night_and_writes_each_point_once(place, points, texts, monkeypatch):
    serve(place, 1)
    index(place, points, texts)
    n_affected = plan_promotion(place, "production", 2)[0]["n_affected"]
    written = []
    write = type(points).write_vectors

    def count(self, name, updates, stamp=None):
        done = write(self, name, updates, stamp)
        written.extend(done)
        return done

    monkeypatch.setattr(type(points), "write_vectors", count)
    budget = n_affected // 3 + 1
    for night in (1, 2):
        answer = promote(place, "production", 2, options=nightly(budget))
        assert not answer["promoted"] and answer["behind"] == ["docs"] and answer["reports"] == []
        assert answer["paused"] == f"its budget of {budget:,} points is spent"
        assert answer["collections"][0]["n_rewritten"] == budget and stamped(points, 2) == budget * night
        state = read_channel(place.objects(), "production")
        assert (state.current, state.pending, open_record(place.objects(), "docs").release) == (1, 2, 1)
    answer = promote(place, "production", 2, options=nightly(budget))
    assert answer["promoted"] and answer["paused"] == ""
    assert len(written) == len(set(written)) == n_affected
    assert verify_collection(place, points, open_record(place.objects(), "docs")).is_sound


def test_a_budget_is_of_all_collections_together(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    index(place, points, texts[:100], "others")
    rows = {row["name"]: row["n_affected"] for row in plan_promotion(place, "production", 2)}
    answer = promote(place, "production", 2, options=nightly(rows["docs"] + 5))
    assert [row["n_rewritten"] for row in answer["collections"]] == [rows["docs"], 5]
    assert answer["behind"] == ["others"] and stamped(points, 2, "others") == 5


def test_several_releases_published_meanwhile_cost_one_rewrite_a_point(place, points, texts, monkeypatch):
    """From 1 to 3 at once: those that 2 and 3 both change are written once, and those alike in 1 and 3 not at all."""
    serve(place, 1)
    index(place, points, texts)
    expected = plan_promotion(place, "production", 3)[0]["n_affected"]
    answer = promote(place, "production", 3)
    assert answer["promoted"] and answer["collections"][0]["n_rewritten"] == expected == stamped(points, 3)
    assert stamped(points, 2) == 0


def test_a_sweep_writes_what_is_left_of_the_budget_and_the_next_one_the_rest(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    some = points.get("docs", [p.id for p in points.sample("docs", PointFilter(), 30)], vectors=True)
    for row in some:
        bare = {key: value for key, value in row.payload.items() if key != STAMP_FIELD}
        points.upsert("docs", [type(row)(row.id, bare, row.vectors)])
    (row,) = sweep_channel(place, "production", allowance=Allowance(points=12))
    assert row["n_rewritten"] == 12 and points.count("docs", PointFilter(missing=[STAMP_FIELD])) == 18
    assert sweep_channel(place, "production", allowance=Allowance(points=50))[0]["n_rewritten"] == 18
    spent = Allowance(points=1)
    spent.spend(1)
    assert sweep_channel(place, "production", allowance=spent) == []


def test_outside_its_window_nothing_is_written_and_searches_stay(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    hour = datetime.now(UTC).hour
    shut = f"{(hour + 3) % 24:02}:00-{(hour + 5) % 24:02}:00"
    answer = promote(place, "production", 2, options=ExpansionOptions(allowance=Allowance(window=shut)))
    assert answer["paused"] == f"its window {shut} UTC is over" and stamped(points, 2) == 0
    is_open = f"{(hour - 1) % 24:02}:00-{(hour + 3) % 24:02}:00"
    assert promote(place, "production", 2, options=ExpansionOptions(allowance=Allowance(window=is_open)))["promoted"]


def test_a_window_that_closes_in_the_middle_stops_between_pages(place, points, texts, monkeypatch):
    serve(place, 1)
    index(place, points, texts)
    monkeypatch.setattr("tasks.collections.finding.PAGE", 16)
    looks = itertools.count()
    monkeypatch.setattr(Allowance, "_is_over", property(lambda self: next(looks) > 4))
    answer = promote(place, "production", 2, options=ExpansionOptions(allowance=Allowance(window="22:00-06:00")))
    assert answer["paused"] == "its window 22:00-06:00 UTC is over"
    assert 0 < stamped(points, 2) <= 3 * 16


@pytest.mark.parametrize("window", ["", "22-06", "24:00-06:00", "22:00-06:60", "10:00-10:00", "10:00-11:00 "])
def test_a_window_that_is_none_is_refused(window):
    with pytest.raises(UsageError, match="two times of the day in UTC were expected, as 22:00-06:00"):
        closing_time(window, 0.0)


@pytest.mark.parametrize("points", [0, -1, True, 1.5, float("nan")])
def test_a_budget_that_is_none_is_refused(points):
    with pytest.raises(UsageError, match="points_budget"):
        Allowance(points=points)
