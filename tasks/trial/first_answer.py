"""A BM25 answer of a text before anything is indexed or trained: which pair of words it has most, and who has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from minicoil.config import Bm25Config
from minicoil.retrieval import ExactIndex
from minicoil.sparse import bm25_vector
from minicoil.text import ENGLISH, Language, WordTokenizer
from minicoil.words import Vocabulary
from tasks.models import PACKAGED, find_encoder

_SHORTEST = 3  # letters of a word that is searched for


def answer_first(texts: Sequence[str], limit: int = 3, language: Language = ENGLISH) -> dict[str, Any] | None:
    """The best texts for the pair of neighbouring words that most of the texts have; None where there is none.

    Args:
        texts: What is searched.
        limit: Most results.
        language: Of the texts.

    Returns:
        `query`, and `results` with `score` and `text`, as `search_collection` has them.
    """
    tokenizer = WordTokenizer.from_folder(find_encoder(PACKAGED))
    tokens = [text.tokens for text in tokenizer.tokenize(texts)]
    query = _common_pair(tokens, language)
    if query is None:
        return None
    vocabulary = Vocabulary.empty(4, language=language)
    bm25 = Bm25Config(avg_len=float(np.mean([max(len(row), 1) for row in tokens])))
    index = ExactIndex([bm25_vector(row, vocabulary, bm25) for row in tokens])
    found = index.search(bm25_vector(query, vocabulary, bm25, query=True), limit)
    rows = zip(found.places.tolist(), found.scores.tolist(), strict=True)
    return {"query": " ".join(query), "results": [{"score": score, "text": texts[place]} for place, score in rows]}


def _common_pair(tokens: Sequence[Sequence[str]], language: Language) -> tuple[str, ...] | None:
    """The pair of content words that stand side by side in most texts, else the word of most texts."""
    pairs, words = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for row in tokens:
        usable = [word if _is_content(word, language) else "" for word in row]
        words.update({(word,) for word in usable if word})
        pairs.update({(one, two) for one, two in pairwise(usable) if one and two and one != two})
    for counts, fewest in ((pairs, 2), (words, 1)):
        best = min(counts, key=lambda entry: (-counts[entry], entry), default=None)
        if best is not None and counts[best] >= fewest:
            return best
    return None


def _is_content(word: str, language: Language) -> bool:
    return len(word) >= _SHORTEST and word.isalpha() and word not in language.stopwords
