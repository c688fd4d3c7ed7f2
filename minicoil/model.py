"""The model a person holds: texts in, the sparse vectors of stock FastEmbed out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minicoil.bundle import check_bundle
from minicoil.config import Bm25Config
from minicoil.encoder import TokenEncoder, pool_words
from minicoil.errors import BundleError
from minicoil.layout import BundleLayout
from minicoil.sparse import SparseVector, count_words, document_vector, query_vector, union
from minicoil.stemming import is_joined
from minicoil.tokens import TokenizedText, WordTokenizer
from minicoil.vocabulary import Vocabulary

WINDOW = 1024  # texts sorted by length together; more gains nothing, and answers wait for the window
Pairs = list[tuple[int, int]]  # (word id, index in `tokens`) of one text


class MiniCoil:
    """A model folder, ready to encode.

    Attributes:
        tokenizer: The words it sees.
        vocabulary: Which of them it knows.
        stack: (rows, D, d) float32 layers, memory-mapped.
        bm25: k, b, avg_len; must be the collection's own.
    """

    def __init__(self, folder: Path, bm25: Bm25Config, threads: int | None = None) -> None:
        self.layout = BundleLayout(folder)
        self.bm25 = bm25
        self.stack, self.vocabulary = check_bundle(folder)
        self.tokenizer = WordTokenizer.from_folder(folder)
        self._threads = threads
        self._encoder: TokenEncoder | None = None

    @staticmethod
    def load(
        folder: Path | str, k: float = 1.2, b: float = 0.75, avg_len: float = 150.0, threads: int | None = None
    ) -> MiniCoil:
        """The model of a folder; the encoder itself is loaded by the first text that needs it.

        Raises:
            BundleError: the folder is not a complete model.
        """
        return MiniCoil(Path(folder), Bm25Config(k, b, avg_len), threads)

    @property
    def encoder(self) -> TokenEncoder:
        """The ONNX encoder, loaded on first use.

        Raises:
            BundleError: it does not load, or its width is not the stack's.
        """
        if self._encoder is None:
            encoder = TokenEncoder(self.layout.encoder, self._threads)
            if encoder.width != self.stack.shape[1]:
                raise BundleError(
                    f"{self.layout.encoder} gives {encoder.width} numbers a token, the stack expects "
                    f"{self.stack.shape[1]}; encoder and layers are not of one model"
                )
            self._encoder = encoder
        return self._encoder

    def embed(
        self, documents: str | Iterable[str], progress: Callable[[int], None] | None = None
    ) -> Iterator[SparseVector]:
        """The vectors of documents, in order, as they come; memory does not grow with their number."""
        for window in _windows(documents):
            texts = self.tokenizer.tokenize(window)
            bags = [count_words(text.tokens, self.vocabulary) for text in texts]
            found = self._meanings(texts, [self._pairs(text, self.vocabulary) for text in texts], progress)
            for bag, meanings in zip(bags, found, strict=True):
                yield document_vector(
                    bag, _rows(meanings, bag.word_ids, self.vocabulary.dims), self.vocabulary, self.bm25
                )

    def query_embed(self, query: str | Iterable[str]) -> Iterator[SparseVector]:
        """The vectors of queries: no term frequency."""
        for window in _windows(query):
            texts = self.tokenizer.tokenize(window)
            bags = [count_words(text.tokens, self.vocabulary) for text in texts]
            found = self._meanings(texts, [self._pairs(text, self.vocabulary) for text in texts])
            for bag, meanings in zip(bags, found, strict=True):
                yield query_vector(bag, _rows(meanings, bag.word_ids, self.vocabulary.dims), self.vocabulary)

    def embed_union(
        self, documents: Iterable[str], old: Vocabulary, progress: Callable[[int], None] | None = None
    ) -> Iterator[tuple[SparseVector, SparseVector]]:
        """Each document's vector, and the same with the cells it had under `old` beside.

        Readers of either release find their own cells in the second. The stack holds the old rows too, because it
        only ever grows.

        Raises:
            BundleError: a cell has another value under `old`: not an ancestor of this vocabulary.
        """
        for window in _windows(documents):
            texts = self.tokenizer.tokenize(window)
            pairs = [self._union_pairs(text, old) for text in texts]
            for text, meanings in zip(texts, self._meanings(texts, pairs, progress), strict=True):
                yield self._union_vector(text, meanings, old)

    def embed_under(self, documents: Iterable[str], vocabulary: Vocabulary) -> Iterator[SparseVector]:
        """The vectors that documents have under an ancestor's vocabulary; its rows are in this stack too."""
        for window in _windows(documents):
            texts = self.tokenizer.tokenize(window)
            bags = [count_words(text.tokens, vocabulary) for text in texts]
            found = self._meanings(texts, [self._pairs(text, vocabulary) for text in texts])
            for bag, meanings in zip(bags, found, strict=True):
                yield document_vector(bag, _rows(meanings, bag.word_ids, vocabulary.dims), vocabulary, self.bm25)

    def _union_vector(
        self, text: TokenizedText, meanings: dict[int, NDArray[np.float32]], old: Vocabulary
    ) -> tuple[SparseVector, SparseVector]:
        bag, old_bag = count_words(text.tokens, self.vocabulary), count_words(text.tokens, old)
        dims = self.vocabulary.dims
        new_vector = document_vector(bag, _rows(meanings, bag.word_ids, dims), self.vocabulary, self.bm25)
        old_vector = document_vector(old_bag, _rows(meanings, old_bag.word_ids, dims), old, self.bm25)
        # a symbol-joined token may count for one word more or less than before, and so may the text's length
        lenient = any(is_joined(token) for token in text.tokens)
        return new_vector, union(new_vector, old_vector, lenient)

    def _pairs(self, text: TokenizedText, vocabulary: Vocabulary) -> Pairs:
        resolved = ((vocabulary.resolve(token), place) for place, token in enumerate(text.tokens))
        return [(word_id, place) for word_id, place in resolved if word_id]

    def _union_pairs(self, text: TokenizedText, old: Vocabulary) -> Pairs:
        pairs = self._pairs(text, self.vocabulary)
        ids = {word_id for word_id, _ in pairs}
        return pairs + [(word_id, place) for word_id, place in self._pairs(text, old) if word_id not in ids]

    def _meanings(
        self, texts: Sequence[TokenizedText], pairs: Sequence[Pairs], progress: Callable[[int], None] | None = None
    ) -> list[dict[int, NDArray[np.float32]]]:
        """For every text, word id -> (d,) tanh output. Texts without pairs never reach the encoder."""
        answer: list[dict[int, NDArray[np.float32]]] = [{} for _ in texts]
        needed = [place for place, entries in enumerate(pairs) if entries]
        if progress is not None and len(needed) < len(texts):
            progress(len(texts) - len(needed))
        if not needed:
            return answer
        for batch in self.encoder.encode([texts[place] for place in needed]):
            means, owners, ids = self._pool(batch.embeddings, [needed[i] for i in batch.places], texts, pairs)
            layers = self.stack[ids]
            outputs = np.tanh(np.matmul(means[:, None, :], layers)[:, 0, :])
            for owner, word_id, output in zip(owners, ids, outputs, strict=True):
                answer[owner][int(word_id)] = output
            if progress is not None:
                progress(len(batch.places))
        return answer

    def _pool(
        self,
        embeddings: NDArray[np.float32],
        owners: Sequence[int],
        texts: Sequence[TokenizedText],
        pairs: Sequence[Pairs],
    ) -> tuple[NDArray[np.float32], list[int], NDArray[np.int64]]:
        """Mean embedding per (text, word) of one batch: (n, D), with the text and the word id of each row."""
        slots: dict[tuple[int, int], int] = {}
        rows: list[NDArray[np.float32]] = []
        piece_slots: list[NDArray[np.int64]] = []
        for row, owner in enumerate(owners):
            positions = texts[owner].positions
            for word_id, place in pairs[owner]:
                slot = slots.setdefault((owner, word_id), len(slots))
                start, end = np.searchsorted(positions, (place, place + 1))  # pieces of a word are neighbours
                rows.append(embeddings[row, start:end])
                piece_slots.append(np.full(end - start, slot, dtype=np.int64))
        means = pool_words(np.concatenate(rows), np.concatenate(piece_slots), len(slots))
        return means, [owner for owner, _ in slots], np.fromiter((i for _, i in slots), np.int64, len(slots))


def _rows(meanings: dict[int, NDArray[np.float32]], ids: Sequence[int], dims: int) -> NDArray[np.float32]:
    return np.stack([meanings[i] for i in ids]) if ids else np.zeros((0, dims), dtype=np.float32)


def _windows(documents: str | Iterable[str]) -> Iterator[list[str]]:
    """Lists of at most `WINDOW` texts.

    Raises:
        TypeError: something is not a string; its position is named, and what came before has been answered.
    """
    iterator = iter([documents] if isinstance(documents, str) else documents)
    done = 0
    while window := list(islice(iterator, WINDOW)):
        for place, text in enumerate(window):
            if not isinstance(text, str):
                raise TypeError(f"document {done + place} is {type(text).__name__}, a string was expected")
        yield window
        done += len(window)
