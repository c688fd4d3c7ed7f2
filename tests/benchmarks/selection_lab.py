"""Layers of general English on another domain, everything encoded once: any subset of retrained words is then a sum.

A score is a sum over the words of a query. What each of them adds is computed once under its old layer and once under
its new one, so that the ranking of any subset of retrained words costs additions.
"""

import json
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

import numpy as np
from retrieval_lab import Sentences, cached, encode_set, narrow_sample

from minicoil.config import PRIOR_COMPONENTS, GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.retrieval.effectiveness import measure
from minicoil.retrieval.exact_index import ExactIndex, best, inverse_frequency
from minicoil.retrieval.known_items import Source, make_known_items
from minicoil.sparse.cells import count_words, document_vector, query_vector
from minicoil.text.stemming import stem
from minicoil.training.prior import collect_prior, principal_components
from minicoil.training.trained_word import TrainedWord
from minicoil.training.trainer import train_words
from minicoil.training.triplets import is_held_out, sample_triplets, word_seed
from minicoil.training.validation import apply_layer, judge_retrained, measure as measure_layer
from minicoil.words.mining import KnownUse, query_weights, rank_mined
from minicoil.words.vocabulary import Vocabulary
from minicoil.words.word_counts import is_usable
from minicoil.words.worth import Spread, expected_gain, order_by_worth
from tasks.proof.beir import read_beir
from tasks.training.asked_words import AskedWords
from tasks.training.features import encode_features
from tasks.training.retraining import RetrainingConfig, reasons_to_retrain
from tasks.training.selection import measured_meanings

GENERAL = ("gutenberg", "masc", "wikisplit", "state_union")
FOLDERS = {"kubernetes": "kubernetes_docs", "postgresql": "postgres_docs", "rust": "rust_book"}
N_DOCUMENTS, N_QUERIES, N_WORDS = 2000, 1200, 320
TAUGHT, MEASURED = 50, 30  # sentences of a word, from each text, and held out of the domain
CHOSEN_ON = ("rust", "postgresql")  # the formula; the others are reported
SENTENCES_A_POINT = 6
GENERAL_EVERY = 4  # of the general sentences
SEED, DIMS = 1, 4


@dataclass(frozen=True)
class DomainText:
    """A set to judge on, the text that teaches, and what else is asked of it: no query of the set is in that."""

    data: object
    sentences: list
    log: list
    openings: list


def read_scifact(shared_data):
    """Claims that the test does not judge are its query log, titles its proxy."""
    whole = read_beir(shared_data / "scifact")
    data = whole.bounded(N_DOCUMENTS, N_QUERIES)
    rows = map(json.loads, (shared_data / "scifact" / "queries.jsonl").read_text("utf-8").splitlines())
    log = [row["text"] for row in rows if str(row["_id"]) not in whole.queries]
    openings = [text.split("\n", 1)[0] for text in data.documents.values()]
    return DomainText(data, list(data.documents.items()), log, openings)


def read_documentation(shared_data, name):
    """First sentences ask; those of pieces that are not asked for are query log and proxy alike."""
    path = shared_data / FOLDERS[name] / "sentences.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    sources = []
    for doc, group in groupby(rows, key=lambda row: row["doc"]):
        texts = [row["text"] for row in group]
        for start in range(0, len(texts), SENTENCES_A_POINT):
            sources.append(Source(f"{doc}#{start}", "", " ".join(texts[start : start + SENTENCES_A_POINT])))
    every = make_known_items(name, sources, len(sources))
    data = every.bounded(N_DOCUMENTS, min(N_QUERIES, 2 * len(every.queries) // 3))
    log = [text for query, text in every.queries.items() if query not in data.queries]
    return DomainText(data, [(row["doc"], row["text"]) for row in rows], log, log)


def read_general(shared_data):
    for name in GENERAL:
        lines = (shared_data / "general" / name / "sentences.jsonl").read_text("utf-8").splitlines()
        for line in lines[::GENERAL_EVERY]:
            row = json.loads(line)
            yield f"{name} {row['doc']}", row["text"]


@dataclass(frozen=True)
class MeasuredWord:
    """A served word on the domain: what is known before anything is trained, then what came of training.

    Attributes:
        now, ceiling: Held-out ordering of the layer of general English, and of the full-width embedding.
        after: Of the layer of both texts, on the same triplets.
        is_weak: Today's rules retrain it.
        is_better: By more than noise: the new layer is served, and its points are rewritten.
    """

    word: str
    now: float
    ceiling: float
    after: float
    is_weak: bool
    is_better: bool


@dataclass
class Domain:
    """A domain with its words measured and everything that a ranking is made of."""

    name: str
    text: DomainText
    words: dict
    points_of: dict
    n_points: int
    counts: object
    _queries: list
    _names: list

    def first_ten(self, retrained):
        """The first ten documents of every query, with these words' new layers."""
        run = {}
        for query, (scores, matched, deltas) in zip(self.text.data.queries, self._queries, strict=True):
            whole = scores + sum((deltas[word] for word in deltas.keys() & retrained), np.zeros(len(scores)))
            run[query] = [self._names[place] for place in best(whole, matched, 10).places]
        return run

    def ndcg(self, run):
        """nDCG@10 of every query."""
        return measure(self.text.data.relevant, run)["ndcg@10"]

    def n_rewritten(self, retrained):
        touched = np.zeros(self.n_points, dtype=bool)
        for word in retrained:
            touched[self.points_of[word]] = True
        return int(touched.sum())


def overlap(run, other):
    """Mean share of the first ten documents that two rankings have in common."""
    shares = [len({*run[query]} & {*found}) / len(found) for query, found in other.items() if found]
    return float(np.mean(shares))


def make_domains(shared_data, encoders, folder, log):
    """Every domain, its layers trained; what was encoded lies in `folder`."""
    texts = {"scifact": read_scifact(shared_data)}
    texts |= {name: read_documentation(shared_data, name) for name in FOLDERS}
    sentences = cached(folder / "sentences.pickle", lambda: _read(texts, shared_data, encoders))
    log(f"{len(sentences.by_key)} sentences")
    words = {name: _shared_words(sentences, name) for name in texts}
    sampling = SamplingConfig(max_snippets=15)
    chosen = {}
    for name, of in words.items():
        for word in of:
            keys = _keys(sentences, word, ("general", name), sampling)
            chosen[word] = np.union1d(chosen.get(word, np.zeros(0, np.uint64)), keys)
    forms = {word: [word] for word in chosen}
    log(f"{len(np.unique(np.concatenate(list(chosen.values()))))} sentences of {len(chosen)} words to encode")
    features = encode_features(sentences, encoders, forms, chosen, sampling, folder / "features")
    log(f"{len(features.keys)} sentences of {len(forms)} words encoded")
    rng = np.random.default_rng(17)
    rows = np.sort(rng.permutation(len(features.keys))[:20_000])
    components = principal_components(np.asarray(features.role[rows], np.float32), PRIOR_COMPONENTS)
    every = sorted(chosen)
    some = [every[i] for i in rng.permutation(len(every))[:300]]
    bench = _Trainer(sentences, features, sampling, None)
    bench.prior = collect_prior((bench.sample(word, ("general",)) for word in some), components)
    base = cached(folder / "base.pickle", lambda: bench.train(every, ("general",)))
    log("base trained")
    domains = []
    for name, text in texts.items():
        new = cached(folder / f"{name}-layers.pickle", partial(bench.train, words[name], ("general", name)))
        log(f"{name}: trained")
        measured = bench.measure(words[name], name, base, new)
        entry = cached(folder / f"{name}-set.pickle", partial(encode_set, text.data, name, encoders))
        log(f"{name}: {len(text.data.documents)} documents encoded, {len(measured)} words measured")
        domains.append(_assemble(name, text, entry, measured, base, new, sentences.counts[name]))
    return domains


def _read(texts, shared_data, encoders):
    found = Sentences()
    for name, text in texts.items():
        found.read(name, text.sentences, encoders.tokenizer)
    found.read("general", read_general(shared_data), encoders.tokenizer)
    for counts in found.counts.values():
        len(counts)  # all is counted: what was kept and read again counts nothing more
    return found


def _shared_words(sentences, name):
    """The most frequent words of the domain that general English has enough of, too."""
    ranked = sorted(sentences.counts[name].uses(), key=lambda use: (-use.n_documents, use.word))
    found = []
    for use in ranked:
        of = sentences.with_word.get(use.word, {})
        if stem(use.word) == use.word and len(of.get("general", ())) >= 60 and len(of.get(name, ())) >= 40:
            found.append(use.word)
    return found[:N_WORDS]


def _keys(sentences, word, origins, sampling):
    """Of each text some that teach, of the domain some that none is taught; keys are hashes: the smallest are a fair draw."""
    found = []
    for origin in origins:
        keys = np.asarray(sorted(sentences.with_word.get(word, {}).get(origin, ())), dtype=np.uint64)
        held = is_held_out(keys, sampling)
        found += [keys[~held][:TAUGHT], keys[held][: MEASURED if origin != "general" else 0]]
    return np.sort(np.concatenate(found))


class _Trainer:
    def __init__(self, sentences, features, sampling, prior):
        self.sentences, self.features, self.sampling, self.prior = sentences, features, sampling, prior

    def sample(self, word, origins):
        whole = self.features.sample(word)
        return narrow_sample(whole, _keys(self.sentences, word, origins, self.sampling))

    def train(self, words, origins):
        config, layers = TrainingConfig.for_target("saturated", DIMS, SEED), {}
        # of the domain the share alone is held out, and measured on; general English holds out what a rare word does
        sampling = self.sampling if origins == ("general",) else replace(self.sampling, min_test=0)
        for start in range(0, len(words), config.words_per_batch):
            samples = [self.sample(word, origins) for word in words[start : start + config.words_per_batch]]
            for sample, outcome in zip(samples, train_words(samples, self.prior, config, sampling), strict=True):
                if isinstance(outcome, TrainedWord):
                    layers[sample.word] = outcome.weights
        return layers

    def measure(self, words, name, base, new):
        """As `retrain` does: on held-out sentences of the domain."""
        general, config, measured = self.sentences.counts["general"], RetrainingConfig(), {}
        uses = {w: KnownUse(u.per_million, u.neighbours, u.n_neighbours) for w in words for u in (general.use(w),)}
        counts = self.sentences.counts[name]
        shifted = {c.word for c in rank_mined(counts, len(counts), set(words), uses) if c.kind == "shifted"}
        for word in words:
            if word not in base or word not in new:
                continue
            sample = self.sample(word, (name,))
            rows = np.flatnonzero(is_held_out(sample.keys, self.sampling))
            triplets = sample_triplets(sample.role, rows, TripletConfig(), word_seed(word, SEED, "inspection"))
            if len(triplets) < GateConfig().min_triplets:
                continue
            old, after = (measure_layer(apply_layer(sample.embeddings, x[word]), triplets) for x in (base, new))
            ceiling = measure_layer(sample.embeddings, triplets).ordering
            reasons = reasons_to_retrain(old.ordering, ceiling, GateConfig().min_ordering, None, config)
            verdict = judge_retrained(word, old, after, triplets, GateConfig(), SEED).verdict
            weak = bool(reasons) or word in shifted
            measured[word] = MeasuredWord(word, old.ordering, ceiling, after.ordering, weak, verdict == "improved")
        return measured


def _assemble(name, text, entry, measured, base, new, counts):
    asked_for = set(entry.words())
    known = sorted(word for word in measured if word in asked_for)
    vocabulary, ids = Vocabulary.empty(DIMS).apply({word: [] for word in known})

    def bag_of(tokens):
        bag = count_words(tokens, vocabulary)
        return bag, [vocabulary.words[i - 1] for i in bag.word_ids]

    def meanings(embeddings, words, layers):
        rows = [np.tanh(embeddings[w].astype(np.float32) @ layers[w]) for w in words]
        return np.stack(rows) if rows else np.zeros((0, DIMS), np.float32)

    indexes = []
    for layers in (base, new):
        vectors = []
        for tokens, embeddings in entry.docs:
            bag, words = bag_of(tokens)
            vectors.append(document_vector(bag, meanings(embeddings, words, layers), vocabulary, entry.bm25))
        indexes.append(ExactIndex(vectors))
    queries = []
    for tokens, embeddings in entry.queries:
        bag, words = bag_of(tokens)
        one, two = (query_vector(bag, meanings(embeddings, words, layers), vocabulary) for layers in (base, new))
        scores, matched = indexes[0].contribution(one)
        deltas = {}
        for word in words:
            cells = np.arange(ids[word] * DIMS, (ids[word] + 1) * DIMS)
            before, after = (
                index.contribution(replace(v, indices=v.indices[at], values=v.values[at]))[0]
                for index, v in zip(indexes, (one, two), strict=True)
                for at in (np.isin(v.indices, cells),)
            )
            deltas[word] = after - before
        queries.append((scores, matched, deltas))
    stems = [{stem(token) for token in tokens if is_usable(token)} for tokens, _ in entry.docs]
    points_of = {word: np.flatnonzero([word in of for of in stems]) for word in measured}
    return Domain(name, text, measured, points_of, len(stems), counts, queries, list(entry.data.documents))


def asked_words(domain, source="log"):
    """Share of queries by word, as `tasks.training.asked_words` has it, of the query log or of its proxy."""
    queries = domain.text.log if source == "log" else domain.text.openings
    return AskedWords("", len(queries), domain.counts, query_weights(queries))


def gains_of(domain, words, source="log"):
    """Expected gain of words, by the formula of the product."""
    asked = asked_words(domain, source)
    idf = inverse_frequency(domain.n_points, np.asarray([len(domain.points_of[word]) for word in words]))
    meanings = measured_meanings({word: domain.words[word].ceiling - domain.words[word].now for word in words})
    return [expected_gain(asked.share(word), float(i), meanings[word]) for word, i in zip(words, idf, strict=True)]


def orders_of(domain):
    """Name -> the words that today's rules retrain, in an order: by worth, with a log and with its proxy; as before; by chance."""
    words = sorted(word for word, found in domain.words.items() if found.is_weak)
    pairs = [(number, point) for number, word in enumerate(words) for point in domain.points_of[word]]
    spread = Spread(*np.asarray(pairs, np.int64).T, np.ones(domain.n_points))
    orders = {
        f"by worth, {source}": [words[n] for n in order_by_worth(gains_of(domain, words, source), spread)]
        for source in (("log",) if domain.text.log is domain.text.openings else ("log", "openings"))
    }
    orders["ceiling less ordering"] = sorted(words, key=lambda w: domain.words[w].now - domain.words[w].ceiling)
    orders["by chance"] = [words[n] for n in np.random.default_rng(17).permutation(len(words))]
    return orders
