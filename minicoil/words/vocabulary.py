"""The append-only vocabulary: which token owns which word id, and the laws that keep old vectors valid."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from minicoil.errors import BundleError, UsageError, VocabularyError
from minicoil.files import parse_json, write_json, write_whole
from minicoil.text import ENGLISH, MEMO_SIZE, Language, open_language, stem
from minicoil.words.entries import FILLER as FILLER, is_live
from minicoil.words.unknown_words import GAP, shift_of
from minicoil.words.vocabulary_change import Change

CAPACITY = 40_000  # V + 1 of a fresh model
_KEPT = 4  # vocabularies that were read, 8 MB each: a release, its parent, and what readers still have


@dataclass(frozen=True)
class Vocabulary:
    """Words by id, and the mapping from other tokens to them.

    Attributes:
        words: Entry i has id i + 1; live words, fillers and tombstones.
        stem_mapping: Token or stem -> live word.
        dims: Cells per word.
        language: Whose words they are. FastEmbed's stemmer is English, so forms that this language's own stemmer brings
            together are keys of `stem_mapping`.
    """

    words: tuple[str, ...]
    stem_mapping: Mapping[str, str]
    dims: int = 4
    language: Language = ENGLISH
    _memo: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.words):
            raise VocabularyError(f"{len(self.words) - len(self.ids)} entries occur twice; every entry must be unique")
        missing = next(iter(set(self.stem_mapping.values()) - self.ids.keys()), None)
        if missing is not None:
            raise VocabularyError(f"stem_mapping leads to '{missing}', which is no entry; FastEmbed would fail on it")

    @staticmethod
    def empty(dims: int = 4, capacity: int = CAPACITY, language: Language = ENGLISH) -> Vocabulary:
        """A vocabulary of fillers only: every text gets plain BM25 cells."""
        return Vocabulary(tuple(f"{FILLER}{i}>" for i in range(1, capacity)), {}, dims, language)

    @staticmethod
    def read(path: Path, dims: int) -> Vocabulary:
        """The vocabulary file of a model folder, ours or any that FastEmbed loads.

        Raises:
            BundleError: the file is not a vocabulary.
        """
        try:
            return _read(path.read_bytes(), dims)
        except (OSError, ValueError, KeyError, TypeError, UsageError, VocabularyError) as error:
            raise BundleError(f"{path} is not a miniCOIL vocabulary ({error}); copy the folder again") from error

    def write(self, path: Path) -> None:
        """Write the file FastEmbed reads (JSON: `vocab`, `stem_mapping`; ours: `language`, where it is not English)."""
        document = {"vocab": self.words, "stem_mapping": dict(sorted(self.stem_mapping.items()))} | self._said
        write_whole(path, write_json(document, indent=0))

    @property
    def _said(self) -> dict[str, str]:
        """What files and digests of all but English say besides: those of English are as they ever were."""
        return {} if self.language.is_english else {"language": self.language.code}

    @cached_property
    def ids(self) -> dict[str, int]:
        """Entry -> id, from 1."""
        return {word: place for place, word in enumerate(self.words, 1)}

    def entry_id(self, word: str) -> int | None:
        """Id of a live word; None where it is not one."""
        return self.ids.get(word) if is_live(word) else None

    def resolve(self, token: str) -> int:
        """Word id of a token, 0 where it is unknown or a stopword.

        >>> vocabulary, ids = Vocabulary.empty(capacity=10).apply({"pod": ["pods"]})
        >>> [vocabulary.resolve(token) for token in ("pod", "pods", "the", "node")]
        [1, 1, 0, 0]

        Source: FastEmbed 0.9.1, `VocabResolver.resolve_tokens`.
        """
        found = self._memo.get(token)
        if found is None:
            if len(self._memo) >= MEMO_SIZE:  # the text may have no end; the memory of its words has one
                self._memo.clear()
            found = self._memo[token] = self._resolve(token)
        return found

    def resolve_all(self, tokens: Sequence[str]) -> list[int]:
        """`resolve` of every token."""
        ids = list(map(self._memo.get, tokens))
        if None in ids:  # of a long text only few are new
            new = {token: self.resolve(token) for token, found in zip(tokens, ids, strict=True) if found is None}
            return [new[token] if found is None else found for token, found in zip(tokens, ids, strict=True)]
        return ids  # type: ignore[return-value]

    def _resolve(self, token: str) -> int:
        if token in self.language.stopwords:
            return 0
        if token in self.ids:
            return self.ids[token]
        word = self.stem_mapping.get(token) or self.stem_mapping.get(stem(token))
        return 0 if word is None else self.ids[word]

    @cached_property
    def known_words(self) -> tuple[str, ...]:
        """Live words in id order."""
        return tuple(filter(is_live, self.words))

    @cached_property
    def unknown_shift(self) -> int:
        """First index of the hashed cells of unknown words; must never move while collections live."""
        return shift_of(len(self.words), self.dims)

    @property
    def ids_left(self) -> int:
        """Ids that can still be given out before the unknown-word shift would move."""
        fillers = sum(word.startswith(FILLER) for word in self.words)
        largest = (self.unknown_shift // GAP - 1) * GAP - 1  # last (V + 1) * d of the same bucket
        return fillers + largest // self.dims - 1 - len(self.words)

    @cached_property
    def n_rows(self) -> int:
        """Rows a stack needs: the highest id ever given out, plus the unused row 0."""
        last = next((i for i in range(len(self.words), 0, -1) if not self.words[i - 1].startswith(FILLER)), 0)
        return last + 1

    @cached_property
    def unreachable(self) -> tuple[str, ...]:
        """Live words that no token resolves to by its stem: entries whose own name is not a stem_mapping key.

        Snowball is not idempotent; a base whose mapping was made from stems of entries has such words.
        """
        return tuple(word for word in self.known_words if self.stem_mapping.get(word) != word)

    @cached_property
    def digest(self) -> str:
        """Hex sha256 of entries, mapping, dims and language."""
        document = [self.dims, self.words, sorted(self.stem_mapping.items()), *self._said.values()]
        return hashlib.sha256(write_json(document, ascii_only=True).encode()).hexdigest()

    def apply(
        self,
        add: Mapping[str, Sequence[str]] | None = None,
        retrain: Mapping[str, Sequence[str]] | Iterable[str] = (),
        remove: Iterable[str] = (),
        joined_tokens: Iterable[str] = (),
    ) -> tuple[Vocabulary, dict[str, int]]:
        """The next vocabulary, and every word that got a fresh id in it.

        A cell is an immutable pair of the tokens that map to it and its weights. So a retrained word gets a fresh
        id, and so does a word that gains or loses tokens through an addition or removal (a takeover): such a word
        is in the answer too, though nobody asked for it; copy its old row to the new id.

        No match of a word of the language disappears. Letters that are only a stem are another matter where stemming
        them again gives a third one: "univers" was hashed as "univ" and moves to the cells of "univers" with it.

        >>> first, _ = Vocabulary.empty(capacity=10).apply({"pod": ["pods"], "node": ["nodes"]})
        >>> second, fresh = first.apply({"shard": ["shards"]}, retrain=["pod"], remove=["node"])
        >>> fresh, second.words[:2]  # ids only append; what had an id before is a tombstone there
        ({'pod': 3, 'shard': 4}, ('<retired 1 pod>', '<retired 2 node>'))

        Args:
            add: New word (a stem) -> surface forms of the corpus, by which alone a word that is not English is found.
            retrain: Live words that get new weights; with forms, if a word that is not English shall gain some.
            remove: Live words that return to BM25.
            joined_tokens: Symbol-joined tokens present in collections ("pod\u00ae"). Those whose part became a word
                would keep a hashed cell that no query asks for, so they are mapped to the word.

        Raises:
            VocabularyError: a word is a stopword, too long, has a space, is there already, or is not there.
            VocabularyFullError: no id is left.
        """
        seen = retrain if isinstance(retrain, Mapping) and not self.language.is_english else {}
        return Change(self).make(add or {}, list(retrain), list(remove), joined_tokens, seen)


@lru_cache(maxsize=_KEPT)
def _read(file: bytes, dims: int) -> Vocabulary:
    """What a file holds; nothing changes a vocabulary, so whoever opens the same release shares it."""
    document = parse_json(file.decode())
    words, mapping, language = tuple(document["vocab"]), document["stem_mapping"], document.get("language", "en")
    if type(mapping) is not dict or not {*map(type, words), *map(type, mapping.values())} <= {str}:
        raise TypeError("an entry is not a string")
    return Vocabulary(words, mapping, dims, open_language(language))
