"""Drawings of a report: intervals as a forest plot, accuracies as bars. Plain SVG and CSS, no script."""

from __future__ import annotations

import html
from collections.abc import Sequence

from minicoil.harmless import harmless
from minicoil.retrieval import Difference

_WIDTH, _LEFT, _ROW = 640, 190, 34


def draw_intervals(rows: Sequence[tuple[str, Difference, Difference]], margin: float) -> str:
    """One line a set: the change of nDCG@10 against BM25 (dot) and against the parent (ring), with 95 % intervals.

    Args:
        rows: Name, difference to BM25, difference to the parent.
        margin: Loss that the gate still takes for none; drawn as a dashed line.
    """
    ends = [abs(end) for _, *found in rows for entry in found for end in (entry.low, entry.high)]
    reach = max([*ends, 2 * margin]) * 1.1
    height = _ROW * len(rows) + 34

    def x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - 16) * (value + reach) / (2 * reach)

    parts = [
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-label="Change of nDCG at 10 with 95 percent intervals">',
        f'<line class="zero" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="6" y2="{height - 24}"/>',
        f'<line class="margin" x1="{x(-margin):.1f}" x2="{x(-margin):.1f}" y1="6" y2="{height - 24}"/>',
        f'<text class="tick" x="{x(0):.1f}" y="{height - 8}" text-anchor="middle">0</text>',
    ]
    for value in (-reach * 0.8, reach * 0.8):
        parts.append(f'<text class="tick" x="{x(value):.1f}" y="{height - 8}" text-anchor="middle">{value:+.3f}</text>')
    for place, (name, bm25, parent) in enumerate(rows):
        middle, shown = 22 + place * _ROW, html.escape(harmless(name[:26]))
        parts.append(f'<text x="{_LEFT - 12}" y="{middle + 4}" text-anchor="end">{shown}</text>')
        for found, offset, kind in ((bm25, -5, "dot"), (parent, 7, "ring")):
            y = middle + offset
            parts.append(
                f'<line class="{kind}" x1="{x(found.low):.1f}" x2="{x(found.high):.1f}" y1="{y}" y2="{y}"/>'
                f'<circle class="{kind}" cx="{x(found.mean):.1f}" cy="{y}" r="4.5">'
                f"<title>{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}]</title></circle>"
            )
    return "".join([*parts, "</svg>"])


def draw_accuracy(value: float | None, ceiling: float | None, before: float | None) -> str:
    """Ordering accuracy as a bar from chance (.5) to 1, the ceiling a tick, the old layer's value a second one."""
    if value is None:
        return ""

    def share(number: float) -> float:
        return max(0.0, min(1.0, (number - 0.5) * 2)) * 100

    marks = f'<i class="bar" style="width:{share(value):.0f}%"></i>'
    if ceiling is not None:
        marks += f'<i class="tick ceiling" style="left:{share(ceiling):.0f}%" title="ceiling {ceiling:.3f}"></i>'
    if before is not None:
        marks += f'<i class="tick before" style="left:{share(before):.0f}%" title="old layer {before:.3f}"></i>'
    return f'<span class="scale">{marks}</span>'
