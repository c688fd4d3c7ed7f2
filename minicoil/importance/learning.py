"""Importance learned: own documents put before their rivals, and how much of that to believe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from minicoil.importance.document_words import FEATURES, DocumentWords
from minicoil.importance.rivals import Contest, Pair, Pool, find_contests, make_pool
from minicoil.importance.weights import CLIP, Importance

BETAS = (0.25, 0.5, 0.75, 1.0)
_DIRECTION_SCALE = 4.0  # unit embeddings have small coordinates: so scaled, one learning rate fits all inputs
_STEPS, _RATE, _L2 = 60, 0.01, 3e-3
_LOG_TEMPERATURE, _TEMPERATURE_RATE = -0.7, 0.05  # t = .5, about right for scores of BM25
_DEPTH = 10


@dataclass(frozen=True)
class Learned:
    """What was learned, and what it does for queries that took no part.

    Attributes:
        importance: The weights.
        n_taught, n_judged: Contests of each half.
        plain, weighed: (n_judged,) float64 nDCG@10 of the judging half's own documents among their rivals, by BM25 and
            by BM25 x importance.
        margins: (n_judged,) float64, by how much ln(own score / best rival's score) grows; it still moves where titles
            are so easy that nearly every own document is first anyway.
        by_beta: Beta -> mean nDCG@10 of the teaching half, each fold judged by what the other one taught.
    """

    importance: Importance
    n_taught: int
    n_judged: int
    plain: NDArray[np.float64] = field(repr=False)
    weighed: NDArray[np.float64] = field(repr=False)
    margins: NDArray[np.float64] = field(repr=False)
    by_beta: dict[float, float]

    @property
    def gain(self) -> float:
        """Mean change of nDCG@10 on the judging half."""
        return float((self.weighed - self.plain).mean()) if self.n_judged else 0.0

    @property
    def error(self) -> float:
        """Standard error of the gain."""
        return _error(self.weighed - self.plain)

    @property
    def margin(self) -> float:
        """Mean of `margins`."""
        return float(self.margins.mean()) if self.n_judged else 0.0

    @property
    def helps(self) -> bool:
        """Whether own documents of the judging half get ahead by more than chance, and rank no worse."""
        return self.gain >= 0 and self.margin > 2 * _error(self.margins)


def learn_importance(
    documents: Sequence[DocumentWords],
    teaching: Sequence[Pair],
    judging: Sequence[Pair],
    progress: Callable[[int], None] | None = None,
) -> Learned:
    """Importance by softmax of the own document's score among its rivals', cross-entropy, Adam, and L2.

        score(q, d) = sum over words w of q in d of  IDF(w) tf_bm25(w, d) weight(w, d)
        loss = -log softmax(t score(q, .))[own document] + L2 |v|^2           u = (4 v_1..D, v_D+1..)

    with beta 1, and t learned beside. Beta is then the one of `BETAS` by which two folds of the teaching half rank
    best, each by the vector that the other one taught; the last vector learns from both. Every step sees
    every contest: no chance takes part.

    Args:
        documents: All of them: those that are asked for, and rivals. Near duplicates are left out, because a query
            would have two right answers.
        teaching: Queries that teach, and their documents.
        judging: Others, which only judge.
        progress: Told of each of the three trainings when it is done.

    Raises:
        ValueError: there is nothing to learn from.
    """
    pool = make_pool(documents)
    taught, judged = find_contests(pool, teaching), find_contests(pool, judging)
    if len(taught) < 2:
        raise ValueError(f"{len(taught)} contests to learn importance from; 2 are the fewest")
    told = progress or (lambda _: None)
    folds = taught[::2], taught[1::2]
    means = dict.fromkeys(BETAS, 0.0)
    for fold, other in (folds, folds[::-1]):
        vector = _learn(pool, fold)
        for beta in BETAS:
            means[beta] += float(_judge(pool, other, Importance(vector, beta)).sum()) / len(taught)
        told(1)
    importance = Importance(_learn(pool, taught), max(BETAS, key=lambda beta: (round(means[beta], 4), -beta)))
    told(1)
    (plain, before), (weighed, after) = (_look(pool, judged, which) for which in (None, importance))
    return Learned(importance, len(taught), len(judged), plain, weighed, after - before, means)


def _error(values: NDArray[np.float64]) -> float:
    """Standard error of a mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("inf")


def _learn(pool: Pool, contests: Sequence[Contest]) -> NDArray[np.float32]:
    """(D + 3,) float32 vector."""
    flat = _Flat.of(contests)
    scale = np.ones(pool.inputs.shape[1], dtype=np.float32)
    scale[: -len(FEATURES)] = _DIRECTION_SCALE
    learned = np.zeros(len(scale) + 1)  # the last one is ln t
    learned[-1] = _LOG_TEMPERATURE
    first, second = np.zeros_like(learned), np.zeros_like(learned)
    rates = np.append(np.full(len(scale), _RATE), _TEMPERATURE_RATE)
    for step in range(1, _STEPS + 1):
        slope = _slope(pool, flat, learned, scale)
        first += 0.1 * (slope - first)
        second += 0.001 * (slope**2 - second)
        learned -= rates * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return np.asarray(learned[:-1] * scale, dtype=np.float32)


@dataclass(frozen=True)
class _Flat:
    """All contests one after the other: candidates in one row each, entries with the row that they add to.

    Attributes:
        starts: (n,) int64 row of each contest's own document.
        owners: (C,) int64 contest of each row.
        rows, entries: (R,) int64.
    """

    starts: NDArray[np.int64]
    owners: NDArray[np.int64]
    rows: NDArray[np.int64]
    entries: NDArray[np.int64]

    @staticmethod
    def of(contests: Sequence[Contest]) -> _Flat:
        sizes = np.asarray([contest.n_candidates for contest in contests], dtype=np.int64)
        starts = np.cumsum(sizes) - sizes
        rows = np.concatenate([start + c.candidates for start, c in zip(starts, contests, strict=True)])
        return _Flat(
            starts, np.repeat(np.arange(len(sizes)), sizes), rows, np.concatenate([c.entries for c in contests])
        )


def _slope(pool: Pool, flat: _Flat, learned: NDArray[np.float64], scale: NDArray[np.float32]) -> NDArray[np.float64]:
    """(D + 4,) gradient of the loss by v and ln t."""
    owners, sizes = pool.owners, np.maximum(np.diff(pool.offsets), 1)
    z = pool.inputs @ (learned[:-1].astype(np.float32) * scale)
    weights = np.exp(np.clip(z, -CLIP, CLIP).astype(np.float64))
    weights /= (np.bincount(owners, weights, len(pool)) / sizes)[owners]
    temperature = np.exp(learned[-1])
    scores = np.bincount(flat.rows, (pool.base * weights)[flat.entries], len(flat.owners)) * temperature
    best = np.maximum.reduceat(scores, flat.starts)
    share = np.exp(scores - best[flat.owners])
    share /= np.add.reduceat(share, flat.starts)[flat.owners]
    share[flat.starts] -= 1  # softmax less the right answer
    by_score = share / len(flat.starts)
    by_weight = np.bincount(flat.entries, (by_score * temperature)[flat.rows], len(pool.base)) * pool.base
    pull = by_weight * weights  # what a document's words gain together, its mean takes back
    by_z = pull - weights * (np.bincount(owners, pull, len(pool)) / sizes)[owners]
    by_z[np.abs(z) >= CLIP] = 0.0
    by_vector = (by_z.astype(np.float32) @ pool.inputs) * scale
    return np.append(by_vector + 2 * _L2 * learned[:-1], float(by_score @ scores))


def _judge(pool: Pool, contests: Sequence[Contest], importance: Importance | None) -> NDArray[np.float64]:
    """(n,) float64 nDCG@10 of each own document among its rivals."""
    return _look(pool, contests, importance)[0]


def _look(
    pool: Pool, contests: Sequence[Contest], importance: Importance | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) float64 nDCG@10 of each own document among its rivals, of equals the rival first; and ln of its lead."""
    values = pool.base
    if importance is not None:
        weights = np.exp(importance.beta * importance.scores(pool.inputs))
        sums = np.bincount(pool.owners, weights, len(pool))
        values = values * weights / (sums / np.maximum(np.diff(pool.offsets), 1))[pool.owners]
    answer, leads = np.zeros(len(contests)), np.zeros(len(contests))
    for number, contest in enumerate(contests):
        scores = np.bincount(contest.candidates, values[contest.entries], contest.n_candidates)
        rank = 1 + int(np.count_nonzero(scores[1:] >= scores[0]))
        answer[number] = 1 / np.log2(1 + rank) if rank <= _DEPTH else 0.0
        leads[number] = np.log(scores[0] / scores[1:].max())
    return answer, leads
