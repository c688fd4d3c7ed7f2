"""An extension taken apart: what its new words bring, before any word that was there is retrained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minicoil.words import FILLER, Vocabulary


@dataclass(frozen=True)
class ExtensionSteps:
    """The release between its parent and itself.

    Attributes:
        vocabulary: The release's, with every retrained word under the id, and so the layer, that its parent gave it.
        n_new: Words that the parent did not know.
        n_retrained: Words that both know, by different layers.
    """

    vocabulary: Vocabulary
    n_new: int
    n_retrained: int


def split_extension(parent: Vocabulary, release: Vocabulary, stack: NDArray[np.float32]) -> ExtensionSteps | None:
    """The release with its new words alone; None where it has no new words, or retrained none.

    A word that was retrained and at once gained or lost tokens to a new one keeps its new layer: a cell never changes
    the tokens that map to it, so the old one does not fit the new tokens.

    >>> old, _ = Vocabulary.empty(capacity=10).apply({"pod": ["pods"]})
    >>> new, fresh = old.apply({"shard": []}, retrain=["pod"])
    >>> steps = split_extension(old, new, np.arange(40, dtype=np.float32).reshape(10, 1, 4))
    >>> [(word, old.ids.get(word), steps.vocabulary.ids[word], new.ids[word]) for word in ("pod", "shard")]
    [('pod', 1, 1, 2), ('shard', None, 3, 3)]

    Args:
        parent: What the release grew from.
        release: Its vocabulary.
        stack: (rows, D, d) float32, the release's; holds the parent's rows too.
    """
    known, tokens, old_tokens = set(parent.known_words), _tokens(release), _tokens(parent)
    retrained = [
        word
        for word in release.known_words
        if word in known
        and release.ids[word] != parent.ids[word]
        and tokens.get(word) == old_tokens.get(word)
        and not np.array_equal(stack[release.ids[word]], stack[parent.ids[word]])  # carried: its old row, copied
    ]
    n_new = sum(word not in known for word in release.known_words)
    if not retrained or not n_new:
        return None
    words = list(release.words)
    for word in retrained:
        words[release.ids[word] - 1] = f"{FILLER}{release.ids[word]}>"
        words[parent.ids[word] - 1] = word
    vocabulary = Vocabulary(tuple(words), release.stem_mapping, release.dims, release.language)
    return ExtensionSteps(vocabulary, n_new, len(retrained))


def _tokens(vocabulary: Vocabulary) -> dict[str, set[str]]:
    """Word -> the tokens that lead to it."""
    answer: dict[str, set[str]] = {}
    for token, word in vocabulary.stem_mapping.items():
        answer.setdefault(word, set()).add(token)
    return answer
