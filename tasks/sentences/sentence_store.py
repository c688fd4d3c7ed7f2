"""The sentence store: every sentence ever read, with its role-model vector, found by the words in it."""

from __future__ import annotations

import heapq
import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.columns import WordRows, as_column
from tasks.points import CollectionSchema, Point, PointFilter, PointStore, VectorUpdate

NAME = "_sentences"
ROLE = "role"
_TEXT, _FOLDED = "text", "folded"  # both have an index of words; the second those that folding changes


_WORDS = re.compile(r"[^\W_]+")  # as the engine cuts them
_PAGE = 1000
_WRITTEN = 2000  # sentences written together


@dataclass(frozen=True)
class Sentence:
    """One sentence.

    Attributes:
        key: Hash of its words.
        doc: The document it is deleted with.
        folded: Its words that the tokenizer has in another form than the text, see `folded_words`: the engine's index
            of words lowers case and knows nothing of accents.
    """

    key: int
    text: str
    doc: str
    folded: str = ""


class SentenceWriter(AbstractContextManager["SentenceWriter"], ABC):
    """Takes the sentences of a reading, batch by batch."""

    @abstractmethod
    def add(self, keys: NDArray[np.uint64], texts: Any, docs: Sequence[str], rows: WordRows) -> int:
        """Add those that are not there yet; returns how many these were.

        Args:
            keys: (n,) uint64, none of them twice in all that one reading adds.
            texts: Of each; a sequence, or a pyarrow string array.
            docs: The document of each.
            rows: The words of each.
        """

    def __exit__(self, *error: object) -> None:
        """Whoever gathers sentences writes the last of them here."""


class PointWriter(SentenceWriter):
    """Sentences as points, at once."""

    def __init__(self, store: SentenceStore, fold: Callable[[str], str], keep: bool) -> None:
        self._store, self._fold, self._keep = store, fold, keep

    def add(self, keys: NDArray[np.uint64], texts: Any, docs: Sequence[str], rows: WordRows) -> int:
        """Take up sentences by key, (n,) uint64, with the words they have; returns how many are new."""
        n_new, texts = 0, as_column(texts).to_pylist()
        for start in range(0, len(texts), _WRITTEN):
            part = slice(start, start + _WRITTEN)
            entries = zip(keys[part].tolist(), texts[part], docs[part], strict=True)
            sentences = [Sentence(key, text, doc, folded_words(text, self._fold)) for key, text, doc in entries]
            n_new += self._store.add(sentences) if self._keep else self._store.count_absent(sentences)
        return n_new


class SentenceStore:
    """Sentences in a Qdrant collection that accumulates over runs.

    Args:
        points: The engine.
        role_width: R, of the role model; a store holds vectors of one width. None: the store is there already.
        role_model: Its name; another role model gets a store of its own.
        name: Of the collection; empty: by its role model and language.
        language: ISO 639 code of the sentences; each has a store of its own, or "Gift" would learn from "gift".
    """

    def __init__(
        self,
        points: PointStore,
        role_width: int | None,
        role_model: str = "minilm",
        name: str = "",
        language: str = "en",
    ) -> None:
        self._points = points
        self.name = name or store_name(role_model, language)
        if role_width is not None:
            schema = CollectionSchema(dense={ROLE: role_width}, keyword=("doc",), text=(_TEXT, _FOLDED))
            points.ensure(self.name, schema)

    @classmethod
    def find(cls, points: PointStore, role_model: str = "minilm", language: str = "en") -> SentenceStore | None:
        """The store of a role model and language where there is one, to read from; None where nothing was read."""
        name = store_name(role_model, language)
        return cls(points, None, name=name) if points.exists(name) else None

    @classmethod
    def all_of(cls, points: PointStore) -> list[SentenceStore]:
        """The stores of every role model that was ever used here."""
        names = [name for name in points.names() if name == NAME or name.startswith(f"{NAME}_")]
        return [cls(points, None, name=name) for name in names]

    def add(self, sentences: Sequence[Sentence]) -> int:
        """Add those that are not there yet, without vectors; returns how many were new."""
        unique = {sentence.key: sentence for sentence in sentences}
        known = {int(point.id): point for point in self._points.get(self.name, list(unique), [_FOLDED])}
        fresh = [entry for key, entry in unique.items() if key not in known]
        self._points.upsert(self.name, [point_of(sentence) for sentence in fresh])
        for key, point in known.items():  # read by an earlier version, which found them by the text alone
            if unique[key].folded and not point.payload.get(_FOLDED):
                self._points.set_payload(self.name, [key], {_FOLDED: unique[key].folded})
        return len(fresh)

    def count_absent(self, sentences: Sequence[Sentence]) -> int:
        """How many of them `add` would add."""
        keys = {sentence.key for sentence in sentences}
        return len(keys) - len(self._points.get(self.name, list(keys), payload=False))

    def set_vectors(self, keys: Sequence[int], role: NDArray[np.float32]) -> None:
        """Write the role-model vectors, (n, R) float32 unit, of sentences that are there."""
        updates = [VectorUpdate(key, {ROLE: row}) for key, row in zip(keys, role, strict=True)]
        self._points.write_vectors(self.name, updates)

    def sample(self, forms: Sequence[str], n: int) -> list[int]:
        """Keys of at most `n` sentences with one of the forms, uniformly drawn.

        Keys are hashes, so the smallest `n` of them are a uniform sample that is the same on every run and stays
        nested as the store grows.
        """
        return next(self._pages(forms, n), [])[:n]

    def sample_each(self, forms: Mapping[str, Sequence[str]], n: int) -> dict[str, list[int]]:
        """`sample` of several words."""
        return {word: self.sample(given, n) for word, given in forms.items()}

    def keys(self, forms: Sequence[str]) -> Iterator[list[int]]:
        """Keys of all sentences with one of the forms, in pages, ascending."""
        yield from self.point_keys(forms)

    def point_keys(self, forms: Sequence[str]) -> Iterator[list[int]]:
        """The same of those sentences that are points, which here all are."""
        yield from self._pages(forms, _PAGE)

    def draw(
        self, forms: Mapping[str, Sequence[str]], n: int, domain: NDArray[np.uint64]
    ) -> dict[str, tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
        """Of sentences that are no points, for each word the lowest `n` keys, inside a corpus and outside of it."""
        return {}

    def writer(self, fold: Callable[[str], str], keep: bool = True) -> SentenceWriter:
        """What a reading gives its sentences to; without `keep` they are only counted."""
        return PointWriter(self, fold, keep)

    def _pages(self, forms: Sequence[str], size: int) -> Iterator[list[int]]:
        """Keys in both indexes, ascending, each once."""
        filters = [PointFilter(text_any={field: list(forms)}) for field in (_TEXT, _FOLDED)]
        streams = (self._points.scroll(self.name, where, payload=False, page=size) for where in filters)
        merged = heapq.merge(*((int(point.id) for page in stream for point in page) for stream in streams))
        unique = (key for key, _ in groupby(merged))
        while page := list(islice(unique, size)):
            yield page

    def random(self, forms: Sequence[str], n: int) -> list[Sentence]:
        """At most `n` random sentences with one of the forms, others on every call; to look at."""
        found: dict[int, Sentence] = {}
        for field in (_TEXT, _FOLDED):
            rows = self._points.sample(self.name, PointFilter(text_any={field: list(forms)}), n)
            found |= {int(row.id): _sentence(row) for row in rows}
        return random.sample(list(found.values()), min(n, len(found)))

    def texts(self, keys: Sequence[int]) -> Iterator[list[Sentence]]:
        """The sentences of `keys`, in lists, in order of keys asked for; those deleted meanwhile are left out."""
        for start in range(0, len(keys), 2048):
            asked = keys[start : start + 2048]
            found = {int(point.id): _sentence(point) for point in self._points.get(self.name, list(asked))}
            yield [found[key] for key in asked if key in found]

    def vectors(self, keys: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """(R,) float32 role-model vectors by key; those not encoded yet are left out."""
        rows = self._points.get(self.name, list(keys), payload=False, vectors=True)
        return {int(row.id): np.asarray(row.vectors[ROLE], np.float32) for row in rows if ROLE in row.vectors}

    def count(self, forms: Sequence[str] | None = None) -> int:
        """Sentences, or those with one of the forms."""
        if not forms:
            return self._points.count(self.name)
        fields = ({_TEXT: list(forms)}, {_FOLDED: list(forms)})
        one, other = (self._points.count(self.name, PointFilter(text_any=field)) for field in fields)
        both = self._points.count(self.name, PointFilter(text_any=fields[0] | fields[1])) if other else 0
        return one + other - both

    def of_document(self, doc: str) -> Iterator[list[Sentence]]:
        """The sentences first read in a document, in lists."""
        for page in self._points.scroll(self.name, PointFilter(any_of={"doc": [doc]})):
            yield [_sentence(point) for point in page]

    def delete(self, keys: Sequence[int]) -> int:
        """Remove sentences; returns how many of them were there. They leave the disk with `PointStore.purge`."""
        there = [int(point.id) for point in self._points.get(self.name, list(keys), payload=False)]
        self._points.delete(self.name, there)
        return len(there)


def store_name(role_model: str, language: str = "en") -> str:
    """Of the store of a role model and a language.

    >>> store_name("minilm"), store_name("acme/role-model"), store_name("minilm", "de")
    ('_sentences', '_sentences_acme_role_model', '_sentences_minilm-de')
    """
    own = f"{NAME}_" + "".join(c if c.isalnum() else "_" for c in role_model)[-60:]
    if language != "en":
        return f"{own}-{language}"  # no role model's own name has the dash
    return NAME if role_model == "minilm" else own


def language_of_store(name: str) -> str:
    """ISO 639 code of the sentences of a store, by its name.

    >>> language_of_store("_sentences"), language_of_store("_sentences_minilm-de")
    ('en', 'de')
    """
    return name.partition("-")[2] or "en"


def folded_words(text: str, fold: Callable[[str], str]) -> str:
    r"""Words of a text that folding changes by more than case, folded.

    >>> from minicoil.text.folding import fold_text
    >>> folded_words("A Caf\u00e9 opens", fold_text), folded_words("The Pods", fold_text)
    ('cafe', '')

    Args:
        text: A sentence.
        fold: The tokenizer's.
    """
    if text.isascii() and text.isprintable():
        return ""
    there = set(_WORDS.findall(text.lower()))
    return " ".join(dict.fromkeys(word for word in _WORDS.findall(fold(text)) if word.lower() not in there))


def point_of(sentence: Sentence) -> Point:
    """A sentence as a point, without its vector."""
    payload = {_TEXT: sentence.text, "doc": sentence.doc}
    return Point(sentence.key, {**payload, _FOLDED: sentence.folded} if sentence.folded else payload)


def _sentence(point: Point) -> Sentence:
    return Sentence(int(point.id), str(point.payload["text"]), str(point.payload["doc"]))
