"""Known before: what a promotion takes, computed from counts and figures, and held against what it then does."""

import json

import pytest
from qdrant_places import KINDS, open_kind
from small_service import index, serve

from tasks.place import Place
from tasks.rewriting.allowance import Allowance
from tasks.rewriting.promotion import plan_promotion, promote
from tasks.rewriting.reencoding import ExpansionOptions


@pytest.fixture(params=KINDS)
def points(request, place, monkeypatch, tmp_path):
    if request.param == "embedded":
        with place.points() as found:
            yield found
        return
    with open_kind(request.param, tmp_path / "engine") as found:
        monkeypatch.setattr(Place, "points", lambda self: _Shared(found))
        yield found


class _Shared:
    """A server that its users do not close."""

    def __init__(self, points):
        self._points = points

    def __getattr__(self, name):
        return getattr(self._points, name)

    def __enter__(self):
        return self._points

    def __exit__(self, *details):
        pass


def n_cells(points):
    return sum(len(p.vectors["minicoil"].indices) for page in points.scroll("docs", vectors=True) for p in page)


def test_the_cells_that_were_said_are_those_that_come(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    (row,) = plan_promotion(place, "production", 2, options=ExpansionOptions(allowance=Allowance(points=50)))
    costs, given = row["costs"], row["costs"]["computed_from"]
    before = n_cells(points)
    assert json.dumps(costs) and costs["n_affected"] == row["n_affected"] > 64
    assert costs["nights"] == -(-row["n_affected"] // 50)
    assert given["n_timed"] == 64 and "writing is not in it" in given["source"]
    assert given["cpu_seconds_per_point"] > 0 and costs["cpu_hours"] > 0
    promote(place, "production", 2)
    came = n_cells(points) - before
    assert costs["postings"] == pytest.approx(came, rel=0.25)


def test_a_collection_that_was_re_encoded_before_says_how_long_a_point_really_took(place, points, texts, monkeypatch):
    monkeypatch.setattr("tasks.rewriting.expansion_plan._LEAST_WRITTEN", 10)
    serve(place, 1)
    index(place, points, texts)
    answer = promote(place, "production", 2)
    (change,) = answer["collections"]
    given = plan_promotion(place, "production", 3)[0]["costs"]["computed_from"]
    assert given["source"] == answer["reports"][0]
    expected = (change["seconds"] - change["seconds_finding"]) / change["n_rewritten"]
    assert given["seconds_per_point"] == pytest.approx(expected, rel=0.2, abs=1e-3)
    place.objects().write(answer["reports"][0], b"{")  # damaged: the sample says it again
    assert "writing is not in it" in plan_promotion(place, "production", 3)[0]["costs"]["computed_from"]["source"]
