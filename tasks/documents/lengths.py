"""How long a corpus's texts are: BM25's avg_len, from a sample over all of it, with its spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicoil.sparse import MiniCoil, count_words
from tasks.documents.hash_sample import HashSample

SAMPLE = 2000  # texts; with the usual deviation of about the mean itself, avg_len is right to some 2 %
_SEED = 17
_SHORTEST = 1.0  # a collection of empty texts still divides by it
_TOGETHER = 1024  # texts cut into words at a time


@dataclass(frozen=True)
class TextLengths:
    """Lengths of texts in cleaned words: those that are neither stopwords nor punctuation.

    Attributes:
        mean: To one decimal and at least 1: what becomes avg_len.
        deviation: Standard deviation of the sampled texts.
        n_sampled: Texts that were counted, of `n_texts`.
    """

    mean: float
    deviation: float
    n_sampled: int
    n_texts: int

    @property
    def error(self) -> float:
        """Standard error of the mean; none is left where every text was counted.

        Source: Cochran, "Sampling Techniques" (3rd edition, 1977), 2.22, with the finite population correction.
        """
        if self.n_sampled == 0 or self.n_texts <= 1:
            return 0.0
        unseen = (self.n_texts - self.n_sampled) / (self.n_texts - 1)
        return self.deviation / math.sqrt(self.n_sampled) * math.sqrt(unseen)

    def row(self) -> dict[str, Any]:
        """For answers."""
        return {
            "mean": self.mean,
            "standard_deviation": round(self.deviation, 2),
            "standard_error": round(self.error, 3),
            "n_sampled": self.n_sampled,
            "n_texts": self.n_texts,
        }


class LengthSample:
    """A sample of the texts that pass by: those with the smallest seeded hashes, whatever order they come in.

    Equal texts count as one; the same corpus gives the same sample wherever its files lie. Holds `size` texts.
    """

    def __init__(self, size: int = SAMPLE) -> None:
        self._sample: HashSample[str] = HashSample(size, _SEED, once=True)
        self.n_texts = 0

    def add(self, text: str) -> None:
        """Look at one text."""
        self.n_texts += 1
        self._sample.add(text, "", text)

    def measure(self, model: MiniCoil) -> TextLengths:
        """Lengths of the sampled texts, in the words that the model's vocabulary sees."""
        return _measure(model, self._sample.entries(), self.n_texts)


def measure_lengths(model: MiniCoil, texts: Sequence[str]) -> TextLengths:
    """Lengths of all of some texts."""
    return _measure(model, texts, len(texts))


def _measure(model: MiniCoil, texts: Sequence[str], n_texts: int) -> TextLengths:
    counts = list[int]()
    for start in range(0, len(texts), _TOGETHER):  # a million texts cut at once would take 6 GB
        read = model.tokenizer.tokenize(texts[start : start + _TOGETHER])
        counts += [count_words(text.tokens, model.vocabulary).n_words for text in read]
    return summarise_lengths(counts, n_texts)


def summarise_lengths(counts: Sequence[int], n_texts: int) -> TextLengths:
    """What the lengths of a sample say of all `n_texts` texts."""
    lengths = np.array(counts, dtype=np.float64)
    if not len(lengths):
        return TextLengths(_SHORTEST, 0.0, 0, n_texts)
    deviation = float(np.std(lengths, ddof=1)) if len(lengths) > 1 else 0.0
    return TextLengths(max(round(float(np.mean(lengths)), 1), _SHORTEST), deviation, len(lengths), n_texts)
