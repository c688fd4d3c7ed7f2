"""What was seen of words in their meanings: queries about each, both rankings, and how often each system is right."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import comb
from typing import Any

_CHANCE = 0.05


@dataclass(frozen=True)
class SeenHit:
    """A sentence found; `sense` is the meaning it has the word in, None where it is another word's sentence."""

    text: str
    sense: int | None


@dataclass(frozen=True)
class SeenQuery:
    """A few words around `word`, cut from a sentence that training never saw and that is not searched.

    Attributes:
        sense: The meaning asked for.
        bm25, minicoil: The first results of both.
        n_looked: First results that were counted: ten, or as many as there are sentences with the asked meaning.
        of_bm25, of_minicoil: Of these, those that have it.
    """

    word: str
    text: str
    sense: int
    bm25: tuple[SeenHit, ...]
    minicoil: tuple[SeenHit, ...]
    n_looked: int
    of_bm25: int
    of_minicoil: int

    @property
    def is_bm25_right(self) -> bool:
        """Whether BM25 has the asked meaning first."""
        return bool(self.bm25) and self.bm25[0].sense == self.sense

    @property
    def is_minicoil_right(self) -> bool:
        """Whether miniCOIL has the asked meaning first."""
        return bool(self.minicoil) and self.minicoil[0].sense == self.sense

    @property
    def gain(self) -> float:
        """Share of the first results that have the asked meaning, miniCOIL's less BM25's; the shown ones break ties."""
        counted = (self.of_minicoil - self.of_bm25) / self.n_looked
        return counted + (self._worth(self.minicoil) - self._worth(self.bm25)) / 100

    @property
    def is_telling(self) -> bool:
        """Whether a person who reads the shown results of both sees the asked meaning at other places."""
        return [hit.sense == self.sense for hit in self.bm25] != [hit.sense == self.sense for hit in self.minicoil]

    def _worth(self, hits: Sequence[SeenHit]) -> float:
        return sum((hit.sense == self.sense) / place for place, hit in enumerate(hits, 1))


@dataclass(frozen=True)
class SeenSense:
    """One meaning: words that tell it, how many of the sentences have it, and some of these."""

    words: tuple[str, ...]
    n_sentences: int
    examples: tuple[str, ...]


class Counted(ABC):
    """Queries, and how often each system was right, of whatever asked them."""

    @property
    @abstractmethod
    def asked(self) -> tuple[SeenQuery, ...]:
        """All of them."""

    @property
    def n_bm25(self) -> int:
        """Queries for which BM25 has the asked meaning first."""
        return sum(query.is_bm25_right for query in self.asked)

    @property
    def n_minicoil(self) -> int:
        """Queries for which miniCOIL has the asked meaning first."""
        return sum(query.is_minicoil_right for query in self.asked)

    @property
    def n_looked(self) -> int:
        """First results counted, of all queries together."""
        return sum(query.n_looked for query in self.asked)

    @property
    def of_bm25(self) -> int:
        """Of these, those that have the asked meaning under BM25."""
        return sum(query.of_bm25 for query in self.asked)

    @property
    def of_minicoil(self) -> int:
        """Of these, those that have the asked meaning under miniCOIL."""
        return sum(query.of_minicoil for query in self.asked)

    def counts(self) -> dict[str, int]:
        """For --json."""
        return {name: getattr(self, name) for name in ("n_bm25", "n_minicoil", "n_looked", "of_bm25", "of_minicoil")}


@dataclass(frozen=True)
class SeenWord(Counted):
    """A word, its meanings, the largest first, and every query asked about it."""

    word: str
    form: str
    senses: tuple[SeenSense, ...]
    queries: tuple[SeenQuery, ...]

    @property
    def asked(self) -> tuple[SeenQuery, ...]:
        """Its own."""
        return self.queries

    def shown(self, n: int = 2) -> tuple[SeenQuery, ...]:
        """For each of `n` meanings one query: of those whose shown results tell the systems apart, the best.

        The largest meanings come first; one whose queries all show the same of both systems comes after the others.
        """
        by_sense = [[query for query in self.queries if query.sense == sense] for sense in range(len(self.senses))]
        best = [max(found, key=lambda query: (query.is_telling, query.gain)) for found in by_sense if found]
        chosen = sorted(best, key=lambda query: not query.is_telling)[:n]
        return tuple(sorted(chosen, key=lambda query: query.sense))


@dataclass(frozen=True)
class FirstLook(Counted):
    """Every word that was asked about, the one that gains most first.

    Attributes:
        n_one_meaning: Words of the release whose sentences show one meaning here, or too little of a second one.
    """

    words: tuple[SeenWord, ...] = ()
    n_one_meaning: int = 0

    @property
    def asked(self) -> tuple[SeenQuery, ...]:
        """Those of all words."""
        return tuple(query for word in self.words for query in word.queries)

    @property
    def n_asked(self) -> int:
        """Queries of all words."""
        return len(self.asked)

    @property
    def is_better(self) -> bool:
        """Whether miniCOIL has more of the asked meaning among its first results, by more than chance.

        A two-sided sign test at .05. Source: of the queries for which one has more of it than the other, either does so
        with chance 1/2 if both are as good.
        """
        pairs = [(query.of_bm25, query.of_minicoil) for query in self.asked]
        gained, lost = sum(one < two for one, two in pairs), sum(one > two for one, two in pairs)
        n = gained + lost
        return gained > lost and 2 * sum(comb(n, k) for k in range(gained, n + 1)) / 2**n < _CHANCE

    def row(self) -> dict[str, Any]:
        """For --json."""
        counts = {"n_asked": self.n_asked, **self.counts()}
        words = [
            {
                **asdict(word),
                **word.counts(),
                "shown": [asdict(query) for query in word.shown()],
            }
            for word in self.words
        ]
        return {**counts, "n_one_meaning": self.n_one_meaning, "words": words}
