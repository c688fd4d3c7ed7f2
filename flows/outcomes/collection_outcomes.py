"""What flows answer that fill, adopt or rebuild a collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.outcomes.outcome import Row, TimedOutcome
from flows.outcomes.shown_parts import show_problems
from flows.screen import say, shown


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CollectionOutcome(TimedOutcome):
    """Of a flow that leaves one collection with vectors of a release.

    Attributes:
        collection: Its name.
        n_points: In it now.
        release: Whose vectors it has; None: plain BM25.
        k, b, avg_len: Of its BM25, fixed at its creation.
    """

    collection: str
    n_points: int
    release: int | None
    k: float
    b: float
    avg_len: float


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class IndexOutcome(CollectionOutcome):
    """Of `index-collection`.

    Attributes:
        n_written, n_skipped, n_deleted: Points that were new or changed, that were as they are, that CORPUS lacks.
        n_clashes: Texts whose id another one has.
        lengths: Measured for avg_len, where this run measured it.
        importance: Digest of what its words are weighed by, fixed too; None: all count alike.
        unusable: What could not be used: `reason`, `n`, `examples`.
        mended: What was made of a damaged record, where it was.
    """

    n_written: int
    n_skipped: int
    n_deleted: int
    n_clashes: int
    unusable: Sequence[Row]
    importance: str | None = None
    lengths: Row | None = None
    mended: Row | None = None

    def show(self) -> None:
        """Counts, settings, and what could not be used."""
        say(
            f"{shown(self.collection)}: {self.n_points:,} points; {self.n_written:,} written, "
            f"{self.n_skipped:,} unchanged; k={self.k}, b={self.b}, avg_len={self.avg_len:.1f}"
            f"{describe_lengths(self.lengths)}{describe_importance(self.importance)}"
        )
        if self.mended:
            say(shown(self.mended["message"]))
        show_problems(self.unusable)


def describe_importance(digest: str | None) -> str:
    """By what words are weighed, behind other settings; nothing where all count alike."""
    return f", importance {digest[:12]}" if digest else ""


def describe_lengths(lengths: Mapping[str, Any] | None) -> str:
    """How sure a measured mean length is, behind the number itself; nothing where none was measured."""
    if lengths is None:
        return ""
    return (
        f" +- {lengths['standard_error']:.1f} (measured on {lengths['n_sampled']:,} of {lengths['n_texts']:,} texts, "
        f"standard deviation {lengths['standard_deviation']:.1f})"
    )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class AttachOutcome(CollectionOutcome):
    """Of `attach-collection`.

    Attributes:
        n_compared, n_matching: Points looked at, and those whose vectors are what the release makes of their text.
        current: Release that the channel serves.
        optimizer: What the server's optimiser is set to.
    """

    n_compared: int
    n_matching: int
    current: int | None
    optimizer: Row


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class RebuildOutcome(TimedOutcome):
    """Of `rebuild-collection`: of a copy, or of an alias that was led back to where the copy came from.

    Attributes:
        collection: The copy, or where the alias leads again.
        n_points: In it now.
        release: Whose vectors it has; None: none of this service's.
        alias: Pointed to it.
        k, b, avg_len, importance: Of the copy, fixed at its creation.
        n_written, n_deleted, n_without_text: Points of the copy, that its source lost meanwhile, that have no text.
        verification: How the copy was found to be right.
    """

    collection: str
    n_points: int
    release: int | None = None
    alias: str | None = None
    k: float | None = None
    b: float | None = None
    avg_len: float | None = None
    importance: str | None = None
    n_written: int | None = None
    n_deleted: int | None = None
    n_without_text: int | None = None
    verification: Row | None = None
