"""Which texts a new vocabulary changes, and where they can be found: pure functions of two vocabularies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from minicoil.sparse.cells import unknown_cell
from minicoil.text import ENGLISH, MAX_STEM_LENGTH, SPECIAL_TOKENS, Language, is_joined, stem
from minicoil.words import Vocabulary


@dataclass(frozen=True)
class Impact:
    """What changes from an old vocabulary to a new one.

    Attributes:
        keys: A text none of whose `text_keys` is among them has the same vector under both.
        cells: Key -> cells, at least one of which every text that the key affects has under the old vocabulary.
        words: Key -> the word that it leads to, in the new vocabulary where it leads to one there.
    """

    keys: frozenset[str]
    cells: Mapping[str, tuple[int, ...]]
    words: Mapping[str, str]

    def by_word(self) -> dict[str, list[str]]:
        """Word -> its keys, both sorted."""
        answer: dict[str, list[str]] = {}
        for key in sorted(self.keys):
            answer.setdefault(self.words[key], []).append(key)
        return dict(sorted(answer.items()))


def find_impact(old: Vocabulary, new: Vocabulary) -> Impact:
    """The impact of a change of vocabulary.

    >>> old = Vocabulary.empty(capacity=10)
    >>> new, _ = old.apply({"pod": ["pods"]})
    >>> impact = find_impact(old, new)
    >>> "pod" in impact.keys, "node" in impact.keys, len(impact.cells["pod"]), impact.words["pod"]
    (True, False, 1, 'pod')

    A token resolves through itself or through its stem, so a changed resolution shows at one of the two; nothing
    else of a vocabulary takes part in resolving.
    """
    candidates = {*old.known_words, *new.known_words, *old.stem_mapping, *new.stem_mapping}
    keys = frozenset(key for key in candidates if _targets(old, key) != _targets(new, key))
    cells = {key: cells_of(old, key) for key in keys}
    return Impact(keys, cells, {key: _word(new, key) or _word(old, key) or key for key in keys})


def _targets(vocabulary: Vocabulary, key: str) -> tuple[int | None, int | None]:
    word = vocabulary.stem_mapping.get(key)
    return vocabulary.entry_id(key), None if word is None else vocabulary.ids[word]


def _word(vocabulary: Vocabulary, key: str) -> str | None:
    return key if vocabulary.entry_id(key) is not None else vocabulary.stem_mapping.get(key)


def cells_of(vocabulary: Vocabulary, key: str) -> tuple[int, ...]:
    """Cells of every token that is `key` or has it as stem: of the word behind it, and hashed where there is none.

    A part of an unknown symbol-joined token may also count for a known word of the same text.
    """
    stems = {key, *vocabulary.language.part_stems(key)}
    ids = {i for name in stems if (i := vocabulary.entry_id(name)) is not None}
    ids |= {i for i in _targets(vocabulary, key) if i is not None}
    blocks = {word_id * vocabulary.dims + j for word_id in ids for j in range(vocabulary.dims)}
    hashed = {unknown_cell(name, vocabulary.unknown_shift) for name in stems if len(name) <= MAX_STEM_LENGTH}
    return tuple(sorted(blocks | hashed))


def is_affected(old: Vocabulary, new: Vocabulary, tokens: Iterable[str]) -> bool:
    """True where a text of these tokens has another vector under `new`.

    Exact: a text's cells are a function of what its tokens resolve to, and no id is given to a word that shares a token
    with its former one.
    """
    return any(old.resolve(token) != new.resolve(token) for token in tokens)


def text_keys(tokens: Iterable[str], language: Language = ENGLISH) -> list[str]:
    """What a point is found by: each token and its stem, and the stems of a symbol-joined token's parts; sorted.

    Stems are FastEmbed's in every language, as those that a token resolves by.

    >>> text_keys(["[CLS]", "the", "pods", "java\u2122", "[SEP]"])
    ['java', 'java\u2122', 'pod', 'pods']
    """
    keys: set[str] = set()
    for token in set(tokens) - language.stopwords - SPECIAL_TOKENS:
        parts = language.part_stems(token)
        if parts or is_joined(token):
            keys.update((token, stem(token), *parts))
    return sorted(keys)


def joined_tokens(tokens: Iterable[str]) -> list[str]:
    """The symbol-joined tokens of a text, sorted: those an unknown one of which is cut into parts."""
    return sorted({token for token in tokens if is_joined(token)})
