"""Where a document left traces: sentences, points, and the words that learned from it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from minicoil.errors import CorpusError
from minicoil.text import (
    ENGLISH,
    Language,
    Quotes,
    WordTokenizer,
    normalise_text,
    open_language,
    possible_snippets,
    sentence_key,
    split_sentences,
)
from minicoil.words import Ledger, WordRecord
from tasks.catalogue import (
    HASH_FIELD,
    SOURCE_FIELD,
    CollectionRecord,
    channel_names,
    list_collections,
    open_release,
    read_channel,
)
from tasks.corpus import read_corpora
from tasks.documents import CorpusReport, Document, RowPlace, is_same_source, text_hash
from tasks.place import Place
from tasks.points import Point, PointFilter, PointStore
from tasks.sentences.kept_sentences import KeptSentences
from tasks.sentences.sentence_store import language_of_store

_FIELDS = ("text", "title", "doc", HASH_FIELD, SOURCE_FIELD)


@dataclass
class Traces:
    """What there is of some documents.

    Attributes:
        sentences: Key -> text of those in the sentence stores.
        n_shared: Sentences of theirs that another document brought, and that stay with it.
        points: Collection -> ids of their points.
        texts: Everything they are recognised by in reports: sentences, titles, texts.
        languages: Of everything that was read here, as which texts are cut into sentences.
    """

    sentences: dict[int, str] = field(default_factory=dict)
    n_shared: int = 0
    points: dict[str, list[Any]] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    languages: tuple[Language, ...] = (ENGLISH,)

    @property
    def quotes(self) -> Quotes:
        """To recognise them elsewhere."""
        return Quotes(self.texts, self.languages)

    @property
    def cached_keys(self) -> set[int]:
        """Keys that the sentence cache may have them under: sentences, and snippets cut from them."""
        snippets = {sentence_key(part) for text in self.sentences.values() for part in possible_snippets(text)}
        return snippets | self.sentences.keys()


def find_traces(place: Place, points: PointStore, docs: Sequence[str], corpus: Sequence[str] = ()) -> Traces:
    """Sentences and points of documents by their ids.

    Args:
        place: Where.
        points: The engine.
        docs: Ids, as sentences and points carry them in `doc`.
        corpus: SPECs in which the ids are meant, where several corpora use the same: only sentences and points with
            text of these are looked for.

    Raises:
        CorpusError: a corpus has no such document.
    """
    wanted = None if not corpus else _documents_of(corpus, docs, points)
    said = None if wanted is None else "\n".join(normalise_text(entry.body) for entry in wanted)
    stores, records = KeptSentences.all_kept(place, points), list_collections(place.objects())
    codes = {"en", *(language_of_store(store.name) for store in stores), *(record.language for record in records)}
    traces, named = Traces(languages=tuple(map(open_language, sorted(codes)))), set[int]()
    for store in stores:
        for doc in docs:
            for page in store.of_document(doc):
                for sentence in page:
                    if said is None or normalise_text(sentence.text) in said:  # however it was cut when it was read
                        traces.sentences[sentence.key] = sentence.text
    for record in records:
        rows = list(_points_of(points, record, docs, wanted))
        traces.points[record.name] = [point.id for point in rows]
        for point in rows:
            text = str(point.payload.get("text", ""))
            traces.texts |= {text, str(point.payload.get("title", ""))}
            named |= set(_keys(text, traces.languages))
    for entry in wanted or ():
        traces.texts |= {entry.title, entry.body}
        named |= set(_keys(entry.body, traces.languages))
    traces.texts |= {*traces.sentences.values()}
    elsewhere = sorted(named - traces.sentences.keys())
    traces.n_shared = sum(len(page) for store in stores for page in store.texts(elsewhere))
    traces.texts -= {text for text in traces.texts if not text.strip()}
    return traces


def _documents_of(corpus: Sequence[str], docs: Sequence[str], points: PointStore) -> list[Document]:
    asked = set(docs)
    found = [entry for entry in read_corpora(corpus, CorpusReport(), points=points) if entry.docs & asked]
    if missing := sorted(asked - {doc for entry in found for doc in entry.docs}):
        raise CorpusError(
            f"{', '.join(corpus)} has no document '{missing[0]}'; ids are those of its rows (doc, _id or id), or names "
            "of files below the folder; leave --corpus out to forget an id wherever it was read"
        )
    return found


def _keys(text: str, languages: Sequence[Language]) -> Iterator[int]:
    return (sentence_key(sentence) for language in languages for sentence in split_sentences(text, language))


def _points_of(
    points: PointStore, record: CollectionRecord, docs: Sequence[str], wanted: Sequence[Document] | None
) -> Iterator[Point]:
    """Points that this service indexed from the documents; those of somebody else's are their owner's."""
    if record.has_owner or not points.exists(record.name):
        return
    hashes = {text_hash(entry.text) for entry in wanted or ()}
    places = {entry.id: entry.place for entry in wanted or ()}
    for page in points.scroll(record.name, PointFilter(any_of={"doc": list(docs)}), payload=list(_FIELDS)):
        for point in page:
            if wanted is None or point.payload.get(HASH_FIELD) in hashes or _is_of(point, places):
                yield point


def _is_of(point: Point, places: Mapping[str, RowPlace | None]) -> bool:
    """Whether a point has the id of a document, and not because another one's row has the same."""
    if str(point.id) not in places:
        return False
    place, source = places[str(point.id)], point.payload.get(SOURCE_FIELD)
    return place is None or not source or is_same_source(str(source), place.source, place.file)


def find_words(place: Place, sentences: Collection[str]) -> list[dict[str, Any]]:
    """Served words that these sentences may have taught.

    Returns:
        A row a word, most of these sentences first: `word`, `channel`, `release`, `forms`, `n_forgotten` of its
        `n_sentences`, `digest` of its layer.
    """
    store, rows = place.objects(), list[dict[str, Any]]()
    for channel in channel_names(store):
        current = read_channel(store, channel).current
        if current is None or not sentences:
            continue
        folder = open_release(store, current, place.cache)
        served = Ledger.read(folder).served()
        counts = _count_words(WordTokenizer.from_folder(folder), served, sentences)
        for word, n in counts.items():
            record = served[word]
            rows.append(
                {
                    "word": word,
                    "channel": channel,
                    "release": record.release,
                    "forms": list(record.forms),
                    "n_forgotten": n,
                    "n_sentences": record.n_sentences,
                    "digest": record.digest,
                }
            )
    return sorted(rows, key=lambda row: (row["channel"], -row["n_forgotten"], row["word"]))


def _count_words(tokenizer: WordTokenizer, served: dict[str, WordRecord], sentences: Collection[str]) -> dict[str, int]:
    """Word -> sentences with one of its forms, by form, by name and by stem, as training looks for them."""
    words = {form: word for word, record in served.items() for form in record.forms} | {word: word for word in served}
    counts: dict[str, int] = {}
    for text in tokenizer.tokenize(list(sentences)):
        found = {words.get(token) or words.get(text.language.stem(token)) for token in text.words}
        for word in found - {None}:
            counts[str(word)] = counts.get(str(word), 0) + 1
    return counts
