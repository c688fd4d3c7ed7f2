"""The model a person holds: texts in, the sparse vectors of stock FastEmbed out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from minicoil.config import Bm25Config
from minicoil.encoder import PooledMemory, PooledWords, TokenBudget, TokenEncoder, processes, read_windows
from minicoil.errors import BundleError, EncoderError
from minicoil.files import BundleLayout, Count, Size, check_number
from minicoil.folder import check_bundle, read_facts
from minicoil.importance import open_importance
from minicoil.sparse.cells import SparseVector, count_words
from minicoil.sparse.embedding_kind import kind_of
from minicoil.sparse.meanings import WordMeanings, WordPieces, find_pieces, no_meanings
from minicoil.sparse.measuring import Recollection, measure_batches, pool_in_order
from minicoil.sparse.text_vectors import CountedText, count_text, text_query, text_union
from minicoil.sparse.workers import PROCESS_BYTES, EncodedWindow, Request, encode_in_processes
from minicoil.text import TokenizedText, WordTokenizer
from minicoil.words import Vocabulary

Progress = Callable[[int], None]


@dataclass(frozen=True)
class HybridVector:
    """Both vectors of one text, from one forward pass.

    Attributes:
        sparse: As `MiniCoil.embed` or `query_embed` gives it.
        dense: (D,) float32 unit vector, the encoder's own sentence embedding.
    """

    sparse: SparseVector
    dense: NDArray[np.float32]


class MiniCoil:
    """A model folder, ready to encode; safe to use from several threads.

    Attributes:
        tokenizer: The words it sees.
        vocabulary: Which of them it knows.
        stack: (rows, D, d) float32 layers, memory-mapped.
        bm25: k, b, avg_len, and what importance; must be the collection's own.
        importance: What weighs the words of documents, never of queries; None weighs nothing.
    """

    def __init__(self, folder: Path, bm25: Bm25Config, threads: int | None = None) -> None:
        if threads is not None:
            check_number("threads", threads, Size)
        self.layout = BundleLayout(folder)
        self.bm25 = bm25
        self.stack, self.vocabulary = check_bundle(folder)
        self.importance = open_importance(folder, bm25.importance) if bm25.importance else None
        self.tokenizer = WordTokenizer.from_folder(folder)
        self._threads = threads
        self._olds: tuple[Vocabulary, ...] = ()
        self._is_own = True  # the vocabulary is the folder's
        self._encoder: TokenEncoder | None = None
        self._loading = Lock()
        self._memory: PooledMemory | None = None
        self._budget: TokenBudget | None = None

    @staticmethod
    def load(
        folder: Path | str,
        k: float = Bm25Config.k,
        b: float = Bm25Config.b,
        avg_len: float = Bm25Config.avg_len,
        threads: int | None = None,
        importance: str = "",
    ) -> MiniCoil:
        """The model of a folder; the encoder itself is loaded by the first text that needs it.

        Raises:
            BundleError: the folder is not a complete model, or carries another importance than the one asked for.
            UsageError: a number is none.
        """
        return MiniCoil(Path(folder), Bm25Config(k, b, avg_len, importance), threads)

    def under(self, vocabulary: Vocabulary) -> MiniCoil:
        """This model as an ancestor's readers know it; encoder and layers are shared, because rows never change."""
        model = self._share()
        model.vocabulary, model._is_own = vocabulary, False
        return model

    def beside(self, *olds: Vocabulary) -> MiniCoil:
        """This model for writers: documents get the cells they had under the ancestors `olds` too. Queries as ever."""
        model = self._share()
        model._olds = olds
        return model

    def _share(self) -> MiniCoil:
        _ = self.encoder  # once, for both
        return copy.copy(self)

    def remembering(self, memory: PooledMemory | None, budget: TokenBudget | None = None) -> MiniCoil:
        """This model with a memory of texts encoded before (None: none), and what the machine's passes should hold."""
        model = copy.copy(self)
        model._memory, model._budget = memory, budget
        model.__dict__.pop("_recollection", None)
        return model

    @cached_property
    def _recollection(self) -> Recollection | None:
        return None if self._memory is None else Recollection(self._memory, kind_of(self.layout, self.encoder))

    @property
    def recipe(self) -> tuple[Path, Bm25Config, Vocabulary | None, tuple[Vocabulary, ...]]:
        """What another process makes this model from."""
        return self.layout.folder, self.bm25, None if self._is_own else self.vocabulary, self._olds

    @cached_property
    def _pooling(self) -> str:
        return read_facts(self.layout.folder).pooling

    @property
    def encoder(self) -> TokenEncoder:
        """The ONNX encoder, loaded on first use.

        Raises:
            BundleError: it does not load, or its width is not the stack's.
        """
        with self._loading:
            if self._encoder is None:
                encoder = TokenEncoder(self.layout.encoder, self._threads, None, self.layout.rows, self._budget)
                if encoder.width != self.stack.shape[1]:
                    raise BundleError(
                        f"{self.layout.encoder} gives {encoder.width} numbers a token, the stack expects "
                        f"{self.stack.shape[1]}; encoder and layers are not of one model"
                    )
                self._encoder = encoder
            return self._encoder

    def embed(
        self,
        documents: str | Iterable[str],
        progress: Progress | None = None,
        *,
        batch_size: int | None = None,
        parallel: int | None = None,
    ) -> Iterator[SparseVector]:
        """The vectors of documents, in order, as they come; memory does not grow with their number.

        Args:
            documents: One text, or any iterable of texts.
            progress: Told of documents done.
            batch_size: Texts read ahead and sorted by length together; answers wait for so many.
            parallel: None or 1 encodes in this process, on as many threads as `load` was told; more starts so many
                processes of one thread, 0 one a core, as far as memory goes. As with FastEmbed, a script that uses
                processes needs its `if __name__ == "__main__":`.

        Raises:
            UsageError: `parallel` processes were asked for by a script without main guard.
            DocumentError: something is no text, or `documents` raised; it names the position, and comes after the
                vectors of everything before.
        """
        for window in self._encode(Request(False, False), documents, progress, batch_size, parallel):
            yield from window.sparse

    def query_embed(
        self, query: str | Iterable[str], *, batch_size: int | None = None, parallel: int | None = None
    ) -> Iterator[SparseVector]:
        """The vectors of queries: no term frequency. Arguments and errors as with `embed`."""
        for window in self._encode(Request(True, False), query, None, batch_size, parallel):
            yield from window.sparse

    def embed_hybrid(
        self,
        documents: str | Iterable[str],
        progress: Progress | None = None,
        *,
        batch_size: int | None = None,
        parallel: int | None = None,
    ) -> Iterator[HybridVector]:
        """Sparse and dense vectors of documents for the price of one. Arguments and errors as with `embed`."""
        for window in self._encode(Request(False, True), documents, progress, batch_size, parallel):
            yield from map(HybridVector, window.sparse, window.dense)

    def query_embed_hybrid(
        self, query: str | Iterable[str], *, batch_size: int | None = None, parallel: int | None = None
    ) -> Iterator[HybridVector]:
        """Sparse and dense vectors of queries. Arguments and errors as with `embed`."""
        for window in self._encode(Request(True, True), query, None, batch_size, parallel):
            yield from map(HybridVector, window.sparse, window.dense)

    def _encode(
        self,
        request: Request,
        texts: str | Iterable[str],
        progress: Progress | None,
        batch_size: int | None,
        parallel: int | None,
    ) -> Iterator[EncodedWindow]:
        if request.dense and self._pooling != "mean":
            raise EncoderError(
                f"{self.layout.folder}: its encoder's sentence embedding is not the mean of its token embeddings; "
                "take the dense vector from sentence-transformers"
            )
        for name, value, kind in (("batch_size", batch_size, Count), ("parallel", parallel, Size)):
            if value is not None:
                check_number(name, value, kind)
        n_processes = processes(PROCESS_BYTES) if parallel == 0 else parallel or 1
        if n_processes == 1:
            for window in read_windows(texts, batch_size):
                yield self.encode_window(window, request, progress)
            return
        for answer in encode_in_processes(self, texts, request, n_processes, batch_size):
            if progress is not None:
                progress(len(answer.sparse))
            yield answer

    def encode_window(self, texts: Sequence[str], request: Request, progress: Progress | None = None) -> EncodedWindow:
        """The vectors of some texts at once; what `embed` and its kin are made of."""
        olds = () if request.query else self._olds
        read = self.tokenizer.tokenize(texts)
        wanted = [find_pieces(text, self.vocabulary, *olds) for text in read]
        meanings, dense = self._measure(read, wanted, request, progress)
        pairs = zip(read, meanings, strict=True)
        if request.query:
            return EncodedWindow([text_query(text, found, self.vocabulary) for text, found in pairs], dense)
        vectors = [text_union(text, found, self.vocabulary, olds, self.bm25)[1] for text, found in pairs]
        return EncodedWindow(vectors, dense)

    def embed_union(
        self, documents: str | Iterable[str], *olds: Vocabulary, progress: Progress | None = None
    ) -> Iterator[tuple[SparseVector, SparseVector]]:
        """Each document's vector, and the same with the cells it had under each of `olds` beside.

        Readers of any of these releases find their own cells in the second. The stack holds the old rows too, because
        it only ever grows.

        Raises:
            BundleError: a cell has another value under one of `olds`: not an ancestor of this vocabulary.
            DocumentError: as with `embed`.
        """
        for window in read_windows(documents):
            read = self.tokenizer.tokenize(window)
            wanted = [find_pieces(text, self.vocabulary, *olds) for text in read]
            meanings, _ = self._measure(read, wanted, Request(False, False), progress)
            for text, found in zip(read, meanings, strict=True):
                yield text_union(text, found, self.vocabulary, olds, self.bm25)

    def embed_each(
        self, documents: str | Iterable[str], vocabularies: Sequence[Vocabulary], progress: Progress | None = None
    ) -> Iterator[tuple[SparseVector, ...]]:
        """The vectors that each document has under several vocabularies; arguments and cost as with `count_each`."""
        for counted in self.count_each(documents, vocabularies, progress):
            yield tuple(text.vector(self.bm25) for text in counted)

    def count_each(
        self,
        documents: str | Iterable[str],
        vocabularies: Sequence[Vocabulary],
        progress: Progress | None = None,
        unweighed: Sequence[Vocabulary] = (),
    ) -> Iterator[tuple[CountedText, ...]]:
        """Each document under this vocabulary or its ancestors', vectors but for k, b and avg_len; one forward pass.

        Args:
            documents: As with `embed`.
            vocabularies: Any whose rows are in this stack.
            progress: Told of documents done.
            unweighed: More of them, for texts that follow those of `vocabularies` and leave importance out.
        """
        every = {id(vocabulary): vocabulary for vocabulary in (*vocabularies, *unweighed)}
        for window in read_windows(documents):
            read = self.tokenizer.tokenize(window)
            wanted = [find_pieces(text, *every.values()) for text in read]
            meanings, _ = self._measure(read, wanted, Request(False, False), progress)
            for text, found in zip(read, meanings, strict=True):
                bags = {key: count_words(text.tokens, vocabulary) for key, vocabulary in every.items()}
                plain = replace(found, weights=None)
                pairs = [*((found, one) for one in vocabularies), *((plain, one) for one in unweighed)]
                yield tuple(count_text(text, means, one, bags[id(one)]) for means, one in pairs)

    def _measure(
        self, texts: Sequence[TokenizedText], wanted: Sequence[WordPieces], request: Request, progress: Progress | None
    ) -> tuple[list[WordMeanings], NDArray[np.float32]]:
        """Meanings of every text's words, and dense vectors where asked for.

        Texts without known words never reach the encoder, unless their dense vector is wanted or words are weighed.
        """
        importance = None if request.query else self.importance
        every = request.dense or importance is not None
        answer = [no_meanings(self.vocabulary.dims)] * len(texts)
        dense = np.zeros((len(texts), self.stack.shape[1] if request.dense else 0), dtype=np.float32)
        needed = np.asarray([place for place, entry in enumerate(wanted) if every or len(entry)], np.int64)
        if progress is not None and len(needed) < len(texts):
            progress(len(texts) - len(needed))
        if not len(needed):
            return answer, dense
        some, asked = [texts[place] for place in needed], [wanted[place] for place in needed]
        measured = measure_batches(self.encoder, self.stack, some, asked, request.dense, self._recollection, importance)
        for rows, found, pooled in measured:
            places = needed[rows].tolist()
            for place, meanings in zip(places, found, strict=True):
                answer[place] = meanings
            if pooled is not None:
                dense[places] = pooled
            if progress is not None:
                progress(len(places))
        return answer, dense

    def pool(self, documents: str | Iterable[str], dense: bool = False) -> Iterator[tuple[str, PooledWords]]:
        """Each document with its content words' embeddings and counts, in order; `dense` if told."""
        for window in read_windows(documents):
            texts = self.tokenizer.tokenize(window)
            yield from zip(window, pool_in_order(self.encoder, texts, dense, self._recollection), strict=True)
