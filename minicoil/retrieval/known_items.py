"""Known-item queries: a document's own title or first sentence asks for the rest of it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from minicoil.problems import Problem
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.text import ENGLISH, Language, find_near_duplicates, split_sentences

MIN_QUERY_WORDS = 3  # of a sentence that carry meaning; "See also this" asks for nothing
MIN_HEADING_WORDS = 2  # a heading says more with less
MAX_QUERY_WORDS = 30  # a longer first sentence is a paragraph
MIN_BODY_WORDS = 12
_NAME = re.compile(r"\S[._/\\:]\S|[<>{}=]")  # a path, a dotted name, markup: no heading a person would type
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Source:
    """A document as it lies in a collection: `title` may be empty, `body` is the text without it."""

    id: str
    title: str
    body: str


@dataclass(frozen=True)
class _Item:
    """A document cut in two: what asks, and what is asked for; `query` is empty where nothing can ask."""

    id: str
    query: str
    body: str
    why_not: str = ""


def make_known_items(
    name: str,
    sources: Sequence[Source],
    n_queries: int,
    seed: int = 17,
    may_ask: Callable[[str], bool] | None = None,
    language: Language = ENGLISH,
) -> RetrievalSet:
    """A known-item set: at most `n_queries` queries, every source's body a document.

    A heading asks for the text below it; where there is no heading of words, or several texts share it, the first
    sentence asks for the rest. Whatever asks is cut out of the text that is scored. Near-duplicate documents are
    left out, because a query would have two right answers of which one counts, and so are queries that nearly repeat
    the opening of another document.

    Args:
        name: Of the set.
        sources: Documents; queries are drawn among them, all are searched.
        n_queries: Most queries.
        seed: Of the draw, by hash: equal sources give equal queries, in whatever order they come.
        may_ask: Whether a query may be drawn; None: every one.
        language: Of the documents.
    """
    leaders = find_near_duplicates([source.body for source in sources])
    unique = [source for place, source in enumerate(sources) if leaders[place] == place]
    titles = Counter(_normal(source.title) for source in unique)
    items = [_cut(source, titles[_normal(source.title)] == 1, language) for source in unique]
    asking = [item for item in items if item.query]
    openings = find_near_duplicates([item.query for item in asking], 0.7, 2).tolist()
    repeats = Counter(openings)
    candidates = [item for item, leader in zip(asking, openings, strict=True) if repeats[leader] == 1]
    n_candidates = len(candidates)
    if may_ask is not None:
        candidates = [item for item in candidates if may_ask(item.query)]
    candidates.sort(key=lambda item: hashlib.blake2b(f"{seed}\0{item.id}".encode(), digest_size=8).digest())
    chosen = candidates[:n_queries]
    reasons = Counter(item.why_not for item in items if item.why_not)
    reasons["near-duplicate documents left out"] = len(sources) - len(unique)
    reasons["queries that repeat another document's opening"] = len(asking) - n_candidates
    reasons["queries that taught importance"] = n_candidates - len(candidates)
    return RetrievalSet(
        name=name,
        kind="known_item",
        documents={item.id: item.body for item in items if item.body.strip()},
        queries={item.id: item.query for item in chosen},
        relevant={item.id: {item.id: 1} for item in chosen},
        problems=tuple(Problem(reason, n) for reason, n in sorted(reasons.items()) if n),
    )


def _cut(source: Source, unique_title: bool, language: Language) -> _Item:
    """The document in two halves; the half that is scored never holds the words that ask, in their order."""
    body = source.body.strip()
    if unique_title and _can_ask(source.title, language, MIN_HEADING_WORDS) and not _NAME.search(source.title):
        return _checked(source.id, source.title.strip(), body)
    first = next(split_sentences(body, language), "")
    if not first or not body.startswith(first):
        return _Item(source.id, "", body, "documents that do not begin with a sentence")
    rest = body[len(first) :].strip()
    if not _can_ask(first, language):
        return _Item(source.id, "", body, "documents whose first sentence says too little or too much")
    return _checked(source.id, first, rest)


def _checked(name: str, query: str, body: str) -> _Item:
    if len(body.split()) < MIN_BODY_WORDS:
        return _Item(name, "", body, "documents with too little text beside what would ask for it")
    if _normal(query) in _normal(body):
        return _Item(name, "", body, "documents that repeat in full what would ask for them")
    return _Item(name, query, body)


def _can_ask(text: str, language: Language, n_words: int = MIN_QUERY_WORDS) -> bool:
    words = [word for word in _WORD.findall(text.lower()) if word not in language.stopwords]
    return len(words) >= n_words and len(text.split()) <= MAX_QUERY_WORDS


def _normal(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
