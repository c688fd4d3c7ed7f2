"""One retrieval set ranked by plain BM25, by a release, by its parent, and by the step between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from minicoil.config import Bm25Config
from minicoil.retrieval.effectiveness import DEPTH, Difference, difference, measure
from minicoil.retrieval.exact_index import ExactIndex
from minicoil.retrieval.extension_steps import ExtensionSteps
from minicoil.retrieval.ranking_order import Hit, tie_order
from minicoil.retrieval.retrieval_set import RetrievalSet
from minicoil.retrieval.word_effects import Effects, WordEffect, group_effects
from minicoil.sparse import CountedText, MiniCoil, SparseVector, Term, bm25_vector, split_query, without_words
from minicoil.words import Vocabulary

BM25, RELEASE, PARENT, NEW_WORDS = "bm25", "minicoil", "parent", "new_words"
BM25_IMPORTANCE, RELEASE_IMPORTANCE = "bm25_importance", "minicoil_importance"
_CHANGED = {NEW_WORDS: "new words", RELEASE: "retrained words"}
Run = Mapping[str, Sequence[Hit]]  # query id -> document ids and scores, the best first
# system, query vector, limit -> document ids and scores, the best first, of equals as `ranking_order` has them
Search = Callable[[str, SparseVector, int], Sequence[Hit]]


@dataclass(frozen=True)
class EncodedQueries:
    """The queries of a set as vectors.

    Attributes:
        tokens: Words of each query.
        vectors: System -> one vector a query.
        terms: For each query its words under the release.
    """

    tokens: list[tuple[str, ...]]
    vectors: Mapping[str, list[SparseVector]]
    terms: list[list[Term]]


@dataclass(frozen=True)
class QueryChange:
    """One query under every system; `words` moved it; none where only several together did."""

    id: str
    text: str
    ndcg: Mapping[str, float]
    words: tuple[tuple[str, float], ...]

    @property
    def change(self) -> float:
        """nDCG@10 of the release less that of BM25."""
        return self.ndcg[RELEASE] - self.ndcg[BM25]


@dataclass(frozen=True)
class Step:
    """One step from BM25 to a release.

    Attributes:
        system: What was reached by it.
        n_words: Words that came or changed by it; None for the first step, to the parent.
        ndcg: Mean nDCG@10.
        gain: Difference of nDCG@10 to the step before; of the first one, to BM25.
    """

    system: str
    n_words: int | None
    ndcg: float
    gain: Difference

    @property
    def name(self) -> str:
        """As reports call it: "parent", "+ 12 new words", "+ 3 retrained words"."""
        return "parent" if self.n_words is None else f"+ {self.n_words:,} {_CHANGED[self.system]}"


@dataclass(frozen=True)
class SetResult:
    """What an evaluation found.

    Attributes:
        means: System -> measure -> mean over queries.
        against: "bm25" and "parent" -> measure -> the release's difference to it.
        importance: "bm25_importance" and "minicoil_importance" -> measure -> difference to BM25; empty where the
            release carries no importance.
        steps: To the parent, from there to its new words, from there to its retrained words; empty where the release
            does not have both.
        unknown: Queries that have no word at all to search with: counted 0 for every system.
        without_meaning: Queries none of whose words the release knows: equal to BM25 by construction.
    """

    data: RetrievalSet
    means: Mapping[str, Mapping[str, float]]
    against: Mapping[str, Mapping[str, Difference]]
    queries: tuple[QueryChange, ...]
    words: tuple[WordEffect, ...]
    unknown: tuple[str, ...]
    without_meaning: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    importance: Mapping[str, Mapping[str, Difference]] = field(default_factory=dict)

    def helped_first(self) -> list[QueryChange]:
        """Queries that changed, those helped most first and those hurt most last."""
        return sorted((q for q in self.queries if abs(q.change) > 1e-9), key=lambda q: (-q.change, q.id))


def encode_queries(
    data: RetrievalSet,
    model: MiniCoil,
    parent: MiniCoil | None,
    steps: ExtensionSteps | None = None,
    weighs: bool = False,
) -> EncodedQueries:
    """Every query's vector under each system; where documents are weighed too (`weighs`), queries stay as they are."""
    texts = list(data.queries.values())
    tokens = [text.tokens for text in model.tokenizer.tokenize(texts)]
    plain = [bm25_vector(words, model.vocabulary, model.bm25, query=True) for words in tokens]
    release = list(model.query_embed(texts))
    vectors = {BM25: plain, RELEASE: release, PARENT: plain if parent is None else list(parent.query_embed(texts))}
    if steps is not None:
        vectors[NEW_WORDS] = list(model.under(steps.vocabulary).query_embed(texts))
    if weighs:
        vectors |= {BM25_IMPORTANCE: plain, RELEASE_IMPORTANCE: release}
    terms = [split_query(words, vector, model.vocabulary) for words, vector in zip(tokens, release, strict=True)]
    return EncodedQueries(tokens, vectors, terms)


def count_documents(
    texts: Sequence[str],
    model: MiniCoil,
    parent: MiniCoil | None,
    is_ancestor: bool,
    steps: ExtensionSteps | None = None,
    progress: Callable[[int], None] | None = None,
    weighing: MiniCoil | None = None,
) -> dict[str, list[CountedText]]:
    """System -> each document, a vector but for k, b and avg_len; one pass for all where one grew from the other.

    Args:
        texts: Documents.
        model: The release.
        parent: What it is compared with; None is the empty vocabulary, plain BM25.
        is_ancestor: True where the release's stack holds the parent's rows.
        steps: See `split_extension`; None makes nothing for it.
        progress: Told of documents done.
        weighing: The release with its importance; None makes nothing for it.
    """
    blank = without_words(model.vocabulary)
    plain, weighed = {RELEASE: model.vocabulary}, dict[str, Vocabulary]()
    if parent is not None and is_ancestor:
        plain[PARENT] = parent.vocabulary
        if steps is not None:
            plain[NEW_WORDS] = steps.vocabulary
    plain[BM25] = blank
    reader = model
    if weighing is not None:
        weighed = {RELEASE_IMPORTANCE: model.vocabulary, BM25_IMPORTANCE: blank}
        reader = weighing
    rows = list(reader.count_each(texts, [*weighed.values()], progress, [*plain.values()]))
    answer = {system: [row[place] for row in rows] for place, system in enumerate((*weighed, *plain))}
    if parent is None:
        answer[PARENT] = answer[BM25]
    elif PARENT not in answer:
        answer[PARENT] = [counted for (counted,) in parent.count_each(texts, [parent.vocabulary])]
    return answer


def document_vectors(counted: dict[str, list[CountedText]], bm25: Bm25Config) -> dict[str, list[SparseVector]]:
    """System -> one vector a document, in a collection with this k, b and avg_len.

    Args:
        counted: What `count_documents` gives; empty afterwards, since all of both would take twice the memory.
        bm25: One for all systems; its importance is not looked at, because documents have been weighed.
    """
    first: dict[int, str] = {}
    # two systems may be one: the parent of a first release is plain BM25
    same = {system: first.setdefault(id(texts), system) for system, texts in counted.items()}
    made: dict[str, list[SparseVector]] = {}
    for system, other in same.items():
        texts = counted.pop(system)
        made[system] = made[other] if other in made else [text.vector(bm25) for text in texts]
    return made


def memory_search(data: RetrievalSet, documents: Mapping[str, Sequence[SparseVector]]) -> Search:
    """A search over vectors at hand, exact; agrees with the engine's."""
    indexes = {system: ExactIndex(vectors) for system, vectors in documents.items()}
    names = list(data.documents)
    ties = tie_order(names)

    def search(system: str, query: SparseVector, limit: int) -> list[Hit]:
        found = indexes[system].search(query, limit, ties)
        return [(names[place], float(score)) for place, score in zip(found.places, found.scores, strict=True)]

    return search


def rank(data: RetrievalSet, queries: EncodedQueries, search: Search) -> dict[str, dict[str, list[Hit]]]:
    """System -> query id -> document ids and scores; documents that a query is not judged on are passed over."""
    runs: dict[str, dict[str, list[Hit]]] = {}
    for system, vectors in queries.vectors.items():
        run = runs[system] = {}
        for query, vector in zip(data.queries, vectors, strict=True):
            passed = data.left_out.get(query, frozenset())
            found = search(system, vector, DEPTH + len(passed)) if len(vector.indices) else ()
            run[query] = [hit for hit in found if hit[0] not in passed][:DEPTH]
    return runs


def ranked_names(run: Run) -> dict[str, list[str]]:
    """Query id -> document ids, the best first."""
    return {query: [name for name, _ in hits] for query, hits in run.items()}


def judge(
    data: RetrievalSet,
    queries: EncodedQueries,
    runs: Mapping[str, Run],
    effects: Effects,
    seed: int = 17,
    steps: ExtensionSteps | None = None,
) -> SetResult:
    """Measures, paired intervals and changes of one set.

    Args:
        data: The set.
        queries: Its queries.
        runs: See `rank`.
        effects: See `measure_words`; may be empty.
        seed: Of the bootstrap.
        steps: What the runs have of the release's steps.
    """
    found = {system: measure(data.relevant, ranked_names(run)) for system, run in runs.items()}
    groups = [data.words[query] for query in data.queries] if data.words else None
    against = {
        other: {name: difference(values, found[other][name], seed, groups) for name, values in found[RELEASE].items()}
        for other in (BM25, PARENT)
    }

    def step(system: str, before: str, n_words: int | None) -> Step:
        values = found[system]["ndcg@10"]
        gain = difference(values, found[before]["ndcg@10"], seed, groups)
        return Step(system, n_words, float(values.mean()), gain)

    weighed = {
        system: {name: difference(values, found[BM25][name], seed, groups) for name, values in found[system].items()}
        for system in (BM25_IMPORTANCE, RELEASE_IMPORTANCE)
        if system in found
    }
    taken: tuple[Step, ...] = ()
    if steps is not None:
        added = step(NEW_WORDS, PARENT, steps.n_new)
        taken = (step(PARENT, BM25, None), added, step(RELEASE, NEW_WORDS, steps.n_retrained))
    moved: dict[str, list[tuple[str, float]]] = {}
    for (query, word), effect in effects.items():
        if abs(effect) > 1e-9:
            moved.setdefault(query, []).append((word, effect))
    changes = tuple(
        QueryChange(
            query,
            text,
            {system: float(values["ndcg@10"][place]) for system, values in found.items()},
            _responsible(moved.get(query, ()), float(found[RELEASE]["ndcg@10"][place] - found[BM25]["ndcg@10"][place])),
        )
        for place, (query, text) in enumerate(data.queries.items())
    )
    names = list(data.queries)
    known = [any(term.is_known for term in terms) for terms in queries.terms]
    return SetResult(
        data=data,
        means={s: {name: float(values.mean()) for name, values in rows.items()} for s, rows in found.items()},
        against=against,
        queries=changes,
        words=group_effects(effects, seed),
        unknown=tuple(q for q, terms in zip(names, queries.terms, strict=True) if not terms),
        without_meaning=tuple(q for q, k, t in zip(names, known, queries.terms, strict=True) if t and not k),
        steps=taken,
        importance=weighed,
    )


def _responsible(words: Sequence[tuple[str, float]], change: float) -> tuple[tuple[str, float], ...]:
    """Words that moved a query: those that moved it the way it went first, the largest effect first."""
    return tuple(sorted(words, key=lambda entry: (entry[1] * change < 0, -abs(entry[1]), entry[0])))
