"""What re-encoding costs, from counts and measured figures alone: hours, postings, memory, nights."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from minicoil.files import NotNegative, Positive, Size, check_numbers

# A posting in Qdrant's sparse index in memory: id of the point, weight, largest weight behind it, four bytes each.
# Source: Qdrant 1.18, lib/sparse, `PostingElementEx`. The index on disk packs them closer.
POSTING_BYTES = 12
CELL_BYTES = 8  # of a stored vector: index and value


@dataclass(frozen=True)
class Figures:
    """What was measured.

    Attributes:
        cpu_seconds_per_point: Of this program, encoding a point's text; `n_timed` texts were timed.
        seconds_per_point: Wall time of encoding and writing a point; `source` says where that was measured.
        seconds_finding, cpu_seconds_finding: Of finding the affected points.
        cells_per_point: Cells that a point has more, as long as both releases are readable.
        cells_before: Cells that it has now.
    """

    cpu_seconds_per_point: NotNegative
    seconds_per_point: NotNegative
    n_timed: Size
    source: str
    seconds_finding: NotNegative = 0.0
    cpu_seconds_finding: NotNegative = 0.0
    cells_per_point: NotNegative = 0.0
    cells_before: NotNegative = 0.0

    def __post_init__(self) -> None:
        check_numbers(self)


@dataclass(frozen=True)
class ExpansionCosts:
    """What writing `n_affected` points takes.

    Attributes:
        cpu_hours: Of this program; the engine's own work is not in it.
        wall_hours: One worker, at the pace that was asked for; `--part` divides it.
        postings: More in the sparse index until contraction.
        memory_bytes: Of these, in an index in memory.
        disk_bytes: Vectors written once more, until the optimiser clears away the old ones.
        nights: Runs it takes with the points budget; None without one.
    """

    n_affected: int
    cpu_hours: float
    wall_hours: float
    postings: int
    memory_bytes: int
    disk_bytes: int
    nights: int | None
    figures: Figures = field(repr=False)

    def row(self) -> dict[str, Any]:
        """For answers."""
        facts = {key: value for key, value in asdict(self).items() if key != "figures"}
        return {**facts, "posting_bytes": POSTING_BYTES, "computed_from": asdict(self.figures)}


def expansion_costs(
    n_affected: int,
    figures: Figures,
    points_per_second: Positive | None = None,
    points_budget: int | None = None,
) -> ExpansionCosts:
    """The costs of re-encoding so many points.

    >>> figures = Figures(0.03, 0.02, 64, "a sample", seconds_finding=600, cells_per_point=6, cells_before=100)
    >>> costs = expansion_costs(2_000_000, figures, points_per_second=40, points_budget=500_000)
    >>> round(costs.cpu_hours, 1), round(costs.wall_hours, 1), costs.postings, costs.memory_bytes, costs.nights
    (16.7, 14.1, 12000000, 144000000, 4)

    Args:
        n_affected: Points whose vectors change.
        figures: What was measured.
        points_per_second: The most that may be written.
        points_budget: The most that one run may write.
    """
    seconds = n_affected * figures.seconds_per_point
    if points_per_second:
        seconds = max(seconds, n_affected / points_per_second)
    postings = round(n_affected * figures.cells_per_point)
    written = n_affected * (figures.cells_before + figures.cells_per_point)
    return ExpansionCosts(
        n_affected,
        (figures.cpu_seconds_finding + n_affected * figures.cpu_seconds_per_point) / 3600,
        (figures.seconds_finding + seconds) / 3600,
        postings,
        postings * POSTING_BYTES,
        round(written * CELL_BYTES),
        math.ceil(n_affected / points_budget) if points_budget else None,
        figures,
    )
