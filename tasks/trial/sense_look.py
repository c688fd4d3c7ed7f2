"""Words of a release in the meanings that a text uses them in: queries about each meaning, and both rankings."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.config import Bm25Config, SamplingConfig
from minicoil.retrieval import (
    BM25,
    RELEASE,
    RetrievalSet,
    WordSentences,
    encode_documents,
    encode_queries,
    make_sense_queries,
    memory_search,
    rank,
)
from minicoil.sparse import MiniCoil
from minicoil.text import STOPWORDS, fold_text, sentence_keys, split_sentences, stem
from minicoil.training import find_senses, split_rows, telling_words
from minicoil.words import Ledger, WordRecord
from tasks.catalogue import open_release, role_model_of
from tasks.corpus import SentenceStore, measure_lengths
from tasks.models import PACKAGED, remembering
from tasks.place import Place
from tasks.progress import progress

MAX_QUERIES = 300  # of all words together
SENTENCES = 100  # of each word, that are searched; encoded in half a second
_DRAWN = 5000  # of each word, among which those of the texts are looked for
_CHANCE = 0.05
RESULTS = 3  # of each ranking
_PER_WORD = 12  # queries
_WORDS = re.compile(r"[^\W_]+")
_EXAMPLES = 2  # sentences of each meaning


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
    """

    word: str
    text: str
    sense: int
    bm25: tuple[SeenHit, ...]
    minicoil: tuple[SeenHit, ...]

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
        """Reciprocal ranks of the asked meaning under miniCOIL less those under BM25."""
        return self._worth(self.minicoil) - self._worth(self.bm25)

    def _worth(self, hits: Sequence[SeenHit]) -> float:
        return sum((hit.sense == self.sense) / place for place, hit in enumerate(hits, 1))


@dataclass(frozen=True)
class SeenSense:
    """One meaning: words that tell it, how many of the sentences have it, and some of these."""

    words: tuple[str, ...]
    n_sentences: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class SeenWord:
    """A word, its meanings, the largest first, and every query asked about it."""

    word: str
    form: str
    senses: tuple[SeenSense, ...]
    queries: tuple[SeenQuery, ...]

    @property
    def n_bm25(self) -> int:
        """Queries for which BM25 has the asked meaning first."""
        return sum(query.is_bm25_right for query in self.queries)

    @property
    def n_minicoil(self) -> int:
        """Queries for which miniCOIL has the asked meaning first."""
        return sum(query.is_minicoil_right for query in self.queries)

    def shown(self, n: int = 2) -> tuple[SeenQuery, ...]:
        """For each of the `n` largest meanings that was asked for, the query whose rankings differ most."""
        by_sense = [[query for query in self.queries if query.sense == sense] for sense in range(len(self.senses))]
        return tuple(max(found, key=lambda query: query.gain) for found in by_sense if found)[:n]


@dataclass(frozen=True)
class FirstLook:
    """Every word that was asked about, the one that gains most first.

    Attributes:
        n_one_meaning: Words of the release whose sentences show one meaning here, or too little of a second one.
    """

    words: tuple[SeenWord, ...] = ()
    n_one_meaning: int = 0

    @property
    def n_asked(self) -> int:
        """Queries of all words."""
        return sum(len(word.queries) for word in self.words)

    @property
    def n_bm25(self) -> int:
        """Queries for which BM25 has the asked meaning first."""
        return sum(word.n_bm25 for word in self.words)

    @property
    def n_minicoil(self) -> int:
        """Queries for which miniCOIL has the asked meaning first."""
        return sum(word.n_minicoil for word in self.words)

    @property
    def is_better(self) -> bool:
        """Whether miniCOIL is right more often, by more than chance: a two-sided sign test at .05.

        Source: of the queries for which one alone is right, either is so with chance 1/2 if both are as good.
        """
        pairs = [(query.is_bm25_right, query.is_minicoil_right) for word in self.words for query in word.queries]
        gained, lost = pairs.count((False, True)), pairs.count((True, False))
        n = gained + lost
        return gained > lost and 2 * sum(comb(n, k) for k in range(gained, n + 1)) / 2**n < _CHANCE

    def row(self) -> dict[str, Any]:
        """For --json."""
        counts = {"n_asked": self.n_asked, "n_bm25": self.n_bm25, "n_minicoil": self.n_minicoil}
        words = [
            {
                **asdict(word),
                "n_bm25": word.n_bm25,
                "n_minicoil": word.n_minicoil,
                "shown": [asdict(query) for query in word.shown()],
            }
            for word in self.words
        ]
        return {**counts, "n_one_meaning": self.n_one_meaning, "words": words}


def look_at_senses(place: Place, release: int, texts: Sequence[str] | None = None) -> FirstLook:
    """Ask for each meaning of a release's words, and rank the sentences of all of them by BM25 and by the release.

    Meanings are the groups that the role model sees. The sentence that a query is cut from is not searched for it; the
    other sentences of its word are, where their meaning is sure, and those of all other words.

    Args:
        place: Has the release, and the sentences that it was trained on.
        release: Its number; it need not be served.
        texts: Only sentences of these are looked at; None: all that the home has.
    """
    here = (
        None
        if texts is None
        else {key for text in texts for key in sentence_keys(list(split_sentences(text))).tolist()}
    )
    folder = open_release(place.objects(), release, place.cache)
    records = sorted(Ledger.read(folder).served().values(), key=lambda record: record.word)
    with place.points() as points:
        store = SentenceStore.find(points, role_model_of(place.objects(), release) or PACKAGED)
        if store is None or not records:
            return FirstLook(n_one_meaning=len(records))
        sources = [found for record in records if (found := _sentences(store, record, here)) is not None]
    per_word = max(min(_PER_WORD, MAX_QUERIES // len(records)), 2)
    data = make_sense_queries("senses", sources, per_word, among="all")
    if data is None or not (data := _telling(data, {source.word: source.forms for source in sources})).queries:
        return FirstLook(n_one_meaning=len(records))
    runs = _rank(place, MiniCoil.load(folder), data)
    words = [_seen(source, record, data, runs) for source, record in _with_records(sources, records)]
    asked = [word for word in words if word.queries]
    asked.sort(key=lambda word: (word.n_bm25 - word.n_minicoil, -sum(query.gain for query in word.queries), word.word))
    return FirstLook(tuple(asked), len(records) - len(asked))


def _sentences(store: SentenceStore, record: WordRecord, here: Collection[int] | None) -> WordSentences | None:
    lowest = sorted(store.sample(record.forms, SENTENCES))
    keys = lowest
    if here is not None:
        keys = sorted(key for key in store.sample(record.forms, _DRAWN) if key in here)[:SENTENCES]
    role = store.vectors(keys)
    found = [sentence for page in store.texts(keys) for sentence in page if sentence.key in role]
    if not found:
        return None
    held_out = np.zeros(len(found), dtype=np.bool_)
    names = np.asarray([sentence.key for sentence in found], dtype=np.uint64)
    # those that training held out, where it had the same sentences; else by the share alone: those every run holds out
    same = keys == lowest and record.n_sentences == len(found)
    held_out[split_rows(names, SamplingConfig() if same else SamplingConfig(min_test=0)).test] = True
    texts = [sentence.text for sentence in found]
    vectors = np.stack([role[sentence.key] for sentence in found])
    return WordSentences(record.word, record.forms, [s.key for s in found], texts, vectors, held_out)


def _telling(data: RetrievalSet, forms: Mapping[str, Sequence[str]]) -> RetrievalSet:
    """The queries that have another word with content beside theirs: nobody asks for a meaning by the word alone."""

    def tells(query: str, text: str) -> bool:
        word = data.words[query]
        found = {token for token in _WORDS.findall(fold_text(text)) if token not in STOPWORDS}
        return any(token not in forms[word] and stem(token) != word for token in found)

    return replace(data, queries={query: text for query, text in data.queries.items() if tells(query, text)})


def _rank(place: Place, model: MiniCoil, data: RetrievalSet) -> Mapping[str, Mapping[str, Sequence[str]]]:
    texts = list(data.documents.values())
    length = measure_lengths(model, texts).mean
    model = remembering(MiniCoil(model.layout.folder, Bm25Config(avg_len=length)), place.cache)
    with progress("both rankings of their sentences", len(texts), "sentences") as advance:
        documents = encode_documents(texts, model, None, True, progress=advance)
    return rank(data, encode_queries(data, model, None), memory_search(data, documents))


def _with_records(
    sources: Sequence[WordSentences], records: Sequence[WordRecord]
) -> list[tuple[WordSentences, WordRecord]]:
    by_word = {record.word: record for record in records}
    return [(source, by_word[source.word]) for source in sources]


def _seen(
    source: WordSentences,
    record: WordRecord,
    data: RetrievalSet,
    runs: Mapping[str, Mapping[str, Sequence[str]]],
) -> SeenWord:
    groups = find_senses(source.role).groups
    sense_of = {str(key): int(group) for key, group in zip(source.keys, groups, strict=True)}

    def hits(system: str, query: str) -> tuple[SeenHit, ...]:
        found = runs[system][query][:RESULTS]
        return tuple(SeenHit(data.documents[key], sense_of.get(key)) for key in found)

    queries = tuple(
        SeenQuery(record.word, text, sense_of[query.rsplit(":", 1)[1]], hits(BM25, query), hits(RELEASE, query))
        for query, text in data.queries.items()
        if data.words[query] == record.word
    )
    return SeenWord(record.word, record.forms[0], _senses(source, groups), queries)


def _senses(source: WordSentences, groups: NDArray[np.int64]) -> tuple[SeenSense, ...]:
    answer = []
    for group in range(int(groups.max(initial=0)) + 1):
        rows = np.flatnonzero(groups == group)
        centre = source.role[rows].mean(axis=0)
        nearest = rows[np.argsort(-(source.role[rows] @ centre), kind="stable")][:_EXAMPLES]
        words = telling_words(source.texts, groups, group, source.word)
        answer.append(SeenSense(tuple(words), len(rows), tuple(source.texts[row] for row in nearest)))
    return tuple(answer)
