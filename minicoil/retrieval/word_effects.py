"""What each word's meaning did to retrieval: every query ranked once more with that word alone back on BM25."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from minicoil.retrieval.effectiveness import DEPTH, Difference, difference, measure
from minicoil.retrieval.exact_index import ExactIndex, best
from minicoil.retrieval.ranking_order import tie_order
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.sparse import Term

Effects = Mapping[tuple[str, str], float]  # (query, word) -> nDCG@10 with the word's meaning, less without it


@dataclass(frozen=True)
class WordEffect:
    """What a word's meaning does to retrieval: nDCG@10 with it, less nDCG@10 with the word on BM25.

    Attributes:
        total: Sum of the changes over its queries.
        interval: Mean change per query, over the queries that have the word.
    """

    word: str
    total: float
    interval: Difference


def measure_words(
    data: RetrievalSet, queries: Sequence[Sequence[Term]], release: ExactIndex, plain: ExactIndex, names: Sequence[str]
) -> Effects:
    """(Query, word) -> nDCG@10 less what it would be if that word alone were back on BM25.

    Args:
        data: The set.
        queries: The terms of each of its queries.
        release: Documents under the release.
        plain: The same documents as plain BM25.
        names: Their ids.
    """
    run: dict[str, list[str]] = {}
    relevant: dict[str, Mapping[str, float]] = {}
    keys: dict[str, tuple[str, str]] = {}
    ties = tie_order(names)
    for query, terms in zip(data.queries, queries, strict=True):
        if not any(term.is_known for term in terms):
            continue
        judged = np.asarray([name not in data.left_out.get(query, frozenset()) for name in names])
        parts = [release.contribution(term.cells) for term in terms]
        whole = np.sum([scores for scores, _ in parts], axis=0)
        matched = np.any([there for _, there in parts], axis=0) & judged
        variants = {"": (whole, matched)}
        for term, (scores, _) in zip(terms, parts, strict=True):
            if term.is_known:
                without, there = plain.contribution(term.plain)
                variants[term.word] = (whole - scores + without, matched | (there & judged))
        for word, (scores, there) in variants.items():
            key = f"{query}\0{word}"
            keys[key] = (query, word)
            relevant[key] = data.relevant[query]
            run[key] = [names[place] for place in best(scores, there, DEPTH, ties).places]
    if not keys:
        return {}
    values = dict(zip(relevant, measure(relevant, run)["ndcg@10"].tolist(), strict=True))
    return {(query, word): values[f"{query}\0"] - values[key] for key, (query, word) in keys.items() if word}


def group_effects(effects: Effects, seed: int) -> tuple[WordEffect, ...]:
    """Effects by word, the one that costs most first."""
    by_word: dict[str, list[float]] = {}
    for (_, word), effect in effects.items():
        by_word.setdefault(word, []).append(effect)
    rows = [
        WordEffect(word, float(sum(values)), difference(np.asarray(values), np.zeros(len(values)), seed))
        for word, values in by_word.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.total, row.word)))
