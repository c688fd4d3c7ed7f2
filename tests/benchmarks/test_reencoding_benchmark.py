"""Re-encoding exactly what changed, against encoding everything: 100,000 sentences of real text in the embedded engine.

pytest -m benchmark tests/benchmarks/test_reencoding_benchmark.py -s        (MINICOIL_BENCH_OUT=FILE keeps the figures)

A base of common words, so that nearly every sentence needs the encoder; then 200 words added, 20 retrained, 5 removed,
chosen so that about one point in twenty is affected. Layers are random: nothing measured here depends on their values.
"""

import json
import os
import random
import time

import numpy as np
import pytest
from asked_figures import check_asked
from expansion_lab import choose_words, make_releases, read_sentences
from results_file import keep_figures

from minicoil.folder.bundle import create_empty_bundle
from minicoil.sparse.cells import SparseVector, bag_cells, bm25_vector, count_words
from minicoil.sparse.impact import is_affected, text_keys
from minicoil.sparse.model import MiniCoil
from minicoil.text.stemming import STOPWORDS
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.payload_fields import HASH_FIELD, KEYS_FIELD, NO_UNION, STAMP_FIELD, UNION_FIELD
from tasks.catalogue.registry import CollectionRecord, read_collection_record, register_collection
from tasks.collections.indexing import BM25_VECTOR, SCHEMA, VECTOR
from tasks.documents.documents import text_hash
from tasks.place import Place
from tasks.points import Point
from tasks.rewriting.promotion import contract_channel
from tasks.rewriting.reencoding import expand_collection

N_POINTS = int(os.environ.get("MINICOIL_BENCH_POINTS", "100000"))
N_QUERIES = 60
MOMENTS = 5


def fill(points, name, texts, tokens, vectors, plain, release):
    points.ensure(name, SCHEMA)
    for start in range(0, len(texts), 2000):
        rows = []
        for i in range(start, min(start + 2000, len(texts))):
            payload = {"text": texts[i], KEYS_FIELD: text_keys(tokens[i]), HASH_FIELD: text_hash(texts[i])}
            payload |= {STAMP_FIELD: release, UNION_FIELD: NO_UNION}
            rows.append(Point(i, payload, {VECTOR: vectors[i], BM25_VECTOR: plain[i]}))
        points.upsert(name, rows)
    points.optimize(name)


def top(points, name, queries):
    return [[(hit.id, hit.score) for hit in points.search(name, VECTOR, query, 10)] for query in queries]


def overlap(found, right):
    shares = [
        len({i for i, _ in a} & {i for i, _ in b}) / max(len(b), 1) for a, b in zip(found, right, strict=True) if b
    ]
    return float(np.mean(shares))


def encode_both(model, old, texts, tokens, capsys):
    """Of one forward pass: what is right in the end, and what the collection starts with, the old release's cells."""
    started, right, before = time.perf_counter(), [], []
    for (new, union), text in zip(model.embed_union(texts, old), tokens, strict=True):
        right.append(new)
        kept = np.isin(union.indices, bag_cells(count_words(text, old), old))
        before.append(SparseVector(union.indices[kept], union.values[kept]))
        if len(right) % 20_000 == 0:
            with capsys.disabled():
                print(f"\n{len(right):,} encoded in {time.perf_counter() - started:.0f} s", end="")
    return right, before


def ask(words, tokens):
    """Queries of two words: from one text, and a changed word beside a common one."""
    rng, asked = random.Random(3), []
    for i in rng.sample(range(len(tokens)), 400):
        content = sorted({t for t in tokens[i] if t.isalpha() and t not in STOPWORDS})
        if len(content) >= 2:
            asked.append(" ".join(rng.sample(content, 2)))
    changed = [word for group in words[1:] for word in group]
    pairs = [f"{rng.choice(changed)} {rng.choice(words[0][:500])}" for _ in range(N_QUERIES)]
    return asked[:N_QUERIES] + pairs


def largest_gap(found, right):
    gaps = [abs(a - b) for one, two in zip(found, right, strict=True) for (_, a), (_, b) in zip(one, two, strict=True)]
    return float(max(gaps, default=0.0))


def count_wrong(rows, right):
    """Points whose cells are not those of the right vector, one by one."""
    wrong = 0
    for i, wanted in enumerate(map(as_cells, right)):
        found = as_cells(rows[i].vectors[VECTOR])
        wrong += found.keys() != wanted.keys() or any(abs(found[c] - v) > 1e-4 for c, v in wanted.items())
    return wrong


def as_cells(vector):
    return dict(zip(vector.indices.tolist(), vector.values.tolist(), strict=True))


@pytest.mark.benchmark
@pytest.mark.shared
@pytest.mark.timeout(7200)
def test_re_encoding_what_changed_against_encoding_everything(
    shared_data, encoder_folder, tmp_path, capsys, monkeypatch
):
    place = Place.at(tmp_path / "home")
    texts = read_sentences(shared_data, N_POINTS)
    create_empty_bundle(encoder_folder, tmp_path / "tokens")
    tokenizer = MiniCoil.load(tmp_path / "tokens").tokenizer
    tokens = [
        text.tokens for start in range(0, len(texts), 5000) for text in tokenizer.tokenize(texts[start : start + 5000])
    ]
    words = choose_words(tokens, 0.05)
    make_releases(place, encoder_folder, tmp_path, words)
    avg_len = 12.0
    model = MiniCoil.load(tmp_path / "model-2", avg_len=avg_len)
    old_model = MiniCoil.load(tmp_path / "model-1", avg_len=avg_len)
    old = old_model.vocabulary

    started = time.perf_counter()
    right, before = encode_both(model, old, texts, tokens, capsys)
    everything = time.perf_counter() - started
    plain = [bm25_vector(text, old, model.bm25) for text in tokens]
    expected = {i for i, text in enumerate(tokens) if is_affected(old, model.vocabulary, text)}

    record = CollectionRecord(
        name="docs", channel="production", k=1.2, b=0.75, avg_len=avg_len, dims=4, shift=old.unknown_shift,
        encoder="minilm", encoder_digest="", release=1,
    )  # fmt: skip
    register_collection(place.objects(), record)
    asked = ask(words, tokens)
    old_queries, new_queries = list(old_model.query_embed(asked)), list(model.query_embed(asked))

    with place.points() as points:
        fill(points, "docs", texts, tokens, before, plain, 1)
        fill(points, "fresh", texts, tokens, right, plain, 2)
        right_before, right_after = top(points, "docs", old_queries), top(points, "fresh", new_queries)

        moments, written = [], [0]
        write = type(points).write_vectors

        def watched(self, name, updates, stamp=None):
            done = write(self, name, updates, stamp)
            at = written[0] * MOMENTS // len(expected)
            written[0] += len(done)
            if written[0] * MOMENTS // len(expected) > at:
                moments.append(overlap(top(points, "docs", old_queries), right_before))
            return done

        watching = time.perf_counter()
        with monkeypatch.context() as patch:
            patch.setattr(type(points), "write_vectors", watched)
            change = expand_collection(place, points, record, 2)
        wall = time.perf_counter() - watching
        set_pending(place.objects(), "production", 2, 1)
        move_current(place.objects(), "production", 2)
        after_move = overlap(top(points, "docs", new_queries), right_after)
        contract_channel(place, "production")
        vacuumed = top(points, "docs", new_queries)
        after_vacuum = overlap(vacuumed, right_after)
        rows = {p.id: p for page in points.scroll("docs", vectors=True) for p in page}
    rewritten = {i for i, p in rows.items() if p.payload[STAMP_FIELD] == 2}
    figures = {
        "n_points": len(texts),
        "n_affected": len(expected),
        "missed": len(expected - rewritten),
        "needlessly_rewritten": len(rewritten - expected),
        "points_wrong_cell_by_cell": count_wrong(rows, right),
        "seconds_finding": change.seconds_finding,
        "seconds_expand": round(wall, 1),
        "seconds_encode_everything": round(everything, 1),
        "times_less": round(everything / wall, 1),
        "overlap_while_expanding": [round(value, 3) for value in moments],
        "overlap_after_move": round(after_move, 3),
        "overlap_after_vacuum": round(after_vacuum, 3),
        "largest_score_gap_after_vacuum": largest_gap(vacuumed, right_after),
        "release": read_collection_record(place.objects(), "docs").release,
    }
    target = os.environ.get("MINICOIL_BENCH_OUT")
    if target:
        keep_figures("reencoding", figures)
    with capsys.disabled():
        print("\n" + json.dumps(figures, indent=1))
    check_asked("reencoding", figures)  # overlap below 1 after vacuum: points of equal scores may trade the last place
