"""Training features: each sentence encoded once, for all of its words."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minicoil.config import SamplingConfig
from minicoil.errors import TrainingError
from minicoil.files import load_array, parse_json, write_json, write_whole
from minicoil.text import Language, cut_snippet, sentence_key
from minicoil.training import OccurrenceReader, OccurrenceWriter, WordSample, word_seed
from tasks.models import Encoders, SentenceEncoder
from tasks.progress import progress
from tasks.sentences import SentenceStore

_WINDOW = 4096  # snippets sorted by length together
WordOf = Callable[[str], int]


class Features:
    """Encoded sentences of a set of words, in a folder.

    Attributes:
        folder: Where they are.
        words: Vocabulary entries, in order of their numbers.
        keys: (n,) uint64 keys of all sentences.
        role: (n, R) float32 role-model vectors, memory-mapped.
        width: D, numbers per token embedding.

    Raises:
        TrainingError: the folder is not complete.
    """

    def __init__(self, folder: Path, width: int) -> None:
        try:
            self.words: list[str] = parse_json((folder / "words.json").read_text("utf-8"))
            self.keys: NDArray[np.uint64] = load_array(folder / "keys.npy")
            self.role: NDArray[np.float32] = load_array(folder / "role.npy", mmap_mode="r")
            _check(self.words, self.keys, self.role)
        except (OSError, ValueError) as error:
            raise TrainingError(f"{folder} holds no complete features ({error}); run the same command again") from error
        self.folder = folder
        self.width = width
        self._sentences = OccurrenceReader(folder / "sentences", width, len(self.keys))
        self._snippets = OccurrenceReader(folder / "snippets", width, len(self.keys))
        self._numbers = {word: number for number, word in enumerate(self.words)}

    def count(self, word: str) -> int:
        """Sentences of a word."""
        return self._sentences.count(self._numbers[word])

    def rows(self, word: str) -> NDArray[np.int64]:
        """(n,) ascending: which of `keys` the word's sentences are."""
        return self._sentences.rows(self._numbers[word])

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


def _check(words: list[str], keys: NDArray[np.uint64], role: NDArray[np.float32]) -> None:
    """Stop at tables that do not belong together; these files also come from other machines."""
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("words.json is no list of words")
    if (
        keys.dtype != np.uint64
        or keys.ndim != 1
        or role.dtype != np.float32
        or role.ndim != 2
        or len(role) != len(keys)
    ):
        raise ValueError(f"keys {keys.dtype}{keys.shape} with role vectors {role.dtype}{role.shape}")


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
        chosen: The sentences of each word, see `tasks.training.sampling`.
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
    number_of = _numbering(words, forms, encoders.tokenizer.language)
    cuts = _encode_sentences(store, encoders, keys, chosen, number_of, words, sampling, folder)
    _encode_snippets(encoders, cuts, number_of, folder)
    write_whole(folder / "words.json", write_json(words, ascii_only=True))  # last: the folder is complete
    return Features(folder, width)


def cut_features(features: Features, words: Sequence[str], folder: Path) -> None:
    """A folder of features of some of the words and their sentences only, equal to the bit.

    Args:
        features: Of all words.
        words: Those to keep.
        folder: Made anew.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    kept = sorted(words)
    rows = np.unique(np.concatenate([np.zeros(0, np.int64), *(features.rows(word) for word in kept)]))
    np.save(folder / "keys.npy", features.keys[rows])
    np.save(folder / "role.npy", np.asarray(features.role[rows], dtype=np.float32))
    with (
        OccurrenceWriter(folder / "sentences", features.width) as sentences,
        OccurrenceWriter(folder / "snippets", features.width) as snippets,
    ):
        for number, word in enumerate(kept):
            own, sample = np.searchsorted(rows, features.rows(word)), features.sample(word)
            sentences.append(np.full(len(own), number, np.int64), own, sample.embeddings)
            cut_from = own[sample.snippet_rows]
            snippets.append(np.full(len(cut_from), number, np.int64), cut_from, sample.snippet_embeddings)
    (folder / "words.json").write_text(write_json(kept, ascii_only=True), encoding="utf-8")


def _is_complete(folder: Path, words: list[str], keys: NDArray[np.uint64]) -> bool:
    try:
        same_words = parse_json((folder / "words.json").read_text("utf-8")) == words
        return same_words and np.array_equal(load_array(folder / "keys.npy"), keys)
    except (OSError, ValueError):
        return False


def _numbering(words: Sequence[str], forms: Mapping[str, Sequence[str]], language: Language) -> WordOf:
    """Token -> number of the word it is a form of, -1 for all others; by form, by name and by stem."""
    numbers = {word: number for number, word in enumerate(words)}
    numbers |= {form: number for number, word in enumerate(words) for form in forms[word]}
    memo: dict[str, int] = {}

    def number_of(token: str) -> int:
        found = memo.get(token)
        if found is None:
            found = memo[token] = numbers.get(token, numbers.get(language.stem(token), -1))
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
    wanted = [set(chosen[word].tolist()) for word in words]
    cutter = _SnippetCutter(words, number_of, sampling, encoders.tokenizer.fold)
    role = np.lib.format.open_memmap(
        folder / "role.npy", mode="w+", dtype=np.float32, shape=(len(keys), encoders.role_width)
    )
    with (
        SentenceEncoder(encoders, with_role=True) as encoder,
        OccurrenceWriter(folder / "sentences", encoders.encoder.width) as writer,
        progress("encoding sentences", len(keys), "sentences") as advance,
    ):
        for sentences in store.texts([int(key) for key in keys]):
            if not sentences:  # deleted meanwhile
                continue
            texts = {sentence.key: sentence.text for sentence in sentences}
            rows = np.searchsorted(keys, np.asarray(list(texts), dtype=np.uint64))
            encoded = encoder.encode(texts, advance)
            role[rows] = np.stack([encoded[key].role for key in texts])
            found = []
            for key, row in zip(texts, rows.tolist(), strict=True):
                mine = {n for n in map(number_of, encoded[key].tokens) if n >= 0 and key in wanted[n]}
                writer.append_text(row, encoded[key].by_number(number_of, mine))
                found.append(mine)
            cutter.cut(list(texts.values()), list(texts), rows, found)
            store.set_vectors(list(texts), role[rows])
    return cutter.cuts


class _SnippetCutter:
    """Cuts at most `max_snippets` snippets a word, from the first sentences it meets: key order, so a fair draw."""

    def __init__(
        self, words: Sequence[str], number_of: WordOf, sampling: SamplingConfig, fold: Callable[[str], str]
    ) -> None:
        self.cuts: list[Cut] = []
        self._number_of = number_of
        self._sampling = sampling
        self._left = np.full(len(words), sampling.max_snippets)
        self._words = words
        self._fold = lru_cache(2**16)(fold)

    def _is_form(self, number: int, word: str) -> bool:
        return self._number_of(word) == number

    def cut(
        self, texts: Sequence[str], keys: Sequence[int], rows: NDArray[np.int64], found: Sequence[set[int]]
    ) -> None:
        for text, key, row, numbers in zip(texts, keys, rows, found, strict=True):
            for number in sorted(numbers):
                if self._left[number] <= 0:
                    continue
                # by sentence: one more sentence in the corpus must not change the snippets of all the others
                rng = np.random.default_rng(word_seed(self._words[number], self._sampling.seed, f"snippet {key}"))
                is_form = partial(self._is_form, number)
                snippet = cut_snippet(text, is_form, rng, self._sampling.snippet_neighbours, self._fold)
                if snippet is not None:
                    self.cuts.append((number, int(row), snippet))
                    self._left[number] -= 1


def _encode_snippets(encoders: Encoders, cuts: Sequence[Cut], number_of: WordOf, folder: Path) -> None:
    with (
        SentenceEncoder(encoders, with_role=False) as encoder,
        OccurrenceWriter(folder / "snippets", encoders.encoder.width) as writer,
        progress("encoding snippets", len(cuts), "snippets") as advance,
    ):
        for start in range(0, len(cuts), _WINDOW):
            window = cuts[start : start + _WINDOW]
            keys = [sentence_key(snippet) for _, _, snippet in window]
            encoded = encoder.encode({key: cut[2] for key, cut in zip(keys, window, strict=True)}, advance)
            for key, (number, row, _) in zip(keys, window, strict=True):
                writer.append_text(row, encoded[key].by_number(number_of, {number}))
