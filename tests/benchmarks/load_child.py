"""One size of the load benchmark in a process of its own: `load_child.py points N HOME MODEL`, JSON to stdout.

MODEL is the empty model of an encoder, made beforehand: making it takes torch, which the rest does not.
"""

import json
import random
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from minicoil.files.layout import BundleLayout
from minicoil.files.stack import read_shape
from minicoil.folder.bundle import derive_bundle, read_facts
from minicoil.sparse.cells import bm25_vector
from minicoil.sparse.impact import is_affected, text_keys
from minicoil.sparse.model import MiniCoil
from minicoil.text.stemming import STOPWORDS, stem
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.payload_fields import HASH_FIELD, KEYS_FIELD, NO_UNION, STAMP_FIELD, UNION_FIELD
from tasks.catalogue.registry import CollectionRecord, register_collection
from tasks.catalogue.releases import publish_release
from tasks.collections.indexing import BM25_VECTOR, SCHEMA, VECTOR
from tasks.documents.documents import text_hash
from tasks.place import Place
from tasks.points import Point
from tasks.rewriting.promotion import contract_channel
from tasks.rewriting.reencoding import expand_collection

N_ADDED, WORDS_A_TEXT, BATCH, N_QUERIES = 20, 12, 2000, 200
SHARE = 0.01  # of the points have an added word
AVG_LEN = float(WORDS_A_TEXT)


class Steps:
    """Seconds by name."""

    def __init__(self):
        self.seconds = {}

    @contextmanager
    def timing(self, name):
        started = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - started, 2)


def english(n):
    """The most frequent English words with a stem of their own."""
    from wordfreq import top_n_list

    stems, words = set(), []
    for word in top_n_list("en", 6 * n):
        entry = stem(word)
        usable = word.isascii() and word.isalpha() and 3 <= len(entry) <= 40 and entry.isalpha()
        if usable and entry not in stems and not {word, entry, stem(entry)} & STOPWORDS:
            stems.add(entry)
            words.append(word)
        if len(words) == n:
            return words
    raise ValueError(f"{len(words)} words found, {n} asked for")


def choose_added(words, weights):
    """Words which together are in about `SHARE` of the texts, wherever their frequency puts them."""
    each = SHARE / N_ADDED / WORDS_A_TEXT
    start = max(int(np.searchsorted(-weights, -each)) - N_ADDED // 2, 0)
    return words[start : start + N_ADDED]


def make_release(place, empty, added):
    """Release 1, the empty model with `added` words; layers are random: nothing measured depends on their values."""
    layout, folder = BundleLayout(empty), place.home / "made"
    vocabulary, fresh = Vocabulary.read(layout.vocabulary, 4).apply(add={stem(word): [word] for word in added})
    rng, width = np.random.default_rng(1), read_shape(layout.stack)[1]
    rows = {i: rng.normal(scale=0.3, size=(width, 4)).astype(np.float32) for i in fresh.values()}
    derive_bundle(empty, folder, vocabulary, rows)
    publish_release(place.objects(), folder, None, {})
    return folder


def make_points(words, weights, old, new, bm25, n):
    """Batches of points as `index` writes them under a model without words, and how many have an added word."""
    rng, table = np.random.default_rng(2), np.asarray(words)
    for start in range(0, n, BATCH):
        drawn = table[rng.choice(len(words), size=(min(BATCH, n - start), WORDS_A_TEXT), p=weights)]
        batch, n_affected = [], 0
        for i, chosen in enumerate(drawn.tolist(), start):
            tokens = [*chosen, str(i)]
            text = " ".join(tokens)
            plain = bm25_vector(tokens, old, bm25)
            payload = {"text": text, KEYS_FIELD: text_keys(tokens), HASH_FIELD: text_hash(text), "doc": f"d{i // 10}"}
            payload |= {STAMP_FIELD: 0, UNION_FIELD: NO_UNION}
            batch.append(Point(i, payload, {VECTOR: plain, BM25_VECTOR: plain}))
            n_affected += is_affected(old, new, tokens)
        yield batch, n_affected


def ask(points, queries):
    """(median, 95th percentile) of milliseconds a search."""
    spent = []
    for query in queries:
        started = time.perf_counter()
        points.search("docs", VECTOR, query, 10)
        spent.append(time.perf_counter() - started)
    return [round(1000 * float(np.percentile(spent, share)), 2) for share in (50, 95)]


def points(n, home, empty):
    """Load, extend by some words, search, and drop the old cells."""
    steps, place = Steps(), Place.at(Path(home))
    words = english(30_000)
    weights = 1 / (np.arange(len(words)) + 30.0)
    weights /= weights.sum()
    added = choose_added(words, weights)
    old = MiniCoil.load(empty, avg_len=AVG_LEN)
    model = MiniCoil.load(make_release(place, Path(empty), added), avg_len=AVG_LEN)
    rng = random.Random(3)
    asked = [f"{rng.choice(words[:5000])} {rng.choice(words[:500])}" for _ in range(N_QUERIES)]
    record = CollectionRecord(
        name="docs", channel="production", k=1.2, b=0.75, avg_len=AVG_LEN, dims=4,
        shift=old.vocabulary.unknown_shift, encoder=read_facts(Path(empty)).encoder, encoder_digest="", release=0,
    )  # fmt: skip
    register_collection(place.objects(), record)
    n_expected = 0
    with place.points() as store:
        store.ensure("docs", SCHEMA)
        made = make_points(words, weights, old.vocabulary, model.vocabulary, old.bm25, n)
        while True:
            with steps.timing("making points"):
                batch, n_affected = next(made, (None, 0))
            if batch is None:
                break
            n_expected += n_affected
            with steps.timing("loading"):
                store.upsert("docs", batch)
        with steps.timing("optimizing"):
            store.optimize("docs")
        before = ask(store, list(old.query_embed(asked)))
        with steps.timing("expanding"):
            change = expand_collection(place, store, record, 1)
        assert change.n_affected == change.n_rewritten == n_expected, (change, n_expected)
        set_pending(place.objects(), "production", 1, None)
        move_current(place.objects(), "production", 1)
        during = ask(store, list(model.query_embed(asked)))
        with steps.timing("contracting"):
            contract_channel(place, "production")
        after = ask(store, list(model.query_embed(asked)))
        assert store.count("docs") == n
    seconds = {**steps.seconds, "finding, of expanding": change.seconds_finding}
    search = {"before": before, "expanded": during, "contracted": after}
    return {"n_affected": n_expected, "steps": seconds, "search_ms_median_and_95th": search}


if __name__ == "__main__":
    part, size, *rest = sys.argv[1:]
    sys.stdout.write(json.dumps(globals()[part](int(size), *rest)))
