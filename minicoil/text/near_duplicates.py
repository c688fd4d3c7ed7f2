"""Texts that say nearly the same, found without comparing every pair."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

_WORDS = re.compile(r"\w+")
_PRIME = (1 << 61) - 1
_BANDS, _ROWS = 16, 3  # two texts of overlap .6 share a band with chance .98, two of overlap .2 with .12
_BUCKET = 200  # members of one band compared pairwise; beyond it only with the first of them


def find_near_duplicates(texts: Sequence[str], overlap: float = 0.6, n_words: int = 3) -> NDArray[np.int64]:
    """For every text, the number of the earliest text that it nearly repeats; its own where there is none.

    >>> find_near_duplicates(["a b c d e f", "one two three four", "a b c d e f."]).tolist()
    [0, 1, 0]

    Args:
        texts: Compared by their lowercased words.
        overlap: Jaccard overlap of word sequences from which two are near duplicates.
        n_words: Length of the sequences.

    Source: MinHash with banding, after A. Broder, "On the resemblance and containment of documents" (1997). datasketch
    2.0 with as many bands finds the same groups but for what chance leaves (one of 300 among 1,800 texts) in 2.7 times
    the CPU; other hash functions would change which texts releases were trained on, so these stay.
    """
    shingles = [_shingles(text, n_words) for text in texts]
    leader = np.arange(len(texts), dtype=np.int64)
    if not texts:
        return leader
    rng = np.random.default_rng(1)
    factors = rng.integers(1, 2**31, (_BANDS * _ROWS, 2)).astype(np.uint64)
    signatures = np.stack([_signature(numbers, factors) for numbers in shingles])
    sets = [frozenset(numbers.tolist()) for numbers in shingles]
    for band in range(_BANDS):
        buckets: dict[bytes, list[int]] = {}
        for place, row in enumerate(signatures[:, band * _ROWS : (band + 1) * _ROWS]):
            buckets.setdefault(row.tobytes(), []).append(place)
        for members in buckets.values():
            pairs = combinations(members, 2) if len(members) <= _BUCKET else ((members[0], m) for m in members[1:])
            for one, other in pairs:
                if leader[other] != other:
                    continue
                common = len(sets[one] & sets[other])
                if common >= overlap * (len(sets[one]) + len(sets[other]) - common):
                    leader[other] = leader[one]
    return leader


def _shingles(text: str, n_words: int) -> NDArray[np.uint64]:
    words = _WORDS.findall(text.lower())
    runs = [" ".join(words[i : i + n_words]) for i in range(max(len(words) - n_words + 1, 1))]
    return np.unique(np.asarray([zlib.crc32(run.encode("utf-8", "surrogatepass")) for run in runs], dtype=np.uint64))


def _signature(numbers: NDArray[np.uint64], factors: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # 32-bit numbers times 31-bit factors stay below 2**63
    mixed = (numbers[None, :] * factors[:, :1] + factors[:, 1:]) % np.uint64(_PRIME) * np.uint64(11400714819323198485)
    return np.asarray((mixed >> np.uint64(16)).min(axis=1), dtype=np.uint64)
