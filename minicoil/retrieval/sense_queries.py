"""Sense queries: a word with a few neighbours asks for sentences that use it in the same meaning."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from minicoil.problems import Problem
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.text import ENGLISH, Language, cut_snippet, fold_text
from minicoil.training import group_senses, word_seed

SAFE_MARGIN = 0.1  # role-model cosine to the own sense less that to the nearest other one; as wide as a triplet's
NEIGHBOURS = (2, 4)  # words of a query on each side
Among = Literal["held out", "all"]
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class WordSentences:
    """Sentences of one word.

    Attributes:
        word: Vocabulary entry.
        forms: Its surface forms.
        keys: Names of the sentences.
        texts: The sentences.
        role: (n, R) float32 unit role-model vectors.
        held_out: (n,) bool; True where no layer was trained on the sentence.
    """

    word: str
    forms: tuple[str, ...]
    keys: Sequence[int]
    texts: Sequence[str]
    role: NDArray[np.float32]
    held_out: NDArray[np.bool_]


@dataclass(frozen=True)
class _Judged:
    """The sentences of one word: rows whose sense is safe, rows whose sense is open, and rows that ask."""

    source: WordSentences
    senses: NDArray[np.int64]
    safe: NDArray[np.int64]
    open: NDArray[np.int64]
    asking: NDArray[np.int64]


def make_sense_queries(
    name: str,
    words: Sequence[WordSentences],
    per_word: int = 8,
    seed: int = 17,
    among: Among = "held out",
    language: Language = ENGLISH,
) -> RetrievalSet | None:
    """A set whose relevant documents are other sentences with the same meaning of the word; None where none is made.

    Senses are found on all sentences of a word, queries are held-out ones. A sentence is judged only where the role
    model is sure of its sense by `SAFE_MARGIN`; for the queries of its word all others are left out.

    Args:
        name: Of the set.
        words: Candidates; those with one meaning ask nothing.
        per_word: Most queries of one word.
        seed: Of the draw and of the windows' widths.
        among: What is searched: the held-out sentences, or all of which the sense is sure, as in a collection whose own
            text taught the words.
        language: Of the sentences.
    """
    reasons: Counter[str] = Counter()
    judged = [entry for word in words if (entry := _judge(word, among, reasons)) is not None]
    texts = {str(entry.source.keys[row]): entry.source.texts[row] for entry in judged for row in _rows(entry)}
    tokens = {key: set(_WORDS.findall(fold_text(text))) for key, text in texts.items()}
    queries: dict[str, str] = {}
    relevant: dict[str, dict[str, int]] = {}
    left_out: dict[str, frozenset[str]] = {}
    word_of: dict[str, str] = {}
    for entry in judged:
        source = entry.source
        forms = {*source.forms, source.word}
        with_word = {key for key, found in tokens.items() if found & forms or source.word in map(language.stem, found)}
        known = {str(source.keys[row]): int(entry.senses[row]) for row in entry.safe}
        rng = np.random.default_rng(word_seed(source.word, seed, "sense queries"))
        for row in rng.permutation(entry.asking)[:per_word]:
            key = str(source.keys[row])
            window = cut_snippet(source.texts[row], lambda word: word in forms, rng, NEIGHBOURS)  # noqa: B023
            same = {k: 1 for k, sense in known.items() if sense == entry.senses[row] and k != key}
            if window is None or not same:
                reasons["sentences without a window or without a fellow of their sense"] += 1
                continue
            query = f"{source.word}:{key}"
            queries[query], relevant[query], word_of[query] = window, same, source.word
            left_out[query] = frozenset((with_word - set(known)) | {key})
    if not queries:
        return None
    problems = tuple(Problem(reason, n) for reason, n in sorted(reasons.items()))
    return RetrievalSet(name, "sense", texts, queries, relevant, word_of, left_out, problems)


def _rows(entry: _Judged) -> list[int]:
    return [int(row) for row in (*entry.safe, *entry.open)]


def _judge(source: WordSentences, among: Among, reasons: Counter[str]) -> _Judged | None:
    senses = group_senses(source.role)
    n_senses = int(senses.max(initial=0)) + 1
    if n_senses < 2:
        reasons["words with one meaning here"] += 1
        return None
    centres = np.stack([source.role[senses == sense].mean(axis=0) for sense in range(n_senses)])
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
    cosines = source.role @ centres.T
    own = cosines[np.arange(len(senses)), senses]
    cosines[np.arange(len(senses)), senses] = -1.0
    sure = own - cosines.max(axis=1) >= SAFE_MARGIN
    asking = np.flatnonzero(source.held_out & sure)
    safe, unsure = np.flatnonzero(sure), np.zeros(0, np.int64)
    if among == "held out":
        safe, unsure = asking, np.flatnonzero(source.held_out & ~sure)
    if len(np.unique(senses[safe])) < 2:
        reasons["words with too few held-out sentences of a second meaning"] += 1
        return None
    return _Judged(source, senses, safe, unsure, asking)
