"""How often words are asked for: by a query log, else by what texts begin with, else by documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from minicoil.text import Language
from minicoil.words import WordCounts, query_weights
from tasks.corpus import read_queries
from tasks.documents import CorpusReport

DOCUMENTS_WEIGH = 20.0  # queries: as many as the documents' own use of a word counts for, so that no word has none


@dataclass(frozen=True)
class AskedWords:
    """Share of queries that have a word, as far as it is known.

    Attributes:
        source: What it is known from, to be read in a sentence.
        n_queries: Seen.
    """

    source: str
    n_queries: int
    _counts: WordCounts
    _asked: dict[str, int] = field(default_factory=dict)

    def share(self, word: str) -> float:
        """Share of queries with the word, in [0, 1], never quite 0 for a word of the corpus."""
        documents = self._counts.use(word).n_documents / max(self._counts.n_documents, 1)
        seen = self._asked.get(word, 0)
        return (seen + DOCUMENTS_WEIGH * documents) / (self.n_queries + DOCUMENTS_WEIGH)


def count_asked(
    log: str | None,
    openings: Sequence[str],
    counts: WordCounts,
    fold: Callable[[str], str],
    language: Language,
    report: CorpusReport,
) -> AskedWords:
    """From the best source that is there.

    Args:
        log: File of queries.
        openings: Titles or first sentences of what is searched: they ask for their own text.
        counts: Of the corpus.
        fold: The tokenizer's.
        language: Of the queries.
        report: Told of lines of the log that are no query.

    Raises:
        UsageError: the log cannot be read.
    """
    if log is not None:
        queries = [query.text for query in read_queries(log, report)]
        source = f"{len(queries):,} queries of the log"
    else:
        queries = list(openings)
        source = f"{len(queries):,} titles and first sentences" if queries else "the corpus's documents"
    return AskedWords(source, len(queries), counts, query_weights(queries, fold, language))
