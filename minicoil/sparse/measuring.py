"""From texts to the meanings of their words: by a forward pass of the encoder, or by what is remembered of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from minicoil.encoder import (
    PooledMemory,
    PooledWords,
    TokenEncoder,
    content_pieces,
    entry_key,
    in_chunks,
    pool_sentences,
    pool_texts,
)
from minicoil.files import release_pages
from minicoil.importance import Importance
from minicoil.sparse.meanings import WordMeanings, WordPieces, measure_meanings, measure_pooled
from minicoil.text import TokenizedText

_TEXTS_PER_RELEASE = (
    8  # until the stack's pages are given back; costs nothing measurable, saves most of the stack's size
)
_READ_TOGETHER = 64  # remembered texts in memory at once, some 6 MB
Progress = Callable[[int], None]
Measured = tuple[list[int], list[WordMeanings], NDArray[np.float32] | None]
_NOTHING = WordPieces(np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass(frozen=True)
class Recollection:
    """A memory of pooled words, and what the encoder's texts are called in it."""

    memory: PooledMemory
    kind: bytes


def measure_batches(
    encoder: TokenEncoder,
    stack: NDArray[np.float32],
    texts: Sequence[TokenizedText],
    wanted: Sequence[WordPieces],
    dense: bool,
    recollection: Recollection | None,
    importance: Importance | None = None,
) -> Iterator[Measured]:
    """Some texts at a time, in no particular order: their places, the meanings of their words, (B, D) dense vectors.

    Args:
        encoder: Of the texts.
        stack: (rows, D, d) float32 layers.
        texts: What to encode; all of them, so those without words of interest must not be among them.
        wanted: Of each text the pieces of known words.
        dense: Whether sentence vectors are wanted too; None is given for them where not.
        recollection: Where the texts may be known already, and are remembered for others; None knows nothing.
        importance: Weighs the words of each text, from the same pass; None weighs nothing.
    """
    if recollection is None and importance is None:
        found = _encode(encoder, stack, texts, wanted, dense)
    else:
        found = _recall(encoder, stack, texts, wanted, dense, recollection, importance)
    n_read = 0
    for places, meanings, pooled in found:
        yield places, meanings, pooled
        n_read += len(places)
        if n_read >= _TEXTS_PER_RELEASE:
            release_pages(stack)
            n_read = 0


def _encode(
    encoder: TokenEncoder,
    stack: NDArray[np.float32],
    texts: Sequence[TokenizedText],
    wanted: Sequence[WordPieces],
    dense: bool,
) -> Iterator[Measured]:
    for places, embeddings, pooled in _forward(encoder, texts, [entry.pieces for entry in wanted], dense):
        yield places, measure_meanings(embeddings, [wanted[i] for i in places], stack), pooled


def _recall(
    encoder: TokenEncoder,
    stack: NDArray[np.float32],
    texts: Sequence[TokenizedText],
    wanted: Sequence[WordPieces],
    dense: bool,
    recollection: Recollection | None,
    importance: Importance | None,
) -> Iterator[Measured]:
    """What is known first, then every other text once, however often it is among them."""
    # a word is weighed against all others of its text, whichever of them the vocabulary knows
    everything = importance is not None
    for places, entries in _pooled(encoder, texts, wanted, dense, recollection, everything):
        found = measure_pooled(entries, [texts[i] for i in places], [wanted[i] for i in places], stack)
        if importance is not None:
            weights = [
                importance.weigh(entry, len(texts[i].tokens), texts[i].language)
                for i, entry in zip(places, entries, strict=True)
            ]
            found = [replace(row, weights=some) for row, some in zip(found, weights, strict=True)]
        yield places, found, np.stack([entry.dense for entry in entries]) if dense else None


def pool_in_order(
    encoder: TokenEncoder, texts: Sequence[TokenizedText], dense: bool, recollection: Recollection | None = None
) -> list[PooledWords]:
    """The content words of every text, in order, for whoever learns from them; each is encoded at most once."""
    answer: dict[int, PooledWords] = {}
    for places, entries in _pooled(encoder, texts, [_NOTHING] * len(texts), dense, recollection, everything=True):
        answer.update(zip(places, entries, strict=True))
    return [answer[place] for place in range(len(texts))]


def _pooled(
    encoder: TokenEncoder,
    texts: Sequence[TokenizedText],
    wanted: Sequence[WordPieces],
    dense: bool,
    recollection: Recollection | None,
    everything: bool,
) -> Iterator[tuple[list[int], list[PooledWords]]]:
    """Places of texts, and pooled words of each: of the wanted pieces, and of all content words if they are kept."""
    keys = [entry_key(recollection.kind if recollection else b"", text) for text in texts]
    missing: dict[bytes, list[int]] = {}
    for places in in_chunks(range(len(texts)), _READ_TOGETHER):
        known = recollection.memory.find([keys[place] for place in places]) if recollection else {}
        hits: list[int] = []
        for place in places:
            entry = known.get(keys[place])
            if entry is not None and _is_enough(entry, texts[place], wanted[place], dense):
                hits.append(place)
            else:
                missing.setdefault(keys[place], []).append(place)
        if hits:
            yield hits, [known[keys[place]] for place in hits]
    firsts = [places[0] for places in missing.values()]
    some = [texts[place] for place in firsts]
    # of a text that nobody will ask for again only what is asked now is computed
    taken = recollection.memory.takes([*missing]) if recollection else set[bytes]()
    pieces = [
        content_pieces(texts[place], wanted[place].pieces)
        if everything or keys[place] in taken
        else np.unique(wanted[place].pieces)
        for place in firsts
    ]
    for batch, embeddings, sentences in _forward(encoder, some, pieces, dense) if firsts else ():
        entries = pool_texts([some[i] for i in batch], [pieces[i] for i in batch], embeddings, sentences)
        named = {keys[firsts[i]]: entry for i, entry in zip(batch, entries, strict=True)}
        if recollection is not None:
            recollection.memory.offer({key: entry for key, entry in named.items() if key in taken})
        pairs = [(place, entry) for key, entry in named.items() for place in missing[key]]
        yield [place for place, _ in pairs], [entry for _, entry in pairs]
    if recollection is not None:
        recollection.memory.settle()


def _is_enough(entry: PooledWords, text: TokenizedText, wanted: WordPieces, dense: bool) -> bool:
    """Whether an entry holds all that is asked of it."""
    if dense and not len(entry.dense):
        return False
    held = set(entry.tokens)
    return all(text.tokens[word] in held for word in set(text.positions[wanted.pieces].tolist()))


def _forward(
    encoder: TokenEncoder, texts: Sequence[TokenizedText], pieces: Sequence[NDArray[np.int64]], dense: bool
) -> Iterator[tuple[list[int], NDArray[np.float32], NDArray[np.float32] | None]]:
    """By batch: which texts, (P, D) embeddings of their wanted pieces, and (B, D) dense vectors if asked for."""
    if not dense:
        for part in encoder.encode_pieces(texts, pieces):
            yield part.places.tolist(), part.embeddings, None
        return
    for batch in encoder.encode(texts):
        rows = [batch.embeddings[row, pieces[place]] for row, place in enumerate(batch.places)]
        yield batch.places.tolist(), np.concatenate(rows), pool_sentences(batch)
