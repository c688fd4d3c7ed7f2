"""Training features: each sentence encoded once, for all of its words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minicoil.config import SamplingConfig
from minicoil.encoder import EncodedBatch, TokenEncoder, pool_sentences, pool_words
from minicoil.layout import BundleLayout
from minicoil.occurrences import OccurrenceReader, OccurrenceWriter, WordSample
from minicoil.snippets import cut_snippet
from minicoil.stemming import stem
from minicoil.tokens import TokenizedText, WordTokenizer
from minicoil.triplets import word_seed
from tasks.bundles import Parent
from tasks.encoders import RoleModel, find_encoder, pools_by_mean
from tasks.progress import progress
from tasks.sentence_store import SentenceStore

_WINDOW = 4096  # sentences sorted by length together
WordOf = Callable[[str], int]


@dataclass(frozen=True)
class Encoders:
    """What turns text into training features; without `role_model`, one forward pass gives both vectors."""

    tokenizer: WordTokenizer
    encoder: TokenEncoder
    role_model: RoleModel | None = None


def open_encoders(parent: Parent, encoder: str, role_model: str) -> Encoders:
    """What encodes training sentences for a model grown from `parent`.

    Features may come in bfloat16 where the machine is faster in it; released vectors always come from ONNX.

    Raises:
        EncoderError: the role model cannot be loaded, or the encoder is not the parent's.
    """
    from minicoil.torch_encoder import TorchTokenEncoder, computes_bfloat16, has_weights

    tokenizer = WordTokenizer.from_folder(parent.folder)
    name = parent.facts.encoder
    same = role_model == name
    source = find_encoder(name) if same or Path(name).is_dir() or name == "minilm" else None
    if source is not None and has_weights(source) and computes_bfloat16():
        tokens: TokenEncoder = TorchTokenEncoder(source)
    else:
        tokens = TokenEncoder(BundleLayout(parent.folder).encoder)
    if same and source is not None and pools_by_mean(source):
        return Encoders(tokenizer, tokens)
    return Encoders(tokenizer, tokens, RoleModel(role_model))


class Features:
    """Encoded sentences of a set of words, in a folder.

    Attributes:
        words: Vocabulary entries, in order of their numbers.
        keys: (n,) uint64 keys of all sentences.
        role: (n, R) float32 role-model vectors, memory-mapped.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self.words: list[str] = json.loads((folder / "words.json").read_text("utf-8"))
        self.keys: NDArray[np.uint64] = np.load(folder / "keys.npy", allow_pickle=False)
        self.role: NDArray[np.float32] = np.load(folder / "role.npy", mmap_mode="r", allow_pickle=False)
        self._sentences = OccurrenceReader(folder / "sentences", width)
        self._snippets = OccurrenceReader(folder / "snippets", width)
        self._numbers = {word: number for number, word in enumerate(self.words)}

    def count(self, word: str) -> int:
        """Sentences of a word."""
        return self._sentences.count(self._numbers[word])

    def sample(self, word: str) -> WordSample:
        """What the word is trained on."""
        number = self._numbers[word]
        rows, embeddings = self._sentences.read(number)
        origin, snippets = self._snippets.read(number)
        place = {int(row): i for i, row in enumerate(rows)}
        kept = [i for i, row in enumerate(origin) if int(row) in place]
        return WordSample(
            word,
            self.keys[rows],
            embeddings,
            np.asarray(self.role[rows], dtype=np.float32),
            np.asarray([place[int(origin[i])] for i in kept], dtype=np.int64),
            snippets[kept],
        )


Chosen = Mapping[str, NDArray[np.uint64]]  # word -> keys of its sentences, ascending


def encode_features(
    store: SentenceStore,
    encoders: Encoders,
    forms: Mapping[str, Sequence[str]],
    chosen: Chosen,
    sampling: SamplingConfig,
    folder: Path,
) -> Features:
    """Encode the union of all words' sentences once, then their snippets.

    Args:
        store: Where sentences come from, and where role-model vectors go.
        encoders: What encodes them.
        forms: Vocabulary entry -> surface forms to look for.
        chosen: The sentences of each word, see `tasks.sampling`.
        sampling: Most snippets a word, seed.
        folder: For the result; one that is complete for the same words and sentences is used as it is.
    """
    words = sorted(forms)
    keys = np.unique(np.concatenate([*chosen.values(), np.zeros(0, np.uint64)]))
    folder.mkdir(parents=True, exist_ok=True)
    width = encoders.encoder.width
    if _is_complete(folder, words, keys):
        return Features(folder, width)
    (folder / "words.json").unlink(missing_ok=True)
    np.save(folder / "keys.npy", keys)
    number_of = _numbering(words, forms)
    cuts = _encode_sentences(store, encoders, keys, chosen, number_of, words, sampling, folder)
    _encode_snippets(encoders, cuts, number_of, folder)
    part = folder / "words.part"
    part.write_text(json.dumps(words), encoding="utf-8")
    part.replace(folder / "words.json")  # written last: the folder is complete
    return Features(folder, width)


def _is_complete(folder: Path, words: list[str], keys: NDArray[np.uint64]) -> bool:
    try:
        same_words = json.loads((folder / "words.json").read_text("utf-8")) == words
        return same_words and np.array_equal(np.load(folder / "keys.npy", allow_pickle=False), keys)
    except (OSError, ValueError):
        return False


def _numbering(words: Sequence[str], forms: Mapping[str, Sequence[str]]) -> WordOf:
    """Token -> number of the word it is a form of, -1 for all others; by form, by name and by stem."""
    numbers = {word: number for number, word in enumerate(words)}
    numbers |= {form: number for number, word in enumerate(words) for form in forms[word]}
    memo: dict[str, int] = {}

    def number_of(token: str) -> int:
        found = memo.get(token)
        if found is None:
            found = memo[token] = numbers.get(token, numbers.get(stem(token), -1))
        return found

    return number_of


Cut = tuple[int, int, str]  # word number, sentence number, snippet


def _encode_sentences(
    store: SentenceStore,
    encoders: Encoders,
    keys: NDArray[np.uint64],
    chosen: Chosen,
    number_of: WordOf,
    words: Sequence[str],
    sampling: SamplingConfig,
    folder: Path,
) -> list[Cut]:
    role: NDArray[np.float32] | None = None
    wanted = [set(chosen[word].tolist()) for word in words]
    cutter = _SnippetCutter(words, number_of, sampling)
    with (
        OccurrenceWriter(folder / "sentences", encoders.encoder.width) as writer,
        progress("encoding sentences", len(keys), "sentences") as advance,
    ):
        for sentences in store.texts([int(key) for key in keys]):
            texts = [sentence.text for sentence in sentences]
            rows = np.searchsorted(keys, np.asarray([sentence.key for sentence in sentences], dtype=np.uint64))
            tokenized = encoders.tokenizer.tokenize(texts)
            found = [
                {n for n in map(number_of, text.tokens) if n >= 0 and sentence.key in wanted[n]}
                for text, sentence in zip(tokenized, sentences, strict=True)
            ]
            cutter.cut(texts, rows, found)
            pooled = encoders.role_model.encode(texts) if encoders.role_model else None
            for batch in encoders.encoder.encode(tokenized):
                vectors = pool_sentences(batch) if pooled is None else pooled[batch.places]
                if role is None:
                    role = np.lib.format.open_memmap(
                        folder / "role.npy", mode="w+", dtype=np.float32, shape=(len(keys), vectors.shape[1])
                    )
                role[rows[batch.places]] = vectors
                for numbers, sentences_of, embeddings in _word_embeddings(batch, tokenized, found, number_of):
                    writer.append(numbers, rows[sentences_of], embeddings)
                advance(len(batch.places))
            if role is not None:
                store.set_vectors([sentence.key for sentence in sentences], role[rows])
    if role is None:
        np.save(folder / "role.npy", np.zeros((0, encoders.encoder.width), np.float32))
    return cutter.cuts


def _word_embeddings(
    batch: EncodedBatch, texts: Sequence[TokenizedText], found: Sequence[set[int]], number_of: WordOf
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """Word numbers, text places and (k, D) embeddings of one batch."""
    slots: dict[tuple[int, int], int] = {}
    pieces, piece_slots = [], []
    for row, place in enumerate(batch.places):
        text, words = texts[place], found[place]
        if not words:
            continue
        numbers = np.asarray([n if (n := number_of(token)) in words else -1 for token in text.tokens], dtype=np.int64)
        per_piece = numbers[text.positions]
        for piece in np.flatnonzero(per_piece >= 0):
            key = (int(per_piece[piece]), int(place))
            piece_slots.append(slots.setdefault(key, len(slots)))
            pieces.append((row, piece))
    if slots:
        where = np.asarray(pieces)
        embeddings = batch.embeddings[where[:, 0], where[:, 1]]
        table = np.asarray(list(slots), dtype=np.int64)
        yield table[:, 0], table[:, 1], pool_words(embeddings, np.asarray(piece_slots, dtype=np.int64), len(slots))


class _SnippetCutter:
    """Cuts at most `max_snippets` snippets a word, from the first sentences it meets: key order, so a fair draw."""

    def __init__(self, words: Sequence[str], number_of: WordOf, sampling: SamplingConfig) -> None:
        self.cuts: list[Cut] = []
        self._number_of = number_of
        self._sampling = sampling
        self._left = np.full(len(words), sampling.max_snippets)
        self._rngs = [np.random.default_rng(word_seed(word, sampling.seed, "snippets")) for word in words]

    def _is_form(self, number: int, word: str) -> bool:
        return self._number_of(word) == number

    def cut(self, texts: Sequence[str], rows: NDArray[np.int64], found: Sequence[set[int]]) -> None:
        for text, row, numbers in zip(texts, rows, found, strict=True):
            for number in sorted(numbers):
                if self._left[number] <= 0:
                    continue
                rng = self._rngs[number]
                is_form = partial(self._is_form, number)
                snippet = cut_snippet(text, is_form, rng, self._sampling.snippet_neighbours)
                if snippet is not None:
                    self.cuts.append((number, int(row), snippet))
                    self._left[number] -= 1


def _encode_snippets(encoders: Encoders, cuts: Sequence[Cut], number_of: WordOf, folder: Path) -> None:
    with (
        OccurrenceWriter(folder / "snippets", encoders.encoder.width) as writer,
        progress("encoding snippets", len(cuts), "snippets") as advance,
    ):
        for start in range(0, len(cuts), _WINDOW):
            window = cuts[start : start + _WINDOW]
            tokenized = encoders.tokenizer.tokenize([snippet for _, _, snippet in window])
            found = [{number} for number, _, _ in window]
            for batch in encoders.encoder.encode(tokenized):
                for numbers, places, embeddings in _word_embeddings(batch, tokenized, found, number_of):
                    rows = np.asarray([window[place][1] for place in places], dtype=np.int64)
                    writer.append(numbers, rows, embeddings)
                advance(len(batch.places))
