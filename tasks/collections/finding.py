"""Points that a change of vocabulary affects: candidates from an index, then the exact check on the text."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from minicoil.sparse import find_impact, is_affected
from minicoil.text import WordTokenizer
from minicoil.words import Vocabulary
from tasks.catalogue import KEYS_FIELD, STAMP_FIELD, CollectionRecord
from tasks.collections.carriers import count_carriers
from tasks.collections.texts import PointTextError, TextSource
from tasks.points import Point, PointFilter, PointId, PointStore

PAGE = 512
UNSTAMPED = -1  # in place of a stamp: points that this service has not written
_KEYS_PER_QUERY = 1000
_EXAMPLES = 3
logger = logging.getLogger(__name__)


@dataclass
class Found:
    """What the exact check made of the candidates; filled while they are read.

    Attributes:
        n_candidates: Points that carry a key or a cell of a changed word.
        n_affected: Those whose vector really changes.
        without_text: Candidates whose text is gone, with the reason; `n_without_text` counts them, a few are kept.
    """

    n_candidates: int = 0
    n_affected: int = 0
    n_without_text: int = 0
    without_text: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Finder:
    """Finds the points of one collection that a change from `old` to `new` affects.

    Where this service indexed the collection, keys in the payload say which points have a changed word; elsewhere the
    sparse index itself does, asked for the cells that the changed words had. Both are supersets; the text decides.

    Attributes:
        stack: (rows, D, d) float32 layers that hold the rows of `old`.
        part: (index, total): only this share of the points, so that several workers can divide them.
    """

    points: PointStore
    record: CollectionRecord
    texts: TextSource
    tokenizer: WordTokenizer
    old: Vocabulary
    new: Vocabulary
    stack: NDArray[np.float32]
    part: tuple[int, int] | None = None

    @cached_property
    def impact_by_word(self) -> Mapping[str, tuple[list[str], list[int]]]:
        """Changed word -> its keys, and the cells of the texts that have it."""
        impact = find_impact(self.old, self.new)
        return {
            word: (keys, sorted({cell for key in keys for cell in impact.cells[key]}))
            for word, keys in impact.by_word().items()
        }

    def affected(
        self, found: Found, target: int | None, stamped: int | None = None
    ) -> Iterator[tuple[list[tuple[Point, str]], int]]:
        """Pages of affected points with their texts, and how many candidates each page looked at.

        Args:
            found: Counts up while the pages are read.
            target: Points that carry this stamp are left out; None leaves out nobody.
            stamped: Only points that carry this stamp, or none: `UNSTAMPED`.
        """
        for page in self._candidates(target, stamped):
            rows: list[tuple[Point, str]] = []
            for point in page:
                try:
                    rows.append((point, self.texts.read(point)))
                except PointTextError as error:
                    found.n_without_text += 1
                    if len(found.without_text) < 10:
                        found.without_text.append(str(error))
            tokenized = self.tokenizer.tokenize([text for _, text in rows])
            kept = [
                row for row, text in zip(rows, tokenized, strict=True) if is_affected(self.old, self.new, text.tokens)
            ]
            found.n_candidates += len(page)
            found.n_affected += len(kept)
            yield kept, len(page)

    def _candidates(self, target: int | None, stamped: int | None) -> Iterator[list[Point]]:
        """Points that may be affected, each once."""
        equal = {} if stamped is None or stamped == UNSTAMPED else {STAMP_FIELD: stamped}
        done = {} if target is None else {STAMP_FIELD: target}
        missing = [STAMP_FIELD] if stamped == UNSTAMPED else []
        where = PointFilter(equal=equal, not_equal=done, missing=missing, slice=self.part)
        if self.record.is_ours:
            yield from self._by_keys(where)
        elif self._has_silent_word:
            logger.warning(
                "%s: a changed word's old layer is zero, so its cells find nothing; every point is looked at",
                self.record.name,
            )
            yield from self.points.scroll(self.record.name, where, self.texts.fields, page=PAGE)
        else:
            cells = sorted({cell for _, cells in self.impact_by_word.values() for cell in cells})
            ids = sorted(self.points.find(self.record.name, self.record.vector, cells, where), key=str)
            for start in range(0, len(ids), PAGE):
                yield self.points.get(self.record.name, ids[start : start + PAGE], self.texts.fields)

    def _by_keys(self, where: PointFilter) -> Iterator[list[Point]]:
        seen: set[PointId] = set()
        keys = sorted({key for keys, _ in self.impact_by_word.values() for key in keys})
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            some = replace(where, any_of={KEYS_FIELD: keys[start : start + _KEYS_PER_QUERY]})
            for page in self.points.scroll(self.record.name, some, self.texts.fields, page=PAGE):
                fresh = [point for point in page if point.id not in seen]
                if len(keys) > _KEYS_PER_QUERY:  # else nothing comes twice
                    seen.update(point.id for point in fresh)
                if fresh:
                    yield fresh

    @property
    def _has_silent_word(self) -> bool:
        """Whether a changed word had a layer of zeros: its cells are zero then, and no posting leads to its points."""
        cells = {cell for _, cells in self.impact_by_word.values() for cell in cells}
        ids = sorted({cell // self.old.dims for cell in cells if cell < self.old.unknown_shift})
        rows = [i for i in ids if i < len(self.stack)]
        return any(not np.any(self.stack[i]) for i in rows)

    def describe(self, found_by_word: int = _EXAMPLES) -> list[dict[str, object]]:
        """For a dry run: changed words with how many points carry each, most first, and a few of their texts."""
        rows: list[dict[str, object]] = []
        for word, (keys, cells) in self.impact_by_word.items():
            if self.record.is_ours:
                n, where = count_carriers(self.points, self.record, keys, ()), PointFilter(any_of={KEYS_FIELD: keys})
                some = next(self.points.scroll(self.record.name, where, self.texts.fields, page=found_by_word), [])
            else:
                ids = self.points.find(self.record.name, self.record.vector, cells)
                n = len(ids)
                first = sorted(ids, key=str)[:found_by_word]
                some = self.points.get(self.record.name, first, self.texts.fields)
            if n:
                rows.append({"word": word, "n_points": n, "examples": list(_shown(self.texts, some))})
        return sorted(rows, key=lambda row: (-int(str(row["n_points"])), str(row["word"])))


def _shown(texts: TextSource, some: Sequence[Point]) -> Iterator[str]:
    for point in some:
        try:
            text = " ".join(texts.read(point).split())
        except PointTextError as error:
            text = str(error)
        yield text if len(text) <= 120 else text[:119] + "\u2026"
