"""Which texts a new vocabulary changes: a pure function of two vocabularies and a text's tokens."""

from __future__ import annotations

from collections.abc import Iterable

from minicoil.stemming import SPECIAL_TOKENS, STOPWORDS, is_joined, part_stems, stem
from minicoil.vocabulary import Vocabulary


def candidate_keys(old: Vocabulary, new: Vocabulary) -> frozenset[str]:
    """Keys such that a text none of whose `text_keys` is among them has the same vector under both.

    >>> old = Vocabulary.empty(capacity=10)
    >>> new, _ = old.apply({"pod": ["pods"]})
    >>> "pod" in candidate_keys(old, new), "node" in candidate_keys(old, new)
    (True, False)

    A token resolves through itself or through its stem, so a changed resolution shows at one of the two; nothing
    else of a vocabulary takes part in resolving.
    """
    keys = {*old.known_words, *new.known_words, *old.stem_mapping, *new.stem_mapping}
    return frozenset(key for key in keys if _targets(old, key) != _targets(new, key))


def _targets(vocabulary: Vocabulary, key: str) -> tuple[int | None, int | None]:
    word = vocabulary.stem_mapping.get(key)
    return vocabulary.entry_id(key), None if word is None else vocabulary.ids[word]


def is_affected(old: Vocabulary, new: Vocabulary, tokens: Iterable[str]) -> bool:
    """True where a text of these tokens has another vector under `new`.

    Exact: a text's cells are a function of what its tokens resolve to, and ids are never given out twice.
    """
    return any(old.resolve(token) != new.resolve(token) for token in tokens)


def text_keys(tokens: Iterable[str]) -> list[str]:
    """What a point is found by: each token and its stem, and the stems of a symbol-joined token's parts; sorted.

    >>> text_keys(["[CLS]", "the", "pods", "java\u2122", "[SEP]"])
    ['java', 'java\u2122', 'pod', 'pods']
    """
    keys: set[str] = set()
    for token in set(tokens) - STOPWORDS - SPECIAL_TOKENS:
        parts = part_stems(token)
        if parts or is_joined(token):
            keys.update((token, stem(token), *parts))
    return sorted(keys)


def joined_tokens(tokens: Iterable[str]) -> list[str]:
    """The symbol-joined tokens of a text, sorted: those an unknown one of which is cut into parts."""
    return sorted({token for token in tokens if is_joined(token)})
