"""Marks of drawings stand where their numbers say, inside the picture, whatever these are."""

import pytest
from hypothesis import given, strategies as st

from minicoil.retrieval.effectiveness import Difference
from minicoil.words.worth import FrontierRow
from tasks.report.report_charts import lay_out_accuracy, lay_out_frontier, lay_out_intervals


def test_a_frontier_runs_from_nothing_to_all_points_and_all_gain():
    chart = lay_out_frontier([FrontierRow(1, 25, 0.5), FrontierRow(2, 100, 1.0)])
    (x0, y0), (x1, y1), (x2, y2) = (map(float, place.split(",")) for place in chart.line.split())
    assert (x0, y0) == (chart.left, chart.bottom) and x1 - x0 == pytest.approx((x2 - x0) / 4, abs=0.1)
    assert y0 - y1 == pytest.approx((y0 - y2) / 2, abs=0.1) and y2 < chart.enough < y1
    assert lay_out_frontier([]) is None and lay_out_frontier([FrontierRow(1, 0, 1.0)]) is None


ENDS = st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(sorted)


@given(st.lists(st.tuples(st.text(), ENDS, ENDS), max_size=5), st.floats(0.001, 0.1))
def test_every_interval_is_inside_its_plot_and_in_order(rows, margin):
    given_rows = [(name, *(Difference(mean, low, high, 9) for low, mean, high in ends)) for name, *ends in rows]
    chart = lay_out_intervals(given_rows, margin)
    assert chart.left < chart.margin < chart.zero < chart.width
    assert [row.name for row in chart.rows] == [name[:26] for name, *_ in rows]
    for row in chart.rows:
        assert 0 < row.y < chart.height and [mark.kind for mark in row.marks] == ["dot", "ring"]
        for mark in row.marks:
            assert chart.left <= mark.low <= mark.mean <= mark.high <= chart.width
            assert (mark.mean > chart.zero + 1e-9) <= (mark.found.mean > 0)
    middle, low, high = (place for place, _ in chart.ticks)
    assert middle == chart.zero and low < middle < high and chart.ticks[2][1].startswith("+")


def test_a_plot_without_sets_still_has_its_axis():
    chart = lay_out_intervals([], 0.02)
    assert chart.rows == () and [label for _, label in chart.ticks] == ["0", "-0.035", "+0.035"]


@pytest.mark.parametrize(("value", "place"), [(0.5, 0.0), (0.75, 50.0), (1.0, 100.0), (0.3, 0.0)])
def test_an_accuracy_runs_from_chance_to_one(value, place):
    assert lay_out_accuracy(value, None, None).value == place


def test_what_an_accuracy_is_compared_with_is_a_tick_where_it_is_known():
    bar = lay_out_accuracy(0.8, 0.9, 0.45)
    assert [(tick.kind, tick.label) for tick in bar.ticks] == [
        ("ceiling", "ceiling 0.900"),
        ("before", "old layer 0.450"),
    ]
    assert bar.ticks[0].place == pytest.approx(80) and bar.ticks[1].place == 0
    assert lay_out_accuracy(0.8, None, 0.7).ticks[0].kind == "before" and lay_out_accuracy(None, 0.9, 0.7) is None
