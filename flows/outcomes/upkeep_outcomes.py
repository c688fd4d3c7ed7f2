"""What the service's own helpers answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.outcomes.outcome import Outcome, Row


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ReapOutcome(Outcome):
    """Of `reap-runs`: the runs whose process is gone, a row each."""

    reaped: Sequence[Row]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class EncodedShardOutcome(Outcome):
    """Of `encode-shard`.

    Attributes:
        result: Key of what it wrote.
        n_sentences: That it encoded; 0 where an earlier run had.
        seconds, cpu_seconds: Of it, and of this process.
    """

    result: str
    n_sentences: int
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TrainedShardOutcome(Outcome):
    """Of `train-shard`.

    Attributes:
        n_words: That it trained.
        seconds, cpu_seconds: Of it, and of this process.
    """

    n_words: int
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ReadShardOutcome(Outcome):
    """Of `read-shard`.

    Attributes:
        n_sentences: That it split or counted; those that an earlier run had are none of them.
        seconds, cpu_seconds: Of it, and of this process.
    """

    n_sentences: int
    seconds: float
    cpu_seconds: float
