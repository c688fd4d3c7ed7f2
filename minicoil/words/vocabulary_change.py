"""One step from a vocabulary to the next: which ids are given out, and which tokens lead to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from minicoil.errors import VocabularyError, VocabularyFullError
from minicoil.text import split_parts, stem
from minicoil.words.entries import FILLER, check_word, is_fresh, may_become, tombstone
from minicoil.words.unknown_words import shift_of

if TYPE_CHECKING:
    from minicoil.words.vocabulary import Vocabulary

SYMBOLS = ("\u2122", "\u00ae", "\u00a9", "\u00b0")  # what writers glue to a word and BERT leaves there


class Change:
    """A step in the making; see `Vocabulary.apply`."""

    def __init__(self, old: Vocabulary) -> None:
        self.old = old
        self.words = list(old.words)
        self.mapping = dict(old.stem_mapping)
        self.fresh: dict[str, int] = {}
        self.next_filler = next((i for i, w in enumerate(self.words) if is_fresh(w)), len(self.words))
        # in other languages tokens of the former word may be the next one's, by a stem that is not the language's own
        english = old.language.is_english
        self.returned = [i for i, w in enumerate(self.words) if english and w.startswith(FILLER) and not is_fresh(w)]

    def make(
        self,
        add: Mapping[str, Sequence[str]],
        retrain: list[str],
        remove: list[str],
        joined: Iterable[str],
        seen: Mapping[str, Sequence[str]],
    ) -> tuple[Vocabulary, dict[str, int]]:
        """The next vocabulary, and every word that got a fresh id; `seen` are forms of words that are retrained."""
        for word in add:
            check_word(word, self.old.language)
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
            touched |= self._list_forms(word, seen.get(word, ()))
        for word in dict.fromkeys((*retrain, *add)):
            self._give_id(word)
        carried = self._carried(touched) - set(remove) - set(self.fresh)
        for word in sorted(carried, key=self.old.ids.__getitem__):
            self._give_id(word)
        self._map_joined(joined)
        return replace(self.old, words=tuple(self.words), stem_mapping=self.mapping, _memo={}), self.fresh

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
        self.mapping[word] = word
        return {word} | self._list_forms(word, (word, *forms))

    def _list_forms(self, word: str, forms: Sequence[str]) -> set[str]:
        keys = set[str]()
        named = [form for form in forms if stem(form) != word and self._may_lead(form)]
        joined = [form + symbol for form in {*forms} for symbol in SYMBOLS]
        for form in (*named, *joined):
            if form not in self.old.ids and (form not in self.mapping or self._is_borrowed(form, word)):
                self.mapping[form] = word
                keys.add(form)
        return keys

    def _may_lead(self, form: str) -> bool:
        language = self.old.language
        # a form whose English stem is a stopword has had no cell by which its points could be found
        return form not in language.stopwords and (language.is_english or bool(language.part_stems(form)))

    def _is_borrowed(self, form: str, word: str) -> bool:
        """Whether a form leads to another word by a stem that is not its language's."""
        language, target = self.old.language, self.mapping[form]
        return not language.is_english and target not in (form, word) and language.stem(form) == word

    def _carried(self, keys: set[str]) -> set[str]:
        """Live words that own other tokens than before, for the keys whose meaning changed."""
        new = replace(self.old, words=tuple(self.words), stem_mapping=self.mapping, _memo={})
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
        new = replace(self.old, words=tuple(self.words), stem_mapping=self.mapping, _memo={})
        fresh_ids = set(self.fresh.values())
        for token in sorted(set(joined)):
            if new.resolve(token) or len(token) > 200:
                continue
            targets = [new.resolve(part) for part in split_parts(token)]
            target = next((i for i in targets if i in fresh_ids), None)
            if target is not None:
                self.mapping[token] = new.words[target - 1]
