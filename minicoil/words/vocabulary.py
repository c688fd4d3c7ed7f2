"""The append-only vocabulary: which token owns which word id, and the laws that keep old vectors valid."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from minicoil.errors import BundleError, VocabularyError, VocabularyFullError
from minicoil.files import parse_json, write_json, write_whole
from minicoil.text import MAX_STEM_LENGTH, MEMO_SIZE, STOPWORDS, split_parts, stem
from minicoil.words.entries import FILLER as FILLER, is_fresh, is_live, may_become, tombstone

GAP = 32_000  # FastEmbed's bucket of indices; the hashed cells of unknown words start at a multiple of it
CAPACITY = 40_000  # V + 1 of a fresh model
SYMBOLS = ("\u2122", "\u00ae", "\u00a9", "\u00b0")  # what writers glue to a word and BERT leaves there


@dataclass(frozen=True)
class Vocabulary:
    """Words by id, and the mapping from other tokens to them.

    Attributes:
        words: Entry i has id i + 1; live words, fillers and tombstones.
        stem_mapping: Token or stem -> live word.
        dims: Cells per word.
    """

    words: tuple[str, ...]
    stem_mapping: Mapping[str, str]
    dims: int = 4
    _memo: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.words):
            raise VocabularyError(f"{len(self.words) - len(self.ids)} entries occur twice; every entry must be unique")
        missing = next(iter(set(self.stem_mapping.values()) - self.ids.keys()), None)
        if missing is not None:
            raise VocabularyError(f"stem_mapping leads to '{missing}', which is no entry; FastEmbed would fail on it")

    @staticmethod
    def empty(dims: int = 4, capacity: int = CAPACITY) -> Vocabulary:
        """A vocabulary of fillers only: every text gets plain BM25 cells."""
        return Vocabulary(tuple(f"{FILLER}{i}>" for i in range(1, capacity)), {}, dims)

    @staticmethod
    def read(path: Path, dims: int) -> Vocabulary:
        """The vocabulary file of a model folder, ours or any that FastEmbed loads.

        Raises:
            BundleError: the file is not a vocabulary.
        """
        try:
            document = parse_json(path.read_text("utf-8"))
            words, mapping = tuple(document["vocab"]), document["stem_mapping"]
            if type(mapping) is not dict or not {*map(type, words), *map(type, mapping.values())} <= {str}:
                raise TypeError("an entry is not a string")
            return Vocabulary(words, mapping, dims)
        except (OSError, ValueError, KeyError, TypeError, VocabularyError) as error:
            raise BundleError(f"{path} is not a miniCOIL vocabulary ({error}); copy the folder again") from error

    def write(self, path: Path) -> None:
        """Write the file FastEmbed reads (JSON: `vocab`, `stem_mapping`)."""
        document = {"vocab": self.words, "stem_mapping": dict(sorted(self.stem_mapping.items()))}
        write_whole(path, write_json(document, indent=0))

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
        if None in ids:
            return [self.resolve(token) for token in tokens]
        return ids  # type: ignore[return-value]

    def _resolve(self, token: str) -> int:
        if token in STOPWORDS:
            return 0
        if token in self.ids:
            return self.ids[token]
        word = self.stem_mapping.get(token) or self.stem_mapping.get(stem(token))
        return 0 if word is None else self.ids[word]

    @cached_property
    def known_words(self) -> tuple[str, ...]:
        """Live words in id order."""
        return tuple(word for word in self.words if is_live(word))

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

    @property
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
        """Hex sha256 of entries, mapping and dims."""
        document = [self.dims, self.words, sorted(self.stem_mapping.items())]
        return hashlib.sha256(write_json(document, ascii_only=True).encode()).hexdigest()

    def apply(
        self,
        add: Mapping[str, Sequence[str]] | None = None,
        retrain: Iterable[str] = (),
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
            add: New word (a stem) -> surface forms of the corpus.
            retrain: Live words that get new weights.
            remove: Live words that return to BM25.
            joined_tokens: Symbol-joined tokens present in collections ("pod\u00ae"). Those whose part became a word
                would keep a hashed cell that no query asks for, so they are mapped to the word.

        Raises:
            VocabularyError: a word is a stopword, too long, has a space, is there already, or is not there.
            VocabularyFullError: no id is left.
        """
        return _Change(self).make(add or {}, list(retrain), list(remove), joined_tokens)


class _Change:
    """One step from a vocabulary to the next; keeps the half-made state out of `Vocabulary`."""

    def __init__(self, old: Vocabulary) -> None:
        self.old = old
        self.words = list(old.words)
        self.mapping = dict(old.stem_mapping)
        self.fresh: dict[str, int] = {}
        self.next_filler = next((i for i, w in enumerate(self.words) if is_fresh(w)), len(self.words))
        self.returned = [i for i, w in enumerate(self.words) if w.startswith(FILLER) and not is_fresh(w)]

    def make(
        self, add: Mapping[str, Sequence[str]], retrain: list[str], remove: list[str], joined: Iterable[str]
    ) -> tuple[Vocabulary, dict[str, int]]:
        for word in add:
            check_word(word)
            if self.old.entry_id(word) is not None:
                raise VocabularyError(f"word '{word}' is in the vocabulary already; retrain it instead")
        for word in (*retrain, *remove):
            if self.old.entry_id(word) is None:
                raise VocabularyError(f"word '{word}' is not in the vocabulary; `minicoil words` lists those that are")
        if twice := (set(retrain) & set(remove)):
            raise VocabularyError(f"words {sorted(twice)} are to be retrained and removed at once; choose one")
        touched: set[str] = set()
        for word in remove:
            touched |= self._remove(word)
        for word, forms in add.items():
            touched |= self._add(word, forms)
        for word in retrain:
            touched |= self._make_reachable(word)
        for word in dict.fromkeys((*retrain, *add)):
            self._give_id(word)
        carried = self._carried(touched) - set(remove) - set(self.fresh)
        for word in sorted(carried, key=self.old.ids.__getitem__):
            self._give_id(word)
        self._map_joined(joined)
        return Vocabulary(tuple(self.words), self.mapping, self.old.dims), self.fresh

    def _remove(self, word: str) -> set[str]:
        self._bury(word)
        keys = {key for key, target in self.mapping.items() if target == word}
        for key in keys:
            del self.mapping[key]
        return keys | {word}

    def _make_reachable(self, word: str) -> set[str]:
        """A base may hold entries that no form leads to; new weights would go unused there."""
        if self.mapping.get(word) == word:
            return set()
        self.mapping[word] = word
        return {word}

    def _add(self, word: str, forms: Sequence[str]) -> set[str]:
        keys = {word}
        self.mapping[word] = word
        named = [form for form in forms if stem(form) != word and form not in STOPWORDS]
        joined = [form + symbol for form in {word, *forms} for symbol in SYMBOLS]
        for form in (*named, *joined):
            if form not in self.old.ids and form not in self.mapping:
                self.mapping[form] = word
                keys.add(form)
        return keys

    def _carried(self, keys: set[str]) -> set[str]:
        """Live words that own other tokens than before, for the keys whose meaning changed."""
        new = Vocabulary(tuple(self.words), self.mapping, self.old.dims)
        changed: set[str] = set()
        for key in keys:
            before, after = self.old.resolve(key), new.resolve(key)
            was = self.old.words[before - 1] if before else None
            now = new.words[after - 1] if after else None
            if was != now:
                changed |= {name for name in (was, now) if name is not None and new.entry_id(name)}
            direct = (self.old.stem_mapping.get(key), self.mapping.get(key))
            if direct[0] != direct[1]:
                changed |= {name for name in direct if name is not None and new.entry_id(name)}
        return changed

    def _give_id(self, word: str) -> None:
        if word in self.old.ids and self.words[self.old.ids[word] - 1] == word:
            self._bury(word)
        place = next((i for i in self.returned if may_become(self.words[i], word, self.mapping)), None)
        if place is None:
            while self.next_filler < len(self.words) and not is_fresh(self.words[self.next_filler]):
                self.next_filler += 1
            place = self.next_filler
        if place < len(self.words):
            self.words[place] = word
        elif shift_of(len(self.words) + 1, self.old.dims) == self.old.unknown_shift:
            self.words.append(word)
        else:
            raise VocabularyFullError(
                f"no id is left for '{word}': {len(self.words):,} are given out and one more would move every "
                "unknown word's cell; start a new collection on a larger base"
            )
        self.fresh[word] = place + 1

    def _bury(self, word: str) -> None:
        place = self.old.ids[word]
        self.words[place - 1] = tombstone(place, word)

    def _map_joined(self, joined: Iterable[str]) -> None:
        new = Vocabulary(tuple(self.words), self.mapping, self.old.dims)
        fresh_ids = set(self.fresh.values())
        for token in sorted(set(joined)):
            if new.resolve(token) or len(token) > 200:
                continue
            targets = [new.resolve(part) for part in split_parts(token)]
            target = next((i for i in targets if i in fresh_ids), None)
            if target is not None:
                self.mapping[token] = new.words[target - 1]


def check_word(word: str) -> None:
    """Refuse what can never be an entry.

    Raises:
        VocabularyError: the word is empty, has a space or symbol, is longer than 40 characters, or is or stems to a
            stopword.
    """
    if not word or split_parts(word) != [word]:
        raise VocabularyError(f"'{word}' is not one word; give a single word without spaces or symbols")
    if len(word) > MAX_STEM_LENGTH:
        raise VocabularyError(f"word '{word[:50]}...' has {len(word)} letters; {MAX_STEM_LENGTH} is the most")
    if word in STOPWORDS or stem(word) in STOPWORDS:
        raise VocabularyError(f"word '{word}' is or stems to a stopword, which search leaves out; choose another word")


def shift_of(n_words: int, dims: int) -> int:
    """First index of unknown words for `n_words` entries.

    Source: FastEmbed 0.9.1, `SparseVectorConverter.embedding_to_vector`, whose vocab_size is n_words + 1.
    """
    return ((n_words + 1) * dims // GAP + 2) * GAP
