"""A retrieval set: documents, queries, and which documents answer which query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from minicoil.problems import Problem

Kind = Literal["judged", "known_item", "sense"]
Relevant = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class RetrievalSet:
    """What a ranking is judged on.

    Attributes:
        name: As reports call it.
        kind: "judged" by people; "known_item" and "sense" are proxies made from text alone.
        documents: Id -> text that is scored.
        queries: Id -> text; every one has a relevant document.
        relevant: Query id -> document id -> grade, a finite number above 0.
        words: Query id -> the vocabulary entry it is about; of sense queries only.
        left_out: Query id -> documents it is not judged on: its own source, and those whose meaning is open.
        problems: What could not be used, counted and named.
    """

    name: str
    kind: Kind
    documents: Mapping[str, str]
    queries: Mapping[str, str]
    relevant: Relevant
    words: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, frozenset[str]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def is_proxy(self) -> bool:
        """True where no person judged anything."""
        return self.kind != "judged"

    def bounded(self, max_documents: int, max_queries: int, seed: int = 17) -> RetrievalSet:
        """At most so many queries and documents: every relevant one, and others drawn by seed.

        A smaller set is an easier one, so figures of a bounded set compare systems and not sets.
        """
        rng = np.random.default_rng(seed)
        queries = _draw(list(self.queries), max_queries, rng)
        needed = {doc for query in queries for doc in self.relevant[query]}
        others = [doc for doc in self.documents if doc not in needed]
        kept = needed | set(_draw(others, max(max_documents - len(needed), 0), rng))
        if len(queries) == len(self.queries) and len(kept) == len(self.documents):
            return self
        return replace(
            self,
            documents={doc: text for doc, text in self.documents.items() if doc in kept},
            queries={query: self.queries[query] for query in queries},
            relevant={query: self.relevant[query] for query in queries},
            words={query: word for query, word in self.words.items() if query in set(queries)},
            left_out={query: docs & kept for query, docs in self.left_out.items() if query in set(queries)},
        )


def _draw(items: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    """`n` of the items in their own order, or all."""
    if len(items) <= n:
        return list(items)
    return [items[i] for i in np.sort(rng.permutation(len(items))[:n])]
