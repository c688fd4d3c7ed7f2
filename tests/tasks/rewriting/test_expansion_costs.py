"""What re-encoding costs follows from counts and measured figures alone."""

import json

import pytest
from hypothesis import given, strategies as st

from minicoil.errors import UsageError
from tasks.rewriting.expansion_costs import CELL_BYTES, POSTING_BYTES, Figures, expansion_costs


def test_twenty_million_points_by_counts_alone():
    """2 of 20 million affected, 28 ms of CPU and 12 ms of wall a point, five cells more, half a million a night."""
    figures = Figures(0.028, 0.012, 64, "a run", 5400.0, 5000.0, cells_per_point=5.0, cells_before=80.0)
    costs = expansion_costs(2_000_000, figures, points_budget=500_000)
    assert costs.cpu_hours == pytest.approx((2e6 * 0.028 + 5000) / 3600)
    assert costs.wall_hours == pytest.approx((2e6 * 0.012 + 5400) / 3600)
    assert costs.postings == 10_000_000 and costs.memory_bytes == 10_000_000 * POSTING_BYTES
    assert costs.disk_bytes == 2_000_000 * 85 * 8 and costs.nights == 4
    slow = expansion_costs(2_000_000, figures, points_per_second=20)
    assert slow.wall_hours == pytest.approx((2e6 / 20 + 5400) / 3600) and slow.nights is None


def test_nothing_affected_costs_what_finding_it_out_cost():
    costs = expansion_costs(0, Figures(0.0, 0.0, 0, "nothing", 36.0, 36.0), points_budget=10)
    assert (costs.cpu_hours, costs.wall_hours, costs.postings, costs.nights) == (0.01, 0.01, 0, 0)


def test_figures_that_are_none_are_refused():
    with pytest.raises(UsageError, match="seconds_per_point"):
        Figures(0.0, float("nan"), 0, "x")


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.floats(0, 1), st.floats(0.1, 1000))
def test_a_pace_never_makes_it_faster_and_nights_hold_all_points(n_affected, budget, seconds, pace):
    figures = Figures(0.01, seconds, 64, "a run", cells_per_point=3, cells_before=10)
    free = expansion_costs(n_affected, figures)
    held = expansion_costs(n_affected, figures, pace, budget)
    assert held.wall_hours >= free.wall_hours and held.wall_hours * 3600 >= n_affected / pace * (1 - 1e-9)
    assert (held.nights - 1) * budget < n_affected <= held.nights * budget or n_affected == held.nights == 0
    assert free.nights is None and held.cpu_hours == free.cpu_hours
    assert (free.postings, free.memory_bytes) == (3 * n_affected, 3 * n_affected * POSTING_BYTES)
    assert free.disk_bytes == 13 * n_affected * CELL_BYTES


def test_a_row_says_what_it_was_computed_from():
    row = expansion_costs(10, Figures(0.5, 0.25, 64, "reports/x.json", 1.0)).row()
    assert json.loads(json.dumps(row)) == row and "figures" not in row
    assert row["computed_from"]["source"] == "reports/x.json" and row["posting_bytes"] == POSTING_BYTES


@pytest.mark.parametrize("field", ["cpu_seconds_per_point", "n_timed", "seconds_finding", "cells_before"])
def test_a_figure_below_nothing_is_refused_by_its_name(field):
    values = {"cpu_seconds_per_point": 0.1, "seconds_per_point": 0.1, "n_timed": 1, "source": "x", field: -1}
    with pytest.raises(UsageError, match=field):
        Figures(**values)
