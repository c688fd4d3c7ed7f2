"""What the words of a text mean in it: token embeddings pooled by word and put through the word's layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minicoil.encoder import PooledWords, pool_words, sum_words
from minicoil.errors import BundleError
from minicoil.text import TokenizedText
from minicoil.words import Vocabulary


@dataclass(frozen=True)
class WordPieces:
    """Where the known words of one text are.

    Attributes:
        pieces: (P,) int64 places of their pieces in the text.
        ids: (P,) int64 word id of each piece.
    """

    pieces: NDArray[np.int64]
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.pieces)


@dataclass(frozen=True)
class WordMeanings:
    """The known words of one text.

    Attributes:
        ids: (n,) int64 word ids, ascending.
        outputs: (n, d) float32 tanh outputs in (-1, 1).
        weights: Token -> importance of its word, unknown ones too; None where all count alike.
    """

    ids: NDArray[np.int64]
    outputs: NDArray[np.float32]
    weights: Mapping[str, float] | None = None

    def select(self, word_ids: Sequence[int]) -> NDArray[np.float32]:
        """(k, d) outputs of some of the words, in the order asked for."""
        if len(word_ids) == len(self.ids):  # the caller asks for all of them, ascending too
            return self.outputs
        return self.outputs[np.searchsorted(self.ids, np.asarray(word_ids, dtype=np.int64))]


def no_meanings(dims: int) -> WordMeanings:
    """Of a text without known words."""
    return WordMeanings(np.zeros(0, dtype=np.int64), np.zeros((0, dims), dtype=np.float32))


def find_pieces(text: TokenizedText, vocabulary: Vocabulary, *older: Vocabulary | None) -> WordPieces:
    """The pieces of words that `vocabulary` knows, then those of words that only an older one knows.

    Args:
        text: Its tokens and pieces.
        vocabulary: The newest one.
        older: Ancestors; None stands for no one. A piece counts once for each word that it belongs to.
    """
    ids = np.asarray(vocabulary.resolve_all(text.tokens), dtype=np.int64)[text.positions]
    pieces = np.flatnonzero(ids)
    found = ids[pieces]
    for old in older:
        if old is not None:
            ids = np.asarray(old.resolve_all(text.tokens), dtype=np.int64)[text.positions]
            known = np.flatnonzero(ids)
            only_old = known[~np.isin(ids[known], found)]
            pieces, found = np.concatenate([pieces, only_old]), np.concatenate([found, ids[only_old]])
    return WordPieces(pieces, found)


def measure_meanings(
    embeddings: NDArray[np.float32], wanted: Sequence[WordPieces], stack: NDArray[np.float32]
) -> list[WordMeanings]:
    """The meanings of every text of a batch.

    Args:
        embeddings: (P, D) token embeddings of the wanted pieces, text by text.
        wanted: B entries with P pieces in all.
        stack: (rows, D, d) float32 layers.

    Returns:
        B entries in the same order.

    Raises:
        BundleError: a layer or the encoder gives NaN.
    """
    owners = np.repeat(np.arange(len(wanted)), [len(entry) for entry in wanted])
    ids = np.concatenate([entry.ids for entry in wanted])
    # one number a word of a text, so that one sort finds the words of all texts
    words, slots = np.unique(owners * len(stack) + ids, return_inverse=True)
    return _through_layers(pool_words(embeddings, slots, len(words)), words, len(wanted), stack)


def measure_pooled(
    entries: Sequence[PooledWords],
    texts: Sequence[TokenizedText],
    wanted: Sequence[WordPieces],
    stack: NDArray[np.float32],
) -> list[WordMeanings]:
    """As `measure_meanings`, of texts whose pooled words are at hand; a word of several forms takes their sums.

    Args:
        entries: B of them, each with at least the tokens that its text's wanted pieces belong to.
        texts: The same B.
        wanted: The same B.
        stack: (rows, D, d) float32 layers.
    """
    rows: list[NDArray[np.int64]] = []
    numbers: list[NDArray[np.int64]] = []
    start = 0
    for place, (entry, text, pieces) in enumerate(zip(entries, texts, wanted, strict=True)):
        row_of = {token: row for row, token in enumerate(entry.tokens)}
        at = zip(text.positions[pieces.pieces].tolist(), pieces.ids.tolist(), strict=True)
        pairs = dict.fromkeys((row_of[text.tokens[word]], word_id) for word, word_id in at)
        found = np.asarray(list(pairs), dtype=np.int64).reshape(-1, 2)
        rows.append(start + found[:, 0])
        numbers.append(place * len(stack) + found[:, 1])
        start += len(entry.tokens)
    flat = np.concatenate(rows)
    words, slots = np.unique(np.concatenate(numbers), return_inverse=True)
    sums = np.concatenate([entry.sums for entry in entries])[flat]
    counts = np.concatenate([entry.pieces for entry in entries])[flat]
    n_pieces = np.bincount(slots, weights=counts, minlength=len(words)).astype(np.float32)
    means = np.asarray(sum_words(sums, slots, len(words)) / n_pieces[:, None], dtype=np.float32)
    return _through_layers(means, words, len(entries), stack)


def _through_layers(
    means: NDArray[np.float32], words: NDArray[np.int64], n_texts: int, stack: NDArray[np.float32]
) -> list[WordMeanings]:
    """The meanings of `n_texts` texts from (n, D) means of their words, told by place of the text * rows + word id."""
    word_owners, word_ids = np.divmod(words, len(stack))
    # FastEmbed's own sum in its own order: a matrix product is faster, but off by up to 3e-6 (measured)
    outputs = np.tanh(np.einsum("nd,ndk->nk", means, stack[word_ids]))
    if not np.isfinite(outputs).all():  # one of them would poison every score that it takes part in
        bad = int(word_ids[np.flatnonzero(~np.isfinite(outputs).all(axis=1))[0]])
        what = "the layer of word id" if np.isfinite(means).all() else "the encoder beside it, at word id"
        raise BundleError(
            f"{getattr(stack, 'filename', None) or 'the stack'}: {what} {bad} gives numbers that are none; "
            "the files are damaged: pull the release again, or restore it from a backup"
        )
    bounds = np.searchsorted(word_owners, np.arange(n_texts + 1)).tolist()
    return [
        WordMeanings(word_ids[start:end], outputs[start:end])
        for start, end in zip(bounds[:-1], bounds[1:], strict=True)
    ]
