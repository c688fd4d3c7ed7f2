"""Importance learned from a corpus: its own titles and first sentences ask for the texts that they were cut from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from minicoil.encoder import TRAINING, encoding_for
from minicoil.importance import (
    DocumentWords,
    Importance,
    Pair,
    describe_words,
    find_importance,
    learn_importance,
    teaches,
)
from minicoil.retrieval import RetrievalSet, Source, make_known_items
from minicoil.sparse import MiniCoil
from tasks.corpus import read_corpora
from tasks.documents import CorpusReport
from tasks.embeddings import remembering_scan
from tasks.models import Parent
from tasks.place import Place
from tasks.points import PointStore
from tasks.progress import progress

logger = logging.getLogger(__name__)
MIN_PAIRS = 500  # half of them teach; fewer teach a vector of D + 3 numbers more noise than sense
MOST_DOCUMENTS = 2000  # a minute of encoding on two cores
_TRAININGS = 3  # two folds, and both together


@dataclass(frozen=True)
class ImportanceLesson:
    """What was learned, or why nothing was.

    Attributes:
        importance: None where nothing is to be written into the release: the parent's is inherited, or there is none.
        facts: For the manifest and for people: counts and gains, or `reason`; empty where the parent's is inherited.
    """

    importance: Importance | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def learn_from_corpus(
    place: Place, points: PointStore, parent: Parent, specs: Sequence[str], sample: int | None
) -> ImportanceLesson:
    """Importance for a release whose parent has none; the same corpus and parent give the same.

    Half of the queries, by hash, teach; the other half judges, and unless its own documents get ahead of their rivals
    by more than chance, and rank no worse, nothing is learned. Near duplicates, and queries that repeat another
    document, take no part.

    Args:
        place: Has the memory of encoded texts.
        points: For corpora that are collections.
        parent: What the release grows from.
        specs: The corpus; a seeded sample of it is read.
        sample: Of the run, where that is smaller.
    """
    if find_importance(parent.folder) is not None:
        return ImportanceLesson()
    n_read = min(sample or MOST_DOCUMENTS, MOST_DOCUMENTS)
    documents = list(read_corpora(specs, CorpusReport(), n_read, points=points))
    # every document asks at most once: of too few there is no need to look at any
    sources = [Source(entry.id, entry.title, entry.body) for entry in documents if len(documents) >= MIN_PAIRS]
    data = make_known_items("importance", sources, len(sources), language=parent.vocabulary.language)
    if len(data.queries) < MIN_PAIRS:
        n_pairs = len(data.queries) if sources else len(documents)
        return _left_out(
            f"{n_pairs:,} titles or first sentences of the corpus can ask for their text, {MIN_PAIRS} are the fewest",
            n_pairs=n_pairs,
        )
    model = remembering_scan(MiniCoil.load(parent.folder), place.cache)
    described, teaching, judging = _read(model, data)
    with progress("learning importance", _TRAININGS, "trainings") as advance:
        try:
            learned = learn_importance(described, teaching, judging, progress=advance)
        except ValueError as error:
            return _left_out(str(error), n_pairs=len(data.queries))
    facts = {
        "n_documents": len(described),
        "n_taught": learned.n_taught,
        "n_judged": learned.n_judged,
        "beta": learned.importance.beta,
        "bm25": round(float(learned.plain.mean()), 4) if learned.n_judged else None,
        "bm25_importance": round(float(learned.weighed.mean()), 4) if learned.n_judged else None,
        "gain": round(learned.gain, 4),
        "error": round(learned.error, 4) if learned.n_judged > 1 else None,
        "margin": round(learned.margin, 4),
    }
    if not learned.helps:
        return _left_out("the texts that judge it do not get ahead of others by more than chance", **facts)
    logger.info("importance: nDCG@10 of own texts %s -> %s", facts["bm25"], facts["bm25_importance"])
    return ImportanceLesson(learned.importance, facts)


def _left_out(reason: str, **facts: Any) -> ImportanceLesson:
    logger.info("importance was not learned: %s", reason)
    return ImportanceLesson(None, {"reason": reason, **facts})


def _read(model: MiniCoil, data: RetrievalSet) -> tuple[list[DocumentWords], list[Pair], list[Pair]]:
    """Every document's words; queries that teach, and queries that judge."""
    described = []
    with progress("reading for importance", len(data.documents), "documents") as advance, encoding_for(TRAINING):
        for text, entry in model.pool(data.documents.values()):
            described.append(describe_words(entry, len(model.tokenizer.words(text)), model.tokenizer.language))
            advance(1)
    places = {name: place for place, name in enumerate(data.documents)}
    read = model.tokenizer.tokenize(list(data.queries.values()))
    halves: tuple[list[Pair], list[Pair]] = ([], [])
    for (name, query), asked in zip(data.queries.items(), read, strict=True):
        halves[not teaches(query)].append(Pair.of(asked.tokens, places[name], asked.language))
    return described, *halves
