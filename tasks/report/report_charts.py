"""Where the marks of a report's drawings stand, for `drawings.html`: intervals as a forest plot, accuracies as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minicoil.retrieval import Difference
from minicoil.words import ENOUGH_GAIN, FrontierRow

_WIDTH, _LEFT, _ROW = 640, 190, 34
_SIDE, _TOP, _FOOT, _HEIGHT = 56, 12, 40, 260  # of a frontier: room for labels, and its own height


@dataclass(frozen=True)
class IntervalMark:
    """One interval: places of its ends and its mean, and what it is of."""

    kind: str
    y: int
    low: float
    mean: float
    high: float
    found: Difference


@dataclass(frozen=True)
class IntervalRow:
    """One set."""

    name: str
    y: int
    marks: tuple[IntervalMark, ...]


@dataclass(frozen=True)
class IntervalChart:
    """A forest plot in its view box; `ticks` are places and labels."""

    height: int
    zero: float
    margin: float
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[IntervalRow, ...]
    width: int = _WIDTH
    left: int = _LEFT


def lay_out_intervals(rows: Sequence[tuple[str, Difference, Difference]], margin: float) -> IntervalChart:
    """One line a set: the change of nDCG@10 against BM25 (dot) and against the parent (ring), with 95 % intervals.

    Args:
        rows: Name, difference to BM25, difference to the parent.
        margin: Loss that the gate still takes for none; drawn as a dashed line.
    """
    ends = [abs(end) for _, *found in rows for entry in found for end in (entry.low, entry.high)]
    reach = max([*ends, 2 * margin]) * 1.1

    def x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - 16) * (value + reach) / (2 * reach)

    laid = []
    for place, (name, bm25, parent) in enumerate(rows):
        middle = 22 + place * _ROW
        marks = tuple(
            IntervalMark(kind, middle + offset, x(found.low), x(found.mean), x(found.high), found)
            for found, offset, kind in ((bm25, -5, "dot"), (parent, 7, "ring"))
        )
        laid.append(IntervalRow(name[:26], middle, marks))
    labelled = ((x(0), "0"), *((x(value), f"{value:+.3f}") for value in (-reach * 0.8, reach * 0.8)))
    return IntervalChart(_ROW * len(rows) + 34, x(0), x(-margin), labelled, tuple(laid))


@dataclass(frozen=True)
class FrontierMark:
    """One prefix of the order, and what it is."""

    x: float
    y: float
    row: FrontierRow


@dataclass(frozen=True)
class FrontierChart:
    """Expected gain against share of points, in its view box; `line` joins the marks, `enough` is at 80 % of it."""

    marks: tuple[FrontierMark, ...]
    line: str
    enough: float
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _SIDE
    bottom: int = _HEIGHT - _FOOT


def lay_out_frontier(rows: Sequence[FrontierRow]) -> FrontierChart | None:
    """Expected gain upwards, share of the points that all would rewrite to the right; None where there is none."""
    if not rows or not rows[-1].n_points:
        return None

    def x(share: float) -> float:
        return _SIDE + (_WIDTH - _SIDE - 24) * share

    def y(share: float) -> float:
        return _HEIGHT - _FOOT - (_HEIGHT - _FOOT - _TOP) * share

    marks = tuple(FrontierMark(x(row.n_points / rows[-1].n_points), y(row.share_of_gain), row) for row in rows)
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py in [(x(0), y(0)), *((mark.x, mark.y) for mark in marks)])
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    across, upward = (tuple((place(share), f"{share:.0%}") for share in shares) for place in (x, y))
    return FrontierChart(marks, line, y(ENOUGH_GAIN), across, upward)


@dataclass(frozen=True)
class Tick:
    """A mark on a bar, in percent of its width."""

    kind: str
    place: float
    label: str


@dataclass(frozen=True)
class AccuracyBar:
    """A share from chance (.5) to 1 as percent of a bar's width, and what it is compared with."""

    value: float
    ticks: tuple[Tick, ...]


def lay_out_accuracy(value: float | None, ceiling: float | None, before: float | None) -> AccuracyBar | None:
    """Ordering accuracy as a bar from chance (.5) to 1, the ceiling a tick, the old layer's value a second one."""
    if value is None:
        return None

    def share(number: float) -> float:
        return max(0.0, min(1.0, (number - 0.5) * 2)) * 100

    named = (("ceiling", "ceiling", ceiling), ("before", "old layer", before))
    ticks = (Tick(kind, share(n), f"{label} {n:.3f}") for kind, label, n in named if n is not None)
    return AccuracyBar(share(value), tuple(ticks))
