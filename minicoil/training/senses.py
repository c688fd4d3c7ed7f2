"""Sentences of one word grouped by meaning, and how well a layer's few numbers keep such groups apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from minicoil.text import ENGLISH, Language, fold_text

MAX_SENSES = 5
COMPONENTS = 16  # principal directions of the sentences that are clustered; the rest is mostly noise
MIN_GAIN = 0.03  # mean silhouette above that of a cloud of the same shape without groups
MIN_GROUP = 5  # sentences
_WORDS = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True)
class Separation:
    """How far apart a layer holds groups of sentences.

    Attributes:
        apart: Chance in [0, 1] that two sentences of one group are closer by cosine than two of different groups; .5
            means that the layer does not see the groups. None where there is only one group.
        dimension: The number that alone tells the groups apart best, from 0; None with one group.
        explained: Share of that number's variance that lies between the groups, in [0, 1].
    """

    apart: float | None
    dimension: int | None
    explained: float


@dataclass(frozen=True)
class Senses:
    """Sentences of one word grouped by meaning.

    Attributes:
        groups: (n,) int64 group of each sentence, the largest group 0.
        gain: Mean silhouette of the groups above that of a cloud without groups; 0 where there is one group.
    """

    groups: NDArray[np.int64]
    gain: float


def group_senses(role: NDArray[np.float32], seed: int = 17) -> NDArray[np.int64]:
    """(n,) int64 group of each sentence, the largest group 0; all 0 where no grouping is clearly better than one.

    See `find_senses`.
    """
    return find_senses(role, seed).groups


def find_senses(role: NDArray[np.float32], seed: int = 17) -> Senses:
    """The groups of a word's sentences, and how clearly they stand apart.

    Args:
        role: (n, R) float32 unit role-model vectors of sentences with one word.
        seed: Of k-means and of the cloud without groups that it is compared with.

    Source: k-means, the number of groups chosen by mean silhouette; the comparison with a featureless cloud follows
        Tibshirani, Walther and Hastie, "Estimating the number of clusters via the gap statistic" (2001).
    """
    with threadpool_limits(1):  # a few hundred rows: on busy cores threads that wait for each other cost 40 times more
        return _group(role, seed)


def _group(role: NDArray[np.float32], seed: int) -> Senses:
    centred = (role - role.mean(axis=0)).astype(np.float64)
    _, scales, directions = np.linalg.svd(centred, full_matrices=False)
    points = centred @ directions[:COMPONENTS].T
    spread = scales[:COMPONENTS] / np.sqrt(max(len(role), 1))
    cloud = np.random.default_rng(seed).normal(size=points.shape) * spread
    best, best_gain = np.zeros(len(role), dtype=np.int64), MIN_GAIN
    for k in range(2, MAX_SENSES + 1):
        if len(role) < k * MIN_GROUP:
            break
        groups, score = _cluster(points, k, seed)
        gain = score - _cluster(cloud, k, seed)[1]
        if gain > best_gain and np.bincount(groups, minlength=k).min() >= MIN_GROUP:
            best, best_gain = groups, gain
    order = np.argsort(-np.bincount(best), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return Senses(np.asarray(rank[best], dtype=np.int64), best_gain if len(order) > 1 else 0.0)


def _cluster(points: NDArray[np.float64], k: int, seed: int) -> tuple[NDArray[np.int64], float]:
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    groups = KMeans(k, n_init=5, random_state=seed).fit_predict(points)
    return groups.astype(np.int64), float(silhouette_score(points, groups))


def telling_words(
    texts: Sequence[str],
    groups: NDArray[np.int64],
    group: int,
    word: str,
    n: int = 4,
    language: Language = ENGLISH,
) -> list[str]:
    """Words that sentences of a group have and the others have not, the most telling first.

    Ranked by log-odds with a prior of all sentences, over its standard deviation, at most once a stem.

    Source: Monroe, Colaresi and Quinn, "Fightin' Words" (2008).
    """
    inside, outside = Counter[str](), Counter[str]()
    for text, number in zip(texts, groups, strict=True):
        tokens = set(_WORDS.findall(fold_text(text))) - language.stopwords
        found = {token for token in tokens if language.stem(token) != word}
        (inside if number == group else outside).update(found)
    everywhere = inside + outside
    total, prior = sum(everywhere.values()), 10.0
    sizes = (sum(inside.values()), sum(outside.values()))
    scores = {}
    for token, count in inside.items():
        if count < 2:
            continue
        weight = prior * everywhere[token] / total
        odds = [
            (c + weight) / (size + prior - c - weight) for c, size in zip((count, outside[token]), sizes, strict=True)
        ]
        deviation = np.sqrt(1 / (count + weight) + 1 / (outside[token] + weight))
        scores[token] = float((np.log(odds[0]) - np.log(odds[1])) / deviation)
    answer: dict[str, str] = {}
    for token in sorted(scores, key=lambda t: (-scores[t], t)):
        answer.setdefault(language.stem(token), token)
        if len(answer) == n:
            break
    return list(answer.values())


def measure_separation(meanings: NDArray[np.float32], groups: NDArray[np.int64]) -> Separation:
    """How well unit meanings keep groups apart.

    >>> meanings = np.array([[1, 0], [0.99, 0.14], [-1, 0], [-0.99, 0.14]], np.float32)
    >>> measure_separation(meanings, np.array([0, 0, 1, 1]))
    Separation(apart=1.0, dimension=0, explained=1.0)

    Args:
        meanings: (n, d) float32 unit vectors.
        groups: (n,) int64; negative numbers are left out.
    """
    known = groups >= 0
    meanings, groups = meanings[known], groups[known]
    if len(np.unique(groups)) < 2:
        return Separation(None, None, 0.0)
    upper = np.triu_indices(len(groups), 1)
    cosines, same = (meanings @ meanings.T)[upper], (groups[:, None] == groups[None, :])[upper]
    if same.all() or not same.any():
        return Separation(None, None, 0.0)
    explained = _explained(meanings, groups)
    best = int(explained.argmax())
    return Separation(round(_chance_above(cosines, same), 3), best, round(float(explained[best]), 3))


def _chance_above(values: NDArray[np.float32], chosen: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: chance that a chosen value is above another one, ties half."""
    levels, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    n = int(chosen.sum())
    rank_sum = float(middle[index][chosen].sum())
    return (rank_sum - n * (n + 1) / 2) / (n * (len(values) - n)) if len(levels) > 1 else 0.5


def _explained(meanings: NDArray[np.float32], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """(d,) share of each number's variance that lies between groups."""
    values = meanings.astype(np.float64)
    total = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    between = np.zeros(values.shape[1])
    for group in np.unique(groups):
        rows = values[groups == group]
        between += len(rows) * (rows.mean(axis=0) - values.mean(axis=0)) ** 2
    return np.asarray(between / np.maximum(total, 1e-12))
