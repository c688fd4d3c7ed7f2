"""Words of a release in the meanings that a text uses them in: queries about each meaning, and both rankings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from minicoil.config import Bm25Config, SamplingConfig
from minicoil.files import BundleLayout
from minicoil.retrieval import (
    BM25,
    RELEASE,
    RetrievalSet,
    WordSentences,
    count_documents,
    document_vectors,
    encode_queries,
    make_sense_queries,
    memory_search,
    rank,
    ranked_names,
)
from minicoil.sparse import MiniCoil
from minicoil.text import Language, fold_text, read_language, sentence_keys, split_sentences
from minicoil.training import find_senses, split_rows, telling_words
from minicoil.words import Ledger, WordRecord
from tasks.catalogue import open_release, role_model_of
from tasks.documents import summarise_lengths
from tasks.embeddings import remembering
from tasks.models import PACKAGED
from tasks.place import Place
from tasks.progress import progress
from tasks.sentences import SentenceStore
from tasks.trial.seen import FirstLook, SeenHit, SeenQuery, SeenSense, SeenWord

MAX_QUERIES = 300  # of all words together
MAX_WORDS = 20  # asked about; of more, those with the most queries
SENTENCES = 100  # of each word, that are searched; encoded in half a second
_DRAWN = 5000  # of each word, among which those of the texts are looked for
RESULTS = 3  # of each ranking, that are shown
LOOKED = 10  # of each ranking, among which those with the asked meaning are counted
_PER_WORD = 12  # queries
_WORDS = re.compile(r"[^\W_]+")
_EXAMPLES = 2  # sentences of each meaning


def look_at_senses(place: Place, release: int, texts: Sequence[str] | None = None) -> FirstLook:
    """Ask for each meaning of a release's words, and rank the sentences of all of them by BM25 and by the release.

    Meanings are the groups that the role model sees. Ranked are the other sentences of the word, where their meaning is
    sure: which of them mean it as asked is the question, and a sentence without the word is no answer to it.

    Args:
        place: Has the release, and the sentences that it was trained on.
        release: Its number; it need not be served.
        texts: Only sentences of these are looked at; None: all that the home has.
    """
    folder = open_release(place.objects(), release, place.cache)
    language = read_language(BundleLayout(folder).facts)
    here = (
        None
        if texts is None
        else {key for text in texts for key in sentence_keys(list(split_sentences(text, language))).tolist()}
    )
    records = sorted(Ledger.read(folder).served().values(), key=lambda record: record.word)
    with place.points() as points:
        role_model = role_model_of(place.objects(), release) or PACKAGED
        store = SentenceStore.find(points, role_model, language.code)
        if store is None or not records:
            return FirstLook(n_one_meaning=len(records))
        sources = [found for record in records if (found := _sentences(store, record, here)) is not None]
    per_word = min(_PER_WORD, MAX_QUERIES // min(len(records), MAX_WORDS))
    data = make_sense_queries("senses", sources, per_word, among="all", language=language)
    forms = {source.word: source.forms for source in sources}
    if data is None or not (data := _telling(data, forms, language)).queries:
        return FirstLook(n_one_meaning=len(records))
    data = _among_own(data, sources)
    runs = _rank(place, MiniCoil.load(folder), data)
    words = [_seen(source, record, data, runs, language) for source, record in _with_records(sources, records)]
    asked = [word for word in words if word.queries]
    asked.sort(key=lambda word: (-sum(query.gain for query in word.queries), word.word))
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


def _telling(data: RetrievalSet, forms: Mapping[str, Sequence[str]], language: Language) -> RetrievalSet:
    """The queries that have another word with content beside theirs: nobody asks for a meaning by the word alone."""

    def tells(query: str, text: str) -> bool:
        word = data.words[query]
        found = set(_WORDS.findall(fold_text(text))) - language.stopwords
        return any(token not in forms[word] and language.stem(token) != word for token in found)

    return replace(data, queries={query: text for query, text in data.queries.items() if tells(query, text)})


def _among_own(data: RetrievalSet, sources: Sequence[WordSentences]) -> RetrievalSet:
    """The queries about the words that have the most, each among the sentences of its own word."""
    n_queries = Counter(data.words[query] for query in data.queries)
    chosen = sorted(n_queries, key=lambda word: (-n_queries[word], word))[:MAX_WORDS]
    own = {source.word: {str(key) for key in source.keys} & data.documents.keys() for source in sources}
    found = set().union(*(own[word] for word in chosen))
    queries = {query: text for query, text in data.queries.items() if data.words[query] in chosen}
    left_out = {query: data.left_out[query] | (found - own[data.words[query]]) for query in queries}
    documents = {key: text for key, text in data.documents.items() if key in found}
    return replace(data, documents=documents, queries=queries, left_out=left_out)


def _rank(place: Place, model: MiniCoil, data: RetrievalSet) -> Mapping[str, Mapping[str, Sequence[str]]]:
    texts = list(data.documents.values())
    model = remembering(model, place.cache)
    with progress("both rankings of their sentences", len(texts), "sentences") as advance:
        counted = count_documents(texts, model, None, True, progress=advance)
    lengths = summarise_lengths([text.n_words for text in counted[RELEASE]], len(texts))
    documents = document_vectors(counted, Bm25Config(avg_len=lengths.mean))
    runs = rank(data, encode_queries(data, model, None), memory_search(data, documents))
    return {system: ranked_names(run) for system, run in runs.items()}


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
    language: Language,
) -> SeenWord:
    groups = find_senses(source.role).groups
    sense_of = {str(key): int(group) for key, group in zip(source.keys, groups, strict=True)}

    def seen(query: str, text: str) -> SeenQuery:
        same, sense = data.relevant[query], sense_of[query.rsplit(":", 1)[1]]
        n_looked = min(LOOKED, len(same))

        def hits(system: str) -> tuple[SeenHit, ...]:
            return tuple(SeenHit(data.documents[key], sense_of[key]) for key in runs[system][query][:RESULTS])

        def right(system: str) -> int:
            return sum(key in same for key in runs[system][query][:n_looked])

        return SeenQuery(record.word, text, sense, hits(BM25), hits(RELEASE), n_looked, right(BM25), right(RELEASE))

    queries = tuple(seen(query, text) for query, text in data.queries.items() if data.words[query] == record.word)
    return SeenWord(record.word, record.forms[0], _senses(source, groups, language), queries)


def _senses(source: WordSentences, groups: NDArray[np.int64], language: Language) -> tuple[SeenSense, ...]:
    answer = []
    for group in range(int(groups.max(initial=0)) + 1):
        rows = np.flatnonzero(groups == group)
        centre = source.role[rows].mean(axis=0)
        nearest = rows[np.argsort(-(source.role[rows] @ centre), kind="stable")][:_EXAMPLES]
        words = telling_words(source.texts, groups, group, source.word, language=language)
        answer.append(SeenSense(tuple(words), len(rows), tuple(source.texts[row] for row in nearest)))
    return tuple(answer)
