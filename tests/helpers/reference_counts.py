"""Counts of words one token at a time: what `minicoil.words.word_counts` must equal, and the baseline of its benchmark."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from minicoil.text.stemming import stem
from minicoil.words.word_counts import BUCKETS, WINDOW, WordUse, is_usable

_FLUSH = 200_000  # tokens counted together


class ReferenceCounts:
    """A running count. Memory follows the number of different words, not the text."""

    def __init__(self) -> None:
        self.n_words = 0
        self.n_documents = 0
        self.n_sentences = 0
        self._tokens: dict[str, int] = {}  # token -> word index, -1 for a token that can be no word
        self._words: dict[str, int] = {}
        self._forms: dict[int, dict[str, int]] = {}
        self._counts = np.zeros(1024, dtype=np.int64)
        self._documents = np.zeros(1024, dtype=np.int64)
        self._sketch = np.zeros((1024, BUCKETS), dtype=np.uint32)
        self._buckets = np.zeros(1024, dtype=np.int64)
        self._waiting: list[int] = []

    def add(self, sentences: Sequence[Sequence[str]]) -> None:
        """Count one document, given as the tokens of its sentences."""
        seen: set[int] = set()
        for tokens in sentences:
            indices = [self._index(token) for token in tokens]
            if "_" in tokens:
                _leave_out_identifiers(tokens, indices)
            self.n_sentences += 1
            self.n_words += sum(token[0].isalnum() for token in tokens if token)
            for token, index in zip(tokens, indices, strict=True):
                if index >= 0:
                    forms = self._forms.setdefault(index, {})
                    forms[token] = forms.get(token, 0) + 1
                    seen.add(index)
            # the gap keeps neighbours from reaching across sentences; stopwords say little about meaning
            self._waiting += [index for index in indices if index >= 0]
            self._waiting += [-1] * WINDOW
        self.n_documents += 1
        if seen:
            self._documents[list(seen)] += 1
        if len(self._waiting) > _FLUSH:
            self._flush()

    def _index(self, token: str) -> int:
        index = self._tokens.get(token)
        if index is None:
            index = self._tokens[token] = self._word_index(stem(token)) if is_usable(token) else -1
        return index

    def _word_index(self, word: str) -> int:
        index = self._words.setdefault(word, len(self._words))
        if index == len(self._counts):
            grown = 2 * index
            self._counts.resize(grown, refcheck=False)
            self._documents.resize(grown, refcheck=False)
            self._buckets.resize(grown, refcheck=False)
            self._sketch.resize((grown, BUCKETS), refcheck=False)
        self._buckets[index] = hashlib.blake2b(word.encode(), digest_size=1).digest()[0] % BUCKETS
        return index

    def _flush(self) -> None:
        run = np.asarray(self._waiting, dtype=np.int64)
        self._waiting = []
        np.add.at(self._counts, run[run >= 0], 1)
        for offset in range(1, WINDOW + 1):
            left, right = run[:-offset], run[offset:]
            both = (left >= 0) & (right >= 0)
            np.add.at(self._sketch, (left[both], self._buckets[right[both]]), 1)
            np.add.at(self._sketch, (right[both], self._buckets[left[both]]), 1)

    def __len__(self) -> int:
        return len(self._words)

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def use(self, word: str) -> WordUse:
        """How the corpus uses a word; a word it does not have has zeros."""
        self._flush()
        return self._use(word)

    def uses(self) -> Iterator[WordUse]:
        """Every word of the corpus, in order of first occurrence."""
        self._flush()
        for word in self._words:
            yield self._use(word)

    def _use(self, word: str) -> WordUse:
        index = self._words.get(word)
        if index is None:
            return WordUse(word, 0, 0, (), 0.0, np.zeros(BUCKETS, dtype=np.float32))
        count = int(self._counts[index])
        forms = tuple(sorted(self._forms.get(index, {}), key=lambda form: (-self._forms[index][form], form)))
        row = self._sketch[index].astype(np.float32)
        total = int(row.sum())
        per_million = 1e6 * count / max(self.n_words, 1)
        return WordUse(word, count, int(self._documents[index]), forms, per_million, row / max(total, 1), total)


def _leave_out_identifiers(tokens: Sequence[str], indices: list[int]) -> None:
    """Mark the parts of a name such as num_workers, which the tokenizer cuts at "_", as no use of a word."""
    for place, token in enumerate(tokens):
        if token == "_":
            indices[max(place - 1, 0)] = -1
            indices[min(place + 1, len(indices) - 1)] = -1
