"""Where the marks of a report's drawings stand, for `drawings.html`: intervals as a forest plot, accuracies as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minicoil.retrieval import Difference

_WIDTH, _LEFT, _ROW = 640, 190, 34


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
