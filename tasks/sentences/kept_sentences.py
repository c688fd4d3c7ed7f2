"""The sentence store as runs use it: what was read lies in columns, what training encoded is a point with its vector.

Not every sentence that was read is ever asked for: of 40 million some millions are. So reading writes columns
(`sentence_columns`), choosing draws from them, and a sentence becomes a point when it gets its role-model vector.
Homes that earlier versions filled have sentences that are points alone; these are found here too.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from minicoil.keys import KeyRuns
from tasks.place import Place
from tasks.points import Point, PointStore
from tasks.sentences.column_writer import ColumnWriter
from tasks.sentences.sentence_columns import PREFIX, SentenceColumns, StoredSentence
from tasks.sentences.sentence_store import ROLE, Sentence, SentenceStore, SentenceWriter, point_of, store_name

_WORDS = re.compile(r"[^\W_]+")  # as the engine cuts them
_PAGE = 2048
Keys = NDArray[np.uint64]


class KeptSentences(SentenceStore):
    """Columns and points of one role model.

    Args:
        points: The engine.
        role_width: R, of the role model; None: no points are made.
        role_model: Its name.
        place: Whose object store has the columns.
        language: ISO 639 code of the sentences.
        name: Of the store; empty: by its role model and language.
    """

    def __init__(
        self,
        points: PointStore,
        role_width: int | None,
        role_model: str,
        place: Place,
        language: str = "en",
        name: str = "",
    ) -> None:
        super().__init__(points, role_width, role_model, name, language)
        self.columns = SentenceColumns(place.objects(), self.name, place.cache)
        self._has_points = points.exists(self.name)

    @classmethod
    def found(cls, place: Place, points: PointStore, role_model: str, language: str = "en") -> KeptSentences | None:
        """What was read in a language for a role model, to read from; None where nothing ever was."""
        name = store_name(role_model, language)
        return next((store for store in cls.all_kept(place, points) if store.name == name), None)

    @classmethod
    def all_kept(cls, place: Place, points: PointStore) -> list[KeptSentences]:
        """The stores of every role model that was ever used here."""
        names = {store.name for store in SentenceStore.all_of(points)}
        for entry in place.objects().list(PREFIX):
            names.add(entry.key.removeprefix(PREFIX).split("/")[0])
        return [cls(points, None, "", place, name=name) for name in sorted(names)]

    def writer(self, fold: Callable[[str], str], keep: bool = True) -> SentenceWriter:
        """Gathers new sentences into pieces of columns."""
        return ColumnWriter(self.columns, self.known_keys(), keep)

    def known_keys(self) -> KeyRuns:
        """Keys of all sentences, whichever way they are kept; 8 bytes each."""
        known = KeyRuns()
        for keys in self.columns.key_pages():
            known.add(keys)
        for page in self._points.scroll(self.name, payload=False, page=10_000) if self._has_points else ():
            known.add(np.asarray([point.id for point in page], np.uint64))
        return known

    def set_vectors(self, keys: Sequence[int], role: NDArray[np.float32]) -> None:
        """Write the role-model vectors, (n, R) float32 unit, of sentences that are there; these are points from now."""
        there = {int(point.id) for point in self._points.get(self.name, list(keys), payload=False)}
        places = {key: place for place, key in enumerate(keys)}
        known = [key for key in keys if key in there]
        super().set_vectors(known, role[[places[key] for key in known]])
        rows = self.columns.rows(places.keys() - there)
        self._points.upsert(self.name, [_with_vector(row, role[places[key]]) for key, row in rows.items()])

    def draw(self, forms: Mapping[str, Sequence[str]], n: int, domain: Keys) -> dict[str, tuple[Keys, Keys]]:
        """Of the columns' sentences, for each word the lowest `n` keys, inside a corpus and outside of it."""
        return self.columns.draw(forms, n, domain)

    def point_keys(self, forms: Sequence[str]) -> Iterator[list[int]]:
        """Keys of points with one of the forms, in pages, ascending."""
        if self._has_points:
            yield from super().point_keys(forms)

    def keys(self, forms: Sequence[str]) -> Iterator[list[int]]:
        """Keys of all sentences with one of the forms, in pages, ascending."""
        found = self._keys_with(forms)
        for start in range(0, len(found), _PAGE):
            yield found[start : start + _PAGE].tolist()

    def _keys_with(self, forms: Sequence[str]) -> Keys:
        points = [np.asarray(page, np.uint64) for page in self.point_keys(forms)]
        return np.unique(np.concatenate([self.columns.with_forms(forms), *points]))

    def sample(self, forms: Sequence[str], n: int) -> list[int]:
        """The smallest `n` keys of sentences with one of the forms."""
        return self.sample_each({"": forms}, n)[""]

    def sample_each(self, forms: Mapping[str, Sequence[str]], n: int) -> dict[str, list[int]]:
        """`sample` of several words, in one pass over the columns."""
        drawn = self.columns.draw(forms, n, np.zeros(0, np.uint64))
        found = {}
        for word, given in forms.items():
            points = super().sample(given, n) if self._has_points and given else []
            found[word] = sorted({*drawn[word][1].tolist(), *points})[:n]
        return found

    def random(self, forms: Sequence[str], n: int) -> list[Sentence]:
        """At most `n` random sentences with one of the forms, others on every call; to look at."""
        keys = self._keys_with(forms).tolist()
        chosen = random.sample(keys, min(n, len(keys)))
        return [sentence for page in self.texts(chosen) for sentence in page]

    def texts(self, keys: Sequence[int]) -> Iterator[list[Sentence]]:
        """The sentences of `keys`, in lists, in order of keys asked for; those deleted meanwhile are left out."""
        for start in range(0, len(keys), _PAGE):
            asked = keys[start : start + _PAGE]
            found: dict[int, Sentence] = {}
            if self._has_points:
                found = {sentence.key: sentence for page in super().texts(asked) for sentence in page}
            missing = [key for key in asked if key not in found]
            found |= {key: Sentence(key, row.text, row.doc) for key, row in self.columns.rows(missing).items()}
            yield [found[key] for key in asked if key in found]

    def vectors(self, keys: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """(R,) float32 role-model vectors by key; those not encoded yet are left out."""
        return super().vectors(keys) if self._has_points else {}

    def count(self, forms: Sequence[str] | None = None) -> int:
        """Sentences, or those with one of the forms."""
        if forms:
            return len(self._keys_with(forms))
        return len(self.known_keys())

    def count_absent(self, sentences: Sequence[Sentence]) -> int:
        """How many of them are not there."""
        keys = list({sentence.key for sentence in sentences})
        return len(keys) - sum(len(page) for page in self.texts(keys))

    def of_document(self, doc: str) -> Iterator[list[Sentence]]:
        """The sentences first read in a document, in lists; one that is a point too comes twice."""
        if self._has_points:
            yield from super().of_document(doc)
        for page in self.columns.of_document(doc):
            yield [Sentence(row.key, row.text, row.doc) for row in page]

    def delete(self, keys: Sequence[int]) -> int:
        """Remove sentences from columns and points; returns how many of them were there."""
        n = sum(len(page) for page in self.texts(keys))
        self.columns.delete(keys)
        if self._has_points:
            super().delete(keys)
        return n

    def purge(self) -> bool:
        """Take what was deleted off the disk; False where a server does that when it pleases."""
        return self._points.purge(self.name) if self._has_points else True


def _with_vector(row: StoredSentence, vector: NDArray[np.float32]) -> Point:
    """A point as the sentence store has it, with the words that the engine would not find in the text."""
    there = set(_WORDS.findall(row.text.lower()))
    folded = " ".join(word for word in row.words if word not in there) if not row.text.isascii() else ""
    point = point_of(Sentence(row.key, row.text, row.doc, folded))
    return Point(point.id, point.payload, {ROLE: vector})
