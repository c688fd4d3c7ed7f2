"""How a corpus uses its words: counts, documents, surface forms and neighbours, gathered in one pass."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.columns import WordRows
from minicoil.errors import VocabularyError
from minicoil.text import ENGLISH, Language
from minicoil.words.entries import check_word

BUCKETS = 64  # neighbours are counted by hash: enough to tell two contexts apart, 256 bytes a word
WINDOW = 3  # neighbours on each side
_FLUSH = 200_000  # tokens counted together


@dataclass(frozen=True)
class WordUse:
    """One word in one corpus.

    Attributes:
        word: Stem.
        count: Occurrences.
        n_documents: Documents with at least one.
        forms: Surface forms, most frequent first.
        per_million: Occurrences per million words of the corpus.
        neighbours: (BUCKETS,) float32 distribution of hashed neighbour stems, summing to 1, or zeros.
        n_neighbours: How many neighbours that distribution was counted from; 0 where that is not known.
    """

    word: str
    count: int
    n_documents: int
    forms: tuple[str, ...]
    per_million: float
    neighbours: NDArray[np.float32]
    n_neighbours: int = 0


@dataclass(frozen=True)
class CountColumns:
    """All that was counted, as columns: what can be written, and added to other counts.

    Attributes:
        n_documents, n_sentences, n_words: Counted.
        tokens: Words as they are written.
        token_counts: (n_tokens,) int64, occurrences as a form of a vocabulary word.
        words: Stems.
        documents: (n_words,) int64, documents with at least one.
        sketches: (n_words, BUCKETS) uint32, neighbours by bucket.
    """

    n_documents: int
    n_sentences: int
    n_words: int
    tokens: Sequence[str]
    token_counts: NDArray[np.int64]
    words: Sequence[str]
    documents: NDArray[np.int64]
    sketches: NDArray[np.uint32]


class WordCounts:
    """A running count. Memory follows the number of different words, not the text.

    Texts are counted many at a time, as columns: `add_rows` takes thousands of documents, `add` keeps what it is given
    until there is enough of it.

    Args:
        language: Whose stems the forms of a word share.
    """

    def __init__(self, language: Language = ENGLISH) -> None:
        self.language = language
        self.n_documents = 0
        self.n_sentences = 0
        self._n_words = 0
        self._tokens: dict[str, int] = {}
        self._words: dict[str, int] = {}
        self._word_of = np.zeros(1024, np.int32)  # of each token, -1 for one that can be no word
        self._is_counted = np.zeros(1024, bool)  # of each token: whether it counts as a word of the text at all
        self._token_counts = np.zeros(1024, np.int64)
        self._documents = np.zeros(1024, np.int64)
        self._sketch = np.zeros((1024, BUCKETS), np.uint32)
        self._buckets = np.zeros(1024, np.int64)
        self._names: tuple[str, ...] = ()  # of the rows that were counted last, and the number of each
        self._table = np.zeros(0, np.int64)
        self._waiting: list[Sequence[Sequence[str]]] = []
        self._n_waiting = 0
        self._forms: _Forms | None = None

    def add(self, sentences: Sequence[Sequence[str]]) -> None:
        """Count one document, given as the tokens of its sentences."""
        self.n_documents += 1
        self.n_sentences += len(sentences)
        self._waiting.append(sentences)
        self._n_waiting += sum(map(len, sentences))
        if self._n_waiting > _FLUSH:
            self._flush()

    def add_rows(self, rows: WordRows, documents: NDArray[np.int64]) -> None:
        """Count whole documents.

        Args:
            rows: Their words.
            documents: (n_sentences,) the number of each sentence's document; any numbers, each document's own.
        """
        self.n_documents += len(set(documents.tolist()))
        self.n_sentences += rows.n_sentences
        self._count(rows, documents)

    def columns(self) -> CountColumns:
        """All that was counted; views, which counting on changes."""
        self._flush()
        n, m = len(self._tokens), len(self._words)
        return CountColumns(
            self.n_documents,
            self.n_sentences,
            self._n_words,
            list(self._tokens),
            self._token_counts[:n],
            list(self._words),
            self._documents[:m],
            self._sketch[:m],
        )

    def add_columns(self, other: CountColumns) -> None:
        """Add what was counted of other documents; the order in which counts are added changes nothing."""
        self._flush()
        self.n_documents += other.n_documents
        self.n_sentences += other.n_sentences
        self._n_words += other.n_words
        self._add_words([word for word in other.words if word not in self._words])
        words = np.fromiter(map(self._words.__getitem__, other.words), np.int64, len(other.words))
        tokens = self._numbers(other.tokens)
        self._token_counts[tokens] += other.token_counts  # no token is there twice
        self._documents[words] += other.documents
        self._sketch[words] += other.sketches
        self._forms = None

    def _flush(self) -> None:
        waiting, self._waiting, self._n_waiting = self._waiting, [], 0
        if waiting:
            rows = WordRows.of([tokens for sentences in waiting for tokens in sentences])
            self._count(rows, np.repeat(np.arange(len(waiting)), [len(sentences) for sentences in waiting]))

    def _count(self, rows: WordRows, documents: NDArray[np.int64]) -> None:
        if rows.names is not self._names:  # batches of one text share them
            self._names, self._table = rows.names, self._numbers(rows.names)
        table = self._table
        occurrences = np.bincount(rows.numbers, minlength=len(table))
        self._n_words += int(occurrences[self._is_counted[table]].sum()) if len(table) else 0
        local, words = np.unique(self._word_of[table], return_inverse=True)  # numbers of this text's own few words
        if len(local) and local[0] < 0:
            local, words = local[1:], words - 1
        used = words[rows.numbers] if len(table) else np.zeros(0, np.int64)
        if "_" in rows.names:
            used = _leave_out_identifiers(rows, used)
        inside = used >= 0
        used, sentences = used[inside], rows.sentences[inside]
        np.add.at(self._token_counts, table, np.bincount(rows.numbers[inside], minlength=len(table)))
        pairs = np.sort(documents[sentences] * len(local) + used)  # np.unique would hash, five times slower
        first = np.append(pairs[:1] >= 0, pairs[1:] != pairs[:-1])
        self._documents[local] += np.bincount(pairs[first] % max(len(local), 1), minlength=len(local))
        self._count_neighbours(local[used], sentences)
        self._forms = None

    def _count_neighbours(self, words: NDArray[np.int32], sentences: NDArray[np.int32]) -> None:
        """Count for each word the buckets of its neighbours within the sentence; no stopwords here."""
        sketch = self._sketch.reshape(-1)
        rows, buckets = words.astype(np.int64) * BUCKETS, self._buckets[words]
        for offset in range(1, WINDOW + 1):
            both = np.flatnonzero(sentences[:-offset] == sentences[offset:])
            np.add.at(sketch, rows[both] + buckets[both + offset], np.uint32(1))
            np.add.at(sketch, rows[both + offset] + buckets[both], np.uint32(1))

    def _numbers(self, tokens: Sequence[str]) -> NDArray[np.int64]:
        """(n,) number of each token; new ones get the next."""
        found = list(map(self._tokens.get, tokens))
        if None in found:
            new = (token for token, number in zip(tokens, found, strict=True) if number is None)
            self._add_tokens(list(dict.fromkeys(new)))
            found = list(map(self._tokens.get, tokens))
        return np.asarray(found, np.int64)

    def _add_tokens(self, tokens: list[str]) -> None:
        """Number tokens that are not there yet, and the words that they are forms of."""
        first, language = len(self._tokens), self.language
        last = first + len(tokens)
        self._tokens.update(zip(tokens, range(first, last), strict=True))
        for column in (self._word_of, self._is_counted, self._token_counts):
            _grow(column, last)
        places = [place for place, token in enumerate(tokens, first) if _may_be_form(token, language)]
        stems = [language.stem(tokens[place - first]) for place in places]
        # what is there was looked at when its first form came
        self._add_words([stem for stem in dict.fromkeys(stems) if stem not in self._words and _is_word(stem, language)])
        self._word_of[first:last] = -1
        self._word_of[np.asarray(places, np.int64)] = [self._words.get(stem, -1) for stem in stems]
        self._is_counted[first:last] = [token[:1].isalnum() for token in tokens]

    def _add_words(self, words: Sequence[str]) -> None:
        """Number words that are not there yet."""
        first = len(self._words)
        last = first + len(words)
        self._words.update(zip(words, range(first, last), strict=True))
        for column in (self._documents, self._buckets, self._sketch):
            _grow(column, last)
        self._buckets[first:last] = [
            hashlib.blake2b(word.encode(), digest_size=1).digest()[0] % BUCKETS for word in words
        ]

    @property
    def n_words(self) -> int:
        """Words of the text, of every kind."""
        self._flush()
        return self._n_words

    def __len__(self) -> int:
        self._flush()
        return len(self._words)

    def __contains__(self, word: str) -> bool:
        self._flush()
        return word in self._words

    def use(self, word: str) -> WordUse:
        """How the corpus uses a word; a word it does not have has zeros."""
        self._flush()
        return self._use(word)

    def uses(self, min_documents: int = 0) -> Iterator[WordUse]:
        """Every word of at least so many documents of the corpus, in no order to rely on."""
        self._flush()
        for word, index in self._words.items():
            if self._documents[index] >= min_documents:
                yield self._use(word)

    def _use(self, word: str) -> WordUse:
        index = self._words.get(word)
        if index is None:
            return WordUse(word, 0, 0, (), 0.0, np.zeros(BUCKETS, dtype=np.float32))
        if self._forms is None:
            n = len(self._tokens)
            self._forms = _Forms(list(self._tokens), self._word_of[:n], self._token_counts[:n])
        forms, count = self._forms.of(index)
        row = self._sketch[index].astype(np.float32)
        total = int(row.sum())
        per_million = 1e6 * count / max(self._n_words, 1)
        return WordUse(word, count, int(self._documents[index]), forms, per_million, row / max(total, 1), total)


def _grow(column: NDArray[Any], size: int) -> None:
    """Make room in place; a fourth more at once, since half of the memory of all sketches would lie idle else."""
    if size > len(column):
        column.resize((max(size, len(column) * 5 // 4), *column.shape[1:]), refcheck=False)


class _Forms:
    """Tokens by the word that they are forms of."""

    def __init__(self, tokens: list[str], words: NDArray[np.int32], counts: NDArray[np.int64]) -> None:
        self._tokens, self._counts = tokens, counts
        used = np.flatnonzero((words >= 0) & (counts > 0))
        self._order = used[np.argsort(words[used], kind="stable")]
        self._starts = np.searchsorted(words[self._order], np.arange(int(words.max(initial=-1)) + 2))

    def of(self, word: int) -> tuple[tuple[str, ...], int]:
        """Forms of a word, the most frequent first, and how often they occur together."""
        places = self._order[self._starts[word] : self._starts[word + 1]].tolist()
        counted = sorted((-int(self._counts[place]), self._tokens[place]) for place in places)
        return tuple([form for _, form in counted]), -sum(n for n, _ in counted)


def _leave_out_identifiers(rows: WordRows, words: NDArray[np.int64]) -> NDArray[np.int64]:
    """Mark the parts of a name such as num_workers, which the tokenizer cuts at "_", as no use of a word."""
    is_bar, name = np.zeros(len(rows.names), bool), -1
    for _ in range(rows.names.count("_")):
        name = rows.names.index("_", name + 1)
        is_bar[name] = True
    words, places = words.copy(), np.flatnonzero(is_bar[rows.numbers])
    for step in (-1, 1):
        beside = places + step
        inside = (beside >= 0) & (beside < len(words))
        same = rows.sentences[beside[inside]] == rows.sentences[places[inside]]
        words[beside[inside][same]] = -1
    return words


def is_usable(token: str, language: Language = ENGLISH) -> bool:
    """True where a token could be a form of a vocabulary word: letters only, three or more, no stopword.

    The word itself has three letters too: a layer for "op", from "ops", would answer for every "op". English text has
    words of other alphabets, which are of no use to its stemmer; in other languages all letters are.
    """
    return _may_be_form(token, language) and _is_word(language.stem(token), language)


def _may_be_form(token: str, language: Language) -> bool:
    if len(token) < 3 or not token.isalpha() or token in language.stopwords:
        return False
    return token.isascii() if language.is_english else bool(language.part_stems(token))


def _is_word(stem: str, language: Language) -> bool:
    if len(stem) < 3:
        return False
    try:
        check_word(stem, language)
    except VocabularyError:
        return False
    return True
