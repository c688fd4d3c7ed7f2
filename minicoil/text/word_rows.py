"""Whole words of many sentences at once: the tokenizer's own, without its search for word pieces.

WordPiece cuts a word into pieces which are then joined again (`tokens`), so for most text the words are what
the normaliser and the pre-tokenizer leave. The pieces matter for a word that has none (it becomes "[UNK]"), for one too
long to be searched, for literal special tokens such as "[MASK]", and where a text is cut at the encoder's limit: of
each distinct word the first two are asked once, and sentences with the others go through the tokenizer whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from minicoil.files import parse_json
from minicoil.text.plain_characters import PlainCharacters
from minicoil.text.tokens import PREFIX, WordTokenizer

_MEMO = 2**18  # distinct words whose pieces are remembered
_LETTERS = re.compile(r"[A-Za-z0-9]+", re.ASCII)
_GAP = 10  # the byte between two sentences; none of them has it


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
        return WordRows(tuple(names), numbers, _places([len(s) for s in sentences]).astype(np.int32), len(sentences))

    def words(self) -> list[list[str]]:
        """The words of each sentence."""
        found: list[list[str]] = [[] for _ in range(self.n_sentences)]
        for sentence, number in zip(self.sentences.tolist(), self.numbers.tolist(), strict=True):
            found[sentence].append(self.names[number])
        return found


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
        self._pieces: dict[str, tuple[str, int] | None] = {}
        self._plain_characters = PlainCharacters(tokenizer) if self._reads_bytes else None
        if not all(literal.isascii() for literal in self._literals):  # looked for in what the normaliser leaves
            self._plain_characters = None

    def tokenize(self, sentences: Sequence[str]) -> WordRows:
        """Words of every sentence.

        Args:
            sentences: Without line breaks, as `minicoil.text.sentences.split_sentences` gives them; one with a break is
                taken through the tokenizer whole.
        """
        exact = self._with_literals(sentences)
        plain: list[int] = []
        other: list[int] = []
        for place, text in enumerate(sentences):
            if place not in exact:
                (plain if self._reads_bytes and text.isascii() and text.isprintable() else other).append(place)
        texts = [sentences[place] for place in plain]
        if self._plain_characters is not None and other:
            easy, written = self._plain_characters.write([sentences[place] for place in other])
            found = self._find_literals(written)
            exact |= {other[easy[i]] for i in found}
            plain += [other[place] for i, place in enumerate(easy) if i not in found]
            texts += [text for i, text in enumerate(written) if i not in found]
            other = [other[i] for i in sorted(set(range(len(other))) - set(easy))]
        counts, words = self._cut_other(sentences, other, exact)
        cut, owner = _cut_plain(texts, self._lowers)
        names, numbers = _distinct(pa.chunked_array([cut, pa.array(words, pa.string())]))
        if self._plain_characters is not None:
            names = self._plain_characters.read(names)
        owners = np.concatenate([np.asarray(plain, np.int32)[owner], np.asarray(other, np.int32)[_places(counts)]])
        kept = self._check(names, numbers, owners, len(sentences), exact)
        if exact:
            return self._join(sentences, names, numbers[kept], owners[kept], sorted(exact))
        return WordRows(tuple(names), numbers, owners, len(sentences))

    def _with_literals(self, sentences: Sequence[str]) -> set[int]:
        """Places of sentences that hold a token which is looked for before anything is normalised or cut."""
        if self._kinds[1] is None:
            return set(range(len(sentences)))
        return self._find_literals(sentences)

    def _find_literals(self, sentences: Sequence[str]) -> set[int]:
        joined = "\n".join(sentences).lower()
        found: set[int] = set()
        if joined.count("\n") >= max(len(sentences), 1):
            found = {place for place, text in enumerate(sentences) if "\n" in text}
        for literal in self._literals:
            if literal in joined:
                found |= {place for place, text in enumerate(sentences) if literal in text.lower()}
        return found

    def _cut_other(
        self, sentences: Sequence[str], places: Sequence[int], exact: set[int]
    ) -> tuple[list[int], list[str]]:
        """Words of some sentences by the tokenizer's own normaliser and pre-tokenizer, and how many each has."""
        normaliser, cutter = self._backend.normalizer, self._backend.pre_tokenizer
        words: list[str] = []
        counts = []
        for place in places:
            normal = sentences[place] if normaliser is None else normaliser.normalize_str(sentences[place])
            if any(literal in normal.lower() for literal in self._literals):
                exact.add(place)
            found = cutter.pre_tokenize_str(normal)
            words += [word for word, _ in found]
            counts.append(len(found))
        return counts, words

    def _check(
        self,
        names: list[str],
        numbers: NDArray[np.int32],
        owners: NDArray[np.int32],
        n_sentences: int,
        exact: set[int],
    ) -> NDArray[np.bool_]:
        """Give words without pieces their name, find the sentences that are judged whole, and which words are left."""
        sizes = np.fromiter((len(name) for name in names), np.int64, len(names))
        odd = {i for i, name in enumerate(names) if not self._is_spelt(name)}
        whole = []
        for i in odd:
            cut = self._cut(names[i])
            if cut is None:
                whole.append(i)
            else:
                names[i], sizes[i] = cut
        if whole:
            exact |= set(owners[np.isin(numbers, np.asarray(whole, np.int32))].tolist())
        # never more pieces than characters; the pieces themselves are counted where that says too little
        lengths = np.bincount(owners, sizes[numbers], n_sentences)
        if long := np.flatnonzero(lengths > self._room).tolist():
            inside = np.isin(owners, long)
            for number in set(numbers[inside].tolist()) - odd:
                sizes[number] = (self._cut(names[number]) or ("", sizes[number]))[1]
            pieces = np.bincount(owners[inside], sizes[numbers[inside]], n_sentences)
            exact |= set(np.flatnonzero(pieces > self._room).tolist())
        return ~np.isin(owners, np.asarray(sorted(exact), np.int32)) if exact else np.ones(len(owners), bool)

    def _is_spelt(self, word: str) -> bool:
        """Whether a word surely has pieces, because each of its characters is one."""
        return self._spells and len(word) <= self._longest and _LETTERS.fullmatch(word) is not None

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

    def _join(
        self,
        sentences: Sequence[str],
        names: list[str],
        numbers: NDArray[np.int32],
        owners: NDArray[np.int32],
        exact: list[int],
    ) -> WordRows:
        """The rows with those of sentences that only the whole tokenizer can judge."""
        texts = self._exact.tokenize([sentences[place] for place in exact])
        rest = WordRows.of([text.words for text in texts])
        return WordRows(
            (*names, *rest.names),
            np.concatenate([numbers, rest.numbers + np.int32(len(names))]),
            np.concatenate([owners, np.asarray(exact, np.int32)[rest.sentences]]),
            len(sentences),
        )


def _table(lowers: bool) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """For every byte of plain text the byte it becomes, and its kind: 0 space, 1 letter or digit, 2 mark."""
    lower = np.arange(256, dtype=np.uint8)
    if lowers:
        lower[65:91] += 32
    kinds = np.full(256, 2, np.uint8)
    kinds[[_GAP, 32]] = 0
    for first, last in ("09", "AZ", "az"):
        kinds[ord(first) : ord(last) + 1] = 1
    return lower, kinds


def _cut_plain(texts: Sequence[str], lowers: bool) -> tuple[Any, NDArray[np.int32]]:
    """Words of texts of printable ASCII as BERT's normaliser and pre-tokenizer cut them, and the text of each.

    Runs of letters and digits are words, every mark is one of its own: `A-Za-z0-9` against the rest is all that the
    two distinguish here.
    """
    lower, kinds = _table(lowers)
    raw = np.frombuffer("\n".join(texts).encode("ascii"), np.uint8)
    kind = kinds[raw]
    kept = kind > 0
    starts = kept.copy()
    starts[1:] &= (kind[1:] == 2) | (kind[:-1] != 1)
    texts_of = np.cumsum(raw == _GAP, dtype=np.int32)[starts]
    offsets = np.append(np.flatnonzero(starts[kept]), np.count_nonzero(kept)).astype(np.int32)
    letters = lower[raw[kept]]
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(letters)]
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers), texts_of


def _distinct(words: Any) -> tuple[list[str], NDArray[np.int32]]:
    """Distinct words of a pyarrow array, in order of first occurrence, and the place of each word among them."""
    chunked = words if isinstance(words, pa.ChunkedArray) else pa.chunked_array([words])
    if not len(chunked):
        return [], np.zeros(0, np.int32)
    encoded = chunked.dictionary_encode().unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0)
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)


def _places(counts: Sequence[int]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(counts)), counts)
