"""Whole words of many sentences at once: the tokenizer's own, without its search for word pieces.

WordPiece cuts a word into pieces which are then joined again (`tokens`), so for most text the words are what
the normaliser and the pre-tokenizer leave. The pieces matter for a word that has none (it becomes "[UNK]"), for one too
long to be searched, for literal special tokens such as "[MASK]", and where a text is cut at the encoder's limit: of
each distinct word the first two are asked once, and sentences with the others go through the tokenizer whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from minicoil.columns.plain_characters import PlainCharacters
from minicoil.columns.plain_words import are_letters, cut_plain_words
from minicoil.columns.utf8_columns import TextBytes, as_column, find_rare_characters, find_words
from minicoil.files import parse_json
from minicoil.text import PREFIX, WordTokenizer

_MEMO = 2**18  # distinct words whose pieces are remembered
_GAP = 10  # a line break
_NONE = np.zeros(0, np.int32)


@dataclass(frozen=True)
class WordRows:
    """Words of sentences, one after the other.

    >>> rows = WordRows(("a", "pod"), np.array([0, 1, 1], np.int32), np.array([0, 0, 1], np.int32), 2)
    >>> rows.words()
    [['a', 'pod'], ['pod']]

    Attributes:
        names: Words; the same one may stand at two places.
        numbers: (n,) int32, for each word of the text its place in `names`.
        sentences: (n,) int32, the sentence it stands in; those of one sentence follow each other.
        n_sentences: How many there are, those without a word included.
    """

    names: tuple[str, ...]
    numbers: NDArray[np.int32]
    sentences: NDArray[np.int32]
    n_sentences: int

    @staticmethod
    def of(sentences: Sequence[Sequence[str]]) -> WordRows:
        """From the words of each sentence."""
        words = [word for sentence in sentences for word in sentence]
        names, numbers = _distinct(pa.array(words, pa.string()))
        return WordRows(
            tuple(names.to_pylist()), numbers, _places([len(s) for s in sentences]).astype(np.int32), len(sentences)
        )

    def words(self) -> list[list[str]]:
        """The words of each sentence."""
        found: list[list[str]] = [[] for _ in range(self.n_sentences)]
        for sentence, number in zip(self.sentences.tolist(), self.numbers.tolist(), strict=True):
            found[sentence].append(self.names[number])
        return found


@dataclass(frozen=True)
class _Cut:
    """A batch on its way.

    Attributes:
        words: Pyarrow string arrays that follow each other, together (n_words,).
        owners: (n_words,) int32, the sentence of each.
        exact: (n_sentences,) bool, those that only the whole tokenizer can judge, as far as is known.
        may_be_long: (n_sentences,) bool, those that may have more pieces than the encoder reads.
    """

    words: tuple[Any, ...]
    owners: NDArray[np.int32]
    exact: NDArray[np.bool_]
    may_be_long: NDArray[np.bool_]


class RowTokenizer:
    """The words of many sentences, equal to what `WordTokenizer.tokenize` gives for each.

    Args:
        tokenizer: Whose words, in its `language`.
    """

    def __init__(self, tokenizer: WordTokenizer) -> None:
        self._exact, self.language = tokenizer, tokenizer.language
        backend = self._backend = tokenizer.backend
        document = parse_json(backend.to_str())
        self._kinds = [(document.get(part) or {}).get("type") for part in ("normalizer", "pre_tokenizer")]
        normaliser = document.get("normalizer") or {}
        self._lowers = bool(normaliser.get("lowercase"))
        self._reads_bytes = self._kinds == ["BertNormalizer", "BertPreTokenizer"]
        vocabulary = backend.get_vocab(with_added_tokens=False)
        letters = "abcdefghijklmnopqrstuvwxyz0123456789" + ("" if self._lowers else "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        self._spells = all(c in vocabulary and PREFIX + c in vocabulary for c in letters)
        self._longest = int(document["model"].get("max_input_chars_per_word", 100))
        self._room = tokenizer.max_length - backend.num_special_tokens_to_add(False)
        added = [token.content for token in backend.get_added_tokens_decoder().values()]
        self._literals = {form for token in added for form in (token.lower(), tokenizer.fold(token).lower()) if form}
        self._are_ascii = all(literal.isascii() for literal in self._literals)
        self._words_to_find = [literal.encode() for literal in self._literals if literal.isascii()]
        self._pieces: dict[str, tuple[str, int] | None] = {}
        # a literal is looked for in what the normaliser leaves, which has no characters beside ASCII then
        self._plain_characters = PlainCharacters(tokenizer) if self._reads_bytes and self._are_ascii else None

    def tokenize(self, sentences: Any) -> WordRows:
        """Words of every sentence.

        Args:
            sentences: A sequence of text or a pyarrow string array. Without line breaks, as
                `minicoil.text.sentences.split_sentences` gives them; one with a break is taken through the tokenizer
                whole.
        """
        return self.tokenize_each([sentences])[0]

    def tokenize_each(self, batches: Sequence[Any]) -> list[WordRows]:
        """Words of several batches of sentences, all with the same `names`, which whoever reads them looks up once.

        Args:
            batches: As `tokenize` takes one; what cutting takes beside the words follows the largest of them.
        """
        columns = [as_column(batch) for batch in batches]
        cuts = [self._cut_batch(column) for column in columns]
        dictionary, numbers = _distinct(pa.chunked_array([part for cut in cuts for part in cut.words], pa.string()))
        firsts = np.cumsum([0, *map(len, columns)])  # the sentences of all batches are numbered on
        owners = np.concatenate([_NONE, *(cut.owners + np.int32(firsts[i]) for i, cut in enumerate(cuts))])
        exact = np.concatenate([_NONE.astype(bool), *(cut.exact for cut in cuts)])
        may_be_long = np.concatenate([_NONE.astype(bool), *(cut.may_be_long for cut in cuts)])
        names = self._check(dictionary, numbers, owners, may_be_long, exact)
        del owners
        parts, first_word = [], 0
        for column, cut, first in zip(columns, cuts, firsts, strict=False):
            judged = exact[first : first + len(column)]
            own = numbers[first_word : first_word + len(cut.owners)]
            first_word += len(own)
            parts.append(
                self._judge_whole(column, own, cut.owners, judged, names) if judged.any() else (own, cut.owners)
            )
        shared = tuple(names)
        return [WordRows(shared, *part, len(column)) for part, column in zip(parts, columns, strict=True)]

    def _cut_batch(self, column: Any) -> _Cut:
        exact = self._find_literals(column)
        plain, other = self._tell_plain(column, exact)
        texts = column.take(pa.array(plain))
        if self._plain_characters is not None and len(other):
            easy, written = self._plain_characters.write(column.take(pa.array(other)))
            found = find_words(TextBytes.of(written), self._words_to_find)
            exact[other[easy[found]]] = True
            kept = np.delete(np.arange(len(easy)), found)
            texts = pa.concat_arrays([texts, written.take(pa.array(kept))])
            plain, other = np.append(plain, other[easy[kept]]), np.delete(other, easy)
        counts, others = self._cut_other(column.take(pa.array(other)).to_pylist(), other, exact)
        words, owners = cut_plain_words(texts, self._lowers)
        may_be_long = np.zeros(len(column), bool)
        may_be_long[plain] = TextBytes.of(texts).lengths > self._room
        may_be_long[other] = True
        sentences = np.append(plain[owners], np.repeat(other, counts)).astype(np.int32)
        return _Cut((words, pa.array(others, pa.string())), sentences, exact, may_be_long)

    def _find_literals(self, column: Any) -> NDArray[np.bool_]:
        """(n,) sentences that only the whole tokenizer can judge.

        They hold a line break, or a token which is looked for before anything is normalised or cut.
        """
        exact = np.full(len(column), self._kinds[1] is None)
        text = TextBytes.of(column)
        exact[text.texts_at(np.flatnonzero(text.raw == _GAP))] = True
        exact[find_words(text, self._words_to_find)] = True
        places, codes = find_rare_characters(text.raw)
        kinds, rows = np.unique(codes, return_inverse=True)
        # a literal beside ASCII may be anywhere; and some characters are letters of ASCII in lower case
        may_hide = [not self._are_ascii or any(map(str.isascii, chr(code).lower())) for code in kinds.tolist()]
        for place in np.unique(text.texts_at(places[np.asarray(may_hide, bool)[rows]])).tolist():
            exact[place] |= any(literal in column[place].as_py().lower() for literal in self._literals)
        return exact

    def _tell_plain(self, column: Any, exact: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of sentences of printable ASCII, and of the others, without those that are judged whole."""
        text = TextBytes.of(column)
        is_plain = np.full(len(column), self._reads_bytes)
        is_plain[text.texts_at(np.flatnonzero((text.raw < 32) | (text.raw > 126)))] = False
        return np.flatnonzero(is_plain & ~exact), np.flatnonzero(~is_plain & ~exact)

    def _cut_other(
        self, sentences: Sequence[str], places: NDArray[np.int64], exact: NDArray[np.bool_]
    ) -> tuple[list[int], list[str]]:
        """Words of some sentences by the tokenizer's own normaliser and pre-tokenizer, and how many each has."""
        normaliser, cutter = self._backend.normalizer, self._backend.pre_tokenizer
        words: list[str] = []
        counts = []
        for place, text in zip(places.tolist(), sentences, strict=True):
            normal = text if normaliser is None else normaliser.normalize_str(text)
            if any(literal in normal.lower() for literal in self._literals):
                exact[place] = True
            found = cutter.pre_tokenize_str(normal)
            words += [word for word, _ in found]
            counts.append(len(found))
        return counts, words

    def _check(
        self,
        dictionary: Any,
        numbers: NDArray[np.int32],
        owners: NDArray[np.int32],
        may_be_long: NDArray[np.bool_],
        exact: NDArray[np.bool_],
    ) -> list[str]:
        """Names of words, those without pieces included; marks sentences that are judged whole.

        Args:
            dictionary: (n_names,) pyarrow string array of the words, as they were cut.
            numbers, owners: As `WordRows` has them.
            may_be_long: (n_sentences,) those with more bytes than there is room for pieces.
            exact: (n_sentences,) is added to.
        """
        names: list[str] = dictionary.to_pylist()
        text = TextBytes.of(dictionary)
        sizes, whole = text.lengths, np.zeros(len(names), bool)
        # a word surely has pieces where each of its characters is one
        odd = ~(are_letters(text) & (sizes <= self._longest)) if self._spells else ~whole
        for i in np.flatnonzero(odd).tolist():
            name = names[i] if self._plain_characters is None else self._plain_characters.read(names[i])
            cut = self._cut(name)
            whole[i] = cut is None
            names[i], sizes[i] = cut or (name, len(name))
        if whole.any():
            exact[owners[whole[numbers]]] = True
        # never more pieces than characters; the pieces themselves are counted where that says too little
        inside = may_be_long[owners]
        if inside.any():
            is_long = np.bincount(owners[inside], sizes[numbers[inside]], len(exact)) > self._room
            inside = is_long[owners]
            used = np.zeros(len(names), bool)
            used[numbers[inside]] = True
            for number in np.flatnonzero(used & ~odd).tolist():
                sizes[number] = (self._cut(names[number]) or ("", sizes[number]))[1]
            exact |= np.bincount(owners[inside], sizes[numbers[inside]], len(exact)) > self._room
        return names

    def _cut(self, word: str) -> tuple[str, int] | None:
        """The name of a word after WordPiece, and its pieces; None where it would melt into the word before it."""
        if word in self._pieces:
            return self._pieces[word]
        pieces: list[str] = [piece.value for piece in self._backend.model.tokenize(word)]
        melts = not pieces or pieces[0].startswith(PREFIX)
        found = None if melts else ("".join([piece.removeprefix(PREFIX) for piece in pieces]), len(pieces))
        if len(self._pieces) >= _MEMO:
            self._pieces.clear()
        self._pieces[word] = found
        return found

    def _judge_whole(
        self,
        column: Any,
        numbers: NDArray[np.int32],
        owners: NDArray[np.int32],
        exact: NDArray[np.bool_],
        names: list[str],
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Numbers and owners with the words of sentences that only the whole tokenizer can judge; adds their names."""
        places, kept = np.flatnonzero(exact), ~exact[owners]
        texts = self._exact.tokenize(column.take(pa.array(places)).to_pylist())
        rest = WordRows.of([text.words for text in texts])
        own = rest.numbers + np.int32(len(names))
        names += rest.names
        sentences = places[rest.sentences].astype(np.int32)
        return np.concatenate([numbers[kept], own]), np.concatenate([owners[kept], sentences])


def _distinct(words: Any) -> tuple[Any, NDArray[np.int32]]:
    """Distinct words of a pyarrow array, in order of first occurrence, and the place of each word among them."""
    chunked = words if isinstance(words, pa.ChunkedArray) else pa.chunked_array([words])
    if not len(chunked):
        return pa.array([], pa.string()), np.zeros(0, np.int32)
    encoded = as_column(chunked.dictionary_encode().unify_dictionaries())
    return encoded.dictionary, encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)


def _places(counts: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(counts)), counts)
