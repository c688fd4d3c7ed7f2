"""Pooled words of a text: all that vectors of it under any release, now or later, are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from minicoil.encoder.token_encoder import sum_words
from minicoil.text import TokenizedText


@dataclass(frozen=True)
class PooledWords:
    """Words of one text, each with its pieces' float32 embeddings summed up; the mean of a word is `means`.

    Sums and not means, because the forms of one entry ("pod", "pods") are one word: their sums add up.

    Attributes:
        tokens: Distinct tokens, in order of first occurrence.
        pieces: (k,) int32 pieces of all occurrences of each.
        counts: (k,) int32 occurrences of each.
        firsts: (k,) int32 place of the first occurrence among the text's tokens, specials included.
        sums: (k, D) float32 over these pieces.
        dense: (D,) float32 unit sentence vector; (0,) where it was not asked for.
    """

    tokens: tuple[str, ...]
    pieces: NDArray[np.int32]
    counts: NDArray[np.int32]
    firsts: NDArray[np.int32]
    sums: NDArray[np.float32]
    dense: NDArray[np.float32]

    @property
    def means(self) -> NDArray[np.float32]:
        """(k, D) float32 mean embedding of each token."""
        return np.asarray(self.sums / self.pieces[:, None].astype(np.float32), dtype=np.float32)

    @property
    def size_bytes(self) -> int:
        """Of its arrays and tokens."""
        arrays = (self.pieces, self.counts, self.firsts, self.sums, self.dense)
        return sum(array.nbytes for array in arrays) + sum(map(len, self.tokens))


class PooledMemory(Protocol):
    """Pooled words by the names of texts, see `entry_key`; whatever it does not have is computed again."""

    def find(self, keys: Sequence[bytes]) -> Mapping[bytes, PooledWords]:
        """Those of the texts that are known."""

    def takes(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of the texts that would be kept, if they were offered."""

    def offer(self, entries: Mapping[bytes, PooledWords]) -> None:
        """Texts that were just encoded; which of them are kept is the memory's affair."""

    def settle(self) -> None:
        """Everything offered is where others find it, or given up."""


def entry_key(kind: bytes, text: TokenizedText) -> bytes:
    """16 bytes that name a text as it is encoded by one encoder."""
    return hashlib.blake2b(text.ids.tobytes(), digest_size=16, key=kind).digest()


def content_pieces(text: TokenizedText, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """(P,) ascending places of all pieces of content words, and of the tokens that pieces `wanted` belong to."""
    keep = np.fromiter(map(text.language.is_content, text.tokens), dtype=np.bool_, count=len(text.tokens))
    keep[text.positions[wanted]] = True
    return np.flatnonzero(keep[text.positions])


def pool_texts(
    texts: Sequence[TokenizedText],
    pieces: Sequence[NDArray[np.int64]],
    embeddings: NDArray[np.float32],
    dense: NDArray[np.float32] | None = None,
) -> list[PooledWords]:
    """The pooled words of every text of a batch.

    Args:
        texts: B of them.
        pieces: For each the places of its P_b pieces, all pieces of whatever tokens they belong to.
        embeddings: (P, D) float32 of these pieces, text by text.
        dense: (B, D) float32 sentence vectors, if asked for.
    """
    names: list[tuple[str, ...]] = []
    slots, counts, firsts, n_slots = [], list[int](), list[int](), 0
    for text, places in zip(texts, pieces, strict=True):
        numbers: dict[str, int] = {}
        at = text.positions[places]
        words = np.unique(at)
        slot_of = np.zeros(len(text.tokens), dtype=np.int64)
        for word in words.tolist():
            token = text.tokens[word]
            slot = numbers.get(token)
            if slot is None:
                slot = numbers[token] = n_slots + len(numbers)
                counts.append(0)
                firsts.append(word)
            counts[slot] += 1
            slot_of[word] = slot
        slots.append(slot_of[at])
        names.append(tuple(numbers))
        n_slots += len(numbers)
    flat = np.concatenate([*slots, np.zeros(0, np.int64)])
    sums = sum_words(embeddings, flat, n_slots)
    n_pieces = np.bincount(flat, minlength=n_slots).astype(np.int32)
    times, begins = np.asarray(counts, dtype=np.int32), np.asarray(firsts, dtype=np.int32)
    answer, start = [], 0
    nothing = np.zeros(0, dtype=np.float32)
    for place, tokens in enumerate(names):
        rows = slice(start, start + len(tokens))
        sentence = nothing if dense is None else dense[place]
        answer.append(PooledWords(tokens, n_pieces[rows], times[rows], begins[rows], sums[rows], sentence))
        start += len(tokens)
    return answer


def in_chunks(places: Sequence[int], size: int) -> Iterator[list[int]]:
    """Lists of at most `size` places."""
    return (list(places[start : start + size]) for start in range(0, len(places), size))
