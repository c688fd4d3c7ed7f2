"""Everything a retrieval benchmark encodes, encoded once: layers of any dims, target and seed are then cheap to try.

Only words that a query asks for are trained: other words add nothing to a score, so the figures are those of a model
that has all of them.
"""

import json
import pickle
import time
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from minicoil.config import PRIOR_COMPONENTS, Bm25Config, GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.encoder.token_encoder import TokenEncoder, pool_words
from minicoil.files.layout import BundleLayout
from minicoil.folder.bundle import create_empty_bundle
from minicoil.retrieval.effectiveness import measure
from minicoil.retrieval.exact_index import ExactIndex
from minicoil.sparse.cells import count_words, document_vector, query_vector
from minicoil.text.sentences import sentence_key, split_sentences
from minicoil.text.stemming import stem
from minicoil.text.tokens import WordTokenizer
from minicoil.training.prior import collect_prior, principal_components
from minicoil.training.trained_word import TrainedWord
from minicoil.training.trainer import train_words
from minicoil.training.triplets import sample_triplets, word_seed
from minicoil.training.validation import apply_layer, judge_retrained, measure as measure_layer
from minicoil.words.mining import KnownUse, MiningConfig, rank_common, rank_mined
from minicoil.words.vocabulary import Vocabulary
from minicoil.words.word_counts import WordCounts, is_usable
from tasks.models.sentence_encoder import Encoders
from tasks.sentences.sentence_store import Sentence
from tasks.training.features import encode_features
from tasks.training.retraining import RetrainingConfig, reasons_to_retrain

PER_ORIGIN = 150  # sentences of one word from the domain, and as many from general text


def narrow_sample(whole, keys):
    """A word's sample with the sentences of these keys alone."""
    kept = np.flatnonzero(np.isin(whole.keys, keys))
    place = np.full(len(whole.keys), -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    snippets = place[whole.snippet_rows] >= 0
    return replace(
        whole,
        keys=whole.keys[kept],
        embeddings=whole.embeddings[kept],
        role=whole.role[kept],
        snippet_rows=place[whole.snippet_rows[snippets]],
        snippet_embeddings=whole.snippet_embeddings[snippets],
    )


class Sentences:
    """A sentence store in memory: what `encode_features` asks of one, and which sentences have a word."""

    def __init__(self):
        self.by_key, self.with_word, self.counts = {}, {}, {}

    def read(self, origin, documents, tokenizer):
        for doc, body in documents:
            fresh = []
            for text in split_sentences(body):
                key = sentence_key(text)
                if key not in self.by_key:
                    self.by_key[key] = Sentence(key, text, doc)
                    fresh.append((key, text))
            if not fresh:
                continue
            tokens = [text.tokens[1:-1] for text in tokenizer.tokenize([text for _, text in fresh])]
            self.counts.setdefault(origin, WordCounts()).add(tokens)
            for (key, _), words in zip(fresh, tokens, strict=True):
                for word in {stem(token) for token in words if is_usable(token)}:
                    self.with_word.setdefault(word, {}).setdefault(origin, []).append(key)

    def sample(self, word, origins):
        """At most `PER_ORIGIN` keys from each origin; keys are hashes, so the smallest are a fair draw."""
        found = [key for o in origins for key in sorted(self.with_word.get(word, {}).get(o, ()))[:PER_ORIGIN]]
        return np.sort(np.asarray(found, dtype=np.uint64))

    def texts(self, keys):
        for start in range(0, len(keys), 2048):
            yield [self.by_key[key] for key in keys[start : start + 2048]]

    def set_vectors(self, keys, role):
        pass


@dataclass
class EncodedSet:
    """A retrieval set with the pooled embedding of every query word in every text."""

    data: object
    origin: str
    bm25: Bm25Config
    docs: list
    queries: list

    def words(self):
        return sorted({word for tokens, _ in self.queries for word in map(stem, filter(is_usable, tokens))})


def make_encoders(encoder_folder, folder):
    from minicoil.encoder.torch_encoder import TorchTokenEncoder, computes_bfloat16

    if not (folder / "empty").exists():
        create_empty_bundle(encoder_folder, folder / "empty")
    tokenizer = WordTokenizer.from_folder(folder / "empty")
    if computes_bfloat16():  # 1.6 times as fast; a document's numbers differ in the third place, its ranks hardly
        return Encoders(tokenizer, TorchTokenEncoder(encoder_folder))
    return Encoders(tokenizer, TokenEncoder(BundleLayout(folder / "empty").encoder, threads=1))


def encode_set(data, origin, encoders):
    """Documents and queries as (tokens, word -> embedding); only query words are kept."""
    tokenizer, encoder = encoders.tokenizer, encoders.encoder
    queries = tokenizer.tokenize(list(data.queries.values()))
    wanted = {stem(token) for text in queries for token in text.tokens if is_usable(token)}
    docs = tokenizer.tokenize(list(data.documents.values()))
    empty = Vocabulary.empty()
    lengths = [count_words(text.tokens, empty).n_words for text in docs]
    bm25 = Bm25Config(1.2, 0.75, float(np.mean(lengths)))
    encoded = EncodedSet(data, origin, bm25, [], [])
    for texts, answer in ((docs, encoded.docs), (queries, encoded.queries)):
        answer += [(text.tokens, {}) for text in texts]
        for batch in encoder.encode(texts):
            for row, place in enumerate(batch.places):
                _pool(texts[place], batch.embeddings[row], wanted, answer[place][1])
    return encoded


def _pool(text, embeddings, wanted, answer):
    words = [stem(token) if is_usable(token) and stem(token) in wanted else None for token in text.tokens]
    found = sorted({word for word in words if word})
    if found:
        slots = np.asarray([found.index(word) if word else -1 for word in words])[text.positions]
        pieces = np.flatnonzero(slots >= 0)
        means = pool_words(embeddings[pieces], slots[pieces], len(found)).astype(np.float16)
        answer.update(zip(found, means, strict=True))


class Lab:
    """Sets, sentences and features of one domain and of general text."""

    def __init__(self, sets, sentences, encoders, folder, log):
        self.sets, self.sentences, self.log = sets, sentences, log
        self.sampling = SamplingConfig(max_snippets=30)
        by_origin = defaultdict(set)
        for entry in sets:
            by_origin[entry.origin] |= set(entry.words())
        self.words = by_origin
        chosen = {}
        for origin, words in by_origin.items():
            for word in words:
                keys = sentences.sample(word, (origin, "general"))
                if len(keys) >= self.sampling.min_sentences:
                    chosen[word] = np.union1d(chosen.get(word, np.zeros(0, np.uint64)), keys)
        forms = {word: [word] for word in chosen}
        started = time.monotonic()
        self.features = encode_features(sentences, encoders, forms, chosen, self.sampling, folder / "features")
        log(f"{len(self.features.keys)} sentences of {len(forms)} words encoded in {time.monotonic() - started:.0f} s")
        rng = np.random.default_rng(17)
        rows = np.sort(rng.permutation(len(self.features.keys))[:20_000])
        components = principal_components(np.asarray(self.features.role[rows], np.float32), PRIOR_COMPONENTS)
        some = [self.features.words[i] for i in rng.permutation(len(self.features.words))[:300]]
        self.prior = collect_prior((self.features.sample(word) for word in some), components)
        self._trained = {}

    def _sample(self, word, origins):
        """The word's sample of the sentences that come from `origins` alone."""
        whole = self.features.sample(word)
        keys = self.sentences.sample(word, origins)
        return narrow_sample(whole, keys)

    def layers(self, words, origins, dims, target, seed):
        """Word -> layer, of those that can be trained on these texts; trained once."""
        config = TrainingConfig.for_target(target, dims, seed)
        key = (tuple(origins), dims, target, seed)
        known = self._trained.setdefault(key, {})
        missing = [w for w in sorted(words) if w in self.features.words and w not in known]
        ready = sorted(missing, key=lambda w: (self.features.count(w), w))
        for start in range(0, len(ready), config.words_per_batch):
            samples = [self._sample(w, origins) for w in ready[start : start + config.words_per_batch]]
            for sample, outcome in zip(samples, train_words(samples, self.prior, config, self.sampling), strict=True):
                known[sample.word] = outcome if isinstance(outcome, TrainedWord) else None
        return {word: known[word].weights for word in words if known.get(word) is not None}

    def retrained(self, words, origin, dims, target, seed):
        """Those that `retrain` would give a layer of both texts: general text's underperforms on held-out sentences of
        the domain, or the word's use is shifted there; and the new one is better by more than noise."""
        before, shifted = self._trained[("general",), dims, target, seed], set(self.mined(origin, 10_000, "shifted"))
        answer = []
        for word in words:
            old, new = before.get(word), self._trained[(origin, "general"), dims, target, seed].get(word)
            if old is None or new is None:
                continue
            sample = self._sample(word, (origin, "general"))
            here = new.split.test[np.isin(sample.keys[new.split.test], self.sentences.sample(word, (origin,)))]
            triplets = sample_triplets(sample.role, here, TripletConfig(), word_seed(word, seed, "domain test"))
            if not len(triplets):
                continue
            figures = [measure_layer(apply_layer(sample.embeddings, x.weights), triplets) for x in (old, new)]
            ceiling = measure_layer(sample.embeddings, triplets).ordering
            at_first = measure_layer(apply_layer(self._sample(word, ("general",)).embeddings, old.weights), old.test)
            floor, config = GateConfig().min_ordering, RetrainingConfig()
            weak = reasons_to_retrain(figures[0].ordering, ceiling, floor, at_first.ordering, config)
            if not weak and word not in shifted:
                continue
            if judge_retrained(word, *figures, triplets, GateConfig(), seed).verdict == "improved":
                answer.append(word)
        return answer

    def mined(self, origin, n, kind=None):
        """The words that mining proposes for the domain, as an extension of a general base would; query words or not."""
        general = self.sentences.counts["general"]
        uses = {
            use.word: KnownUse(use.per_million, use.neighbours, use.n_neighbours)
            for use in general.uses()
            if use.count >= self.sampling.min_sentences
        }
        ranked = rank_mined(self.sentences.counts[origin], 10_000, set(uses), uses, general)
        return [c.word for c in ranked if kind is None or c.kind == kind][:n]

    def common(self, origin, n):
        return [c.word for c in rank_common(self.sentences.counts[origin], n, MiningConfig())]


def score(entry, layers, dims):
    """Per-query measures of a model with these layers; of plain BM25 without any. Words no query has are left out."""
    asked_for = set(entry.words())
    # a stem that is a word with another stem ("environment") would take that word's tokens, pooled under the other
    layers = {word: layer for word, layer in layers.items() if word in asked_for and stem(word) == word}
    vocabulary, ids = Vocabulary.empty(dims).apply({word: [] for word in layers})
    by_id = {ids[word]: layer for word, layer in layers.items()}

    def vector(tokens, embeddings, make):
        bag = count_words(tokens, vocabulary)
        words = [vocabulary.words[i - 1] for i in bag.word_ids]
        rows = [np.tanh(embeddings[w].astype(np.float32) @ by_id[i]) for w, i in zip(words, bag.word_ids, strict=True)]
        return make(bag, np.stack(rows) if rows else np.zeros((0, dims), np.float32))

    docs = [vector(t, e, lambda bag, m: document_vector(bag, m, vocabulary, entry.bm25)) for t, e in entry.docs]
    index, names = ExactIndex(docs), list(entry.data.documents)
    run = {}
    for (tokens, embeddings), query in zip(entry.queries, entry.data.queries, strict=True):
        asked = vector(tokens, embeddings, lambda bag, m: query_vector(bag, m, vocabulary))
        run[query] = [names[place] for place in index.search(asked, 100).places]
    return measure(entry.data.relevant, run)


def cached(path, make):
    """What `make` gives, kept in a file of this benchmark's own folder: a run that was stopped goes on from there."""
    if path.exists():
        return pickle.loads(path.read_bytes())
    value = make()
    path.with_suffix(".part").write_bytes(pickle.dumps(value))
    path.with_suffix(".part").replace(path)
    return value


def save(path, report):
    part = path.with_suffix(".part")
    part.write_text(json.dumps(report, indent=1) + "\n")
    part.replace(path)
