"""The content words of a text with their embeddings: all that training ever asks of an encoded sentence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minicoil.encoder.token_encoder import EncodedBatch, pool_words
from minicoil.text import TokenizedText

LARGEST = 65504  # of float16


@dataclass(frozen=True)
class ContentWords:
    """One encoded text.

    Attributes:
        tokens: Its distinct tokens that can be a word, in order of first occurrence.
        pieces: (k,) int64 pieces of all occurrences of each.
        embeddings: (k, D) float16 mean over these pieces; the error is a hundredth of what training notices.
        role: (R,) float32 unit role-model vector; (0,) where it was not asked for.
    """

    tokens: tuple[str, ...]
    pieces: NDArray[np.int64]
    embeddings: NDArray[np.float16]
    role: NDArray[np.float32]

    def by_number(self, number_of: Callable[[str], int], wanted: Collection[int]) -> dict[int, NDArray[np.float32]]:
        """(D,) mean embedding of each wanted word: over all pieces of all its forms in the text.

        Args:
            number_of: Token -> number of the word it is a form of.
            wanted: Numbers to look for.
        """
        places: dict[int, list[int]] = {}
        for place, token in enumerate(self.tokens):
            number = number_of(token)
            if number in wanted:
                places.setdefault(number, []).append(place)
        return {number: self._mean(rows) for number, rows in places.items()}

    def _mean(self, rows: list[int]) -> NDArray[np.float32]:
        weights = self.pieces[rows].astype(np.float32)
        return np.asarray(weights @ self.embeddings[rows].astype(np.float32) / weights.sum(), dtype=np.float32)


def pool_content(batch: EncodedBatch, texts: Sequence[TokenizedText], role: NDArray[np.float32]) -> list[ContentWords]:
    """The content words of every text of a batch.

    Args:
        batch: B texts after the forward pass.
        texts: These B texts, in the batch's order.
        role: (B, R) float32 role-model vectors, R may be 0.
    """
    names: list[tuple[str, ...]] = []
    rows, pieces, slots, n_slots = [], [], [], 0
    for row, text in enumerate(texts):
        numbers: dict[str, int] = {}
        for token in text.tokens:
            if token not in numbers and text.language.is_content(token):
                numbers[token] = n_slots + len(numbers)
        by_piece = np.asarray([numbers.get(token, -1) for token in text.tokens], dtype=np.int64)[text.positions]
        found = np.flatnonzero(by_piece >= 0)
        rows.append(np.full(len(found), row))
        pieces.append(found)
        slots.append(by_piece[found])
        names.append(tuple(numbers))
        n_slots += len(numbers)
    slot = np.concatenate(slots)
    means = pool_words(batch.embeddings[np.concatenate(rows), np.concatenate(pieces)], slot, n_slots)
    counts = np.bincount(slot, minlength=n_slots)
    compact = np.clip(means, -LARGEST, LARGEST).astype(np.float16)
    ends = np.cumsum([len(tokens) for tokens in names])[:-1]
    parts = zip(names, np.split(counts, ends), np.split(compact, ends), role, strict=True)
    return [ContentWords(*part) for part in parts]
