"""Where the hashed cells of unknown words begin."""

from __future__ import annotations

GAP = 32_000  # FastEmbed's bucket of indices; the hashed cells of unknown words start at a multiple of it


def shift_of(n_words: int, dims: int) -> int:
    """First index of unknown words for `n_words` entries.

    Source: FastEmbed 0.9.1, `SparseVectorConverter.embedding_to_vector`, whose vocab_size is n_words + 1.
    """
    return ((n_words + 1) * dims // GAP + 2) * GAP
