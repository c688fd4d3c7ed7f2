"""Sixty nights in a row on text in the order of its files: what a season does to ranking, ids and points.

pytest -m benchmark -s tests/benchmarks/test_season_benchmark.py

Every night a sixtieth of the Kubernetes documentation is new: it is indexed, and a few words are mined and taught. Each
served release is put to the questions of the first night beside the first release. MINICOIL_BENCH_NIGHTS makes it shorter.
"""

import json
import os
import time
from itertools import groupby

import numpy as np
import pytest
from results_file import keep_figures

from minicoil.config import RetrievalGateConfig
from minicoil.files.layout import BundleLayout
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.best import read_best
from tasks.catalogue.channels import read_channel
from tasks.catalogue.registry import read_collection_record
from tasks.catalogue.releases import open_release
from tasks.collections.texts import open_texts
from tasks.place import Place
from tasks.proof.contenders import Contenders
from tasks.proof.evaluating import evaluate_set
from tasks.proof.proxies import draw_points, known_items_among

pytestmark = [pytest.mark.benchmark, pytest.mark.shared, pytest.mark.timeout(4 * 3600)]
NIGHTS = int(os.environ.get("MINICOIL_BENCH_NIGHTS", "60"))
FIRST_SHARE, FIRST_WORDS, WORDS_A_NIGHT, MAX_SENTENCES = 0.4, 60, 4, 200
SENTENCES_A_POINT = 6
CONFIG = RetrievalGateConfig()


def pieces(path):
    """Points of six sentences each, in the order of files."""
    rows = map(json.loads, path.read_text("utf-8").splitlines())
    for doc, group in groupby(rows, key=lambda row: row["doc"]):
        texts = [row["text"] for row in group]
        for start in range(0, len(texts), SENTENCES_A_POINT):
            text = " ".join(texts[start : start + SENTENCES_A_POINT])
            yield {"_id": f"{doc}#{start // SENTENCES_A_POINT}", "text": text}


def write(path, rows):
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return str(path)


def test_a_season_of_nights_does_not_erode_what_the_first_release_could(shared_data, tmp_path):
    from flows.extend_vocabulary import extend_vocabulary
    from flows.forms.parameters import ExtendParameters, IndexParameters
    from flows.index_collection import index_collection

    home, place = str(tmp_path / "home"), Place.at(tmp_path / "home")
    rows = list(pieces(shared_data / "kubernetes_docs" / "sentences.jsonl"))
    start = int(len(rows) * FIRST_SHARE)
    cuts = [0, *np.linspace(start, len(rows), NIGHTS + 1).astype(int).tolist()]
    nights, log = [], tmp_path / "nights.jsonl"
    corpora: list[str] = []
    for night, (low, high) in enumerate(zip(cuts[:-1], cuts[1:], strict=True)):
        began = time.monotonic()
        corpora.append(write(tmp_path / f"night-{night:02}.jsonl", rows[low:high]))
        index_collection(IndexParameters(home=home, collection="docs", corpus=corpora[-1:]))
        wanted = {"common": FIRST_WORDS} if night == 0 else {"mine": WORDS_A_NIGHT}
        answer = extend_vocabulary(ExtendParameters(home=home, corpus=corpora, max_sentences=MAX_SENTENCES, **wanted))
        store = place.objects()
        if night == 0:
            record = read_collection_record(store, "docs")
            with place.points() as points:
                drawn = draw_points(points, "docs", CONFIG)
            first = answer["release"]
        nights.append(_look(place, answer, night, round(time.monotonic() - began, 1)))
        log.write_text("\n".join(map(json.dumps, nights)))
        print(json.dumps(nights[-1]), flush=True)
    served = read_channel(place.objects(), "production").current
    with place.points() as points:
        data = known_items_among(
            points, "docs", "the first night's questions", drawn, open_texts(record, place.cache), CONFIG
        )
    new, old = (open_release(place.objects(), number, place.cache) for number in (served, first))
    contenders = Contenders(new, "the last", None, old, "the first", False, cache=place.cache)
    result = evaluate_set(data, contenders, record.k, record.b, record.avg_len).result
    gained = result.against["parent"]["ndcg@10"]
    figures = {
        "nights": NIGHTS,
        "points": len(rows),
        "released": sum(row["release"] is not None for row in nights),
        "promoted": sum(row["promoted"] for row in nights),
        "points_rewritten": sum(row["points_rewritten"] for row in nights),
        "ids_left": nights[-1]["ids_left"],
        "last_against_first": {"change": gained.mean, "low": gained.low, "high": gained.high, "n": gained.n},
        "last_against_bm25": result.against["bm25"]["ndcg@10"].mean,
        "weeks": [row for row in nights if row["night"] % 7 == 0 or row["night"] == NIGHTS],
    }
    print(json.dumps({key: value for key, value in figures.items() if key != "weeks"}, indent=1))
    keep_figures("season", figures)
    assert gained.high >= 0 or gained.mean >= -CONFIG.season_loss, "eroded by more than noise"


def _look(place, answer, night, seconds):
    store = place.objects()
    gate = answer["retrieval_gate"] or {}
    sets = {row["set"]: row for row in gate.get("sets", ())}
    frozen = next((row for row in sets.values() if "best" in row), None)
    known = sets.get("docs known items")
    served = read_channel(store, "production").current
    folder = open_release(store, served, place.cache)
    vocabulary = Vocabulary.read(BundleLayout(folder).vocabulary, 4)
    best = read_best(store, "production")
    return {
        "night": night,
        "release": answer["release"],
        "promoted": bool(answer["promoted"]),
        "verdict": gate.get("verdict"),
        "best": None if best is None else best.release,
        "against_best": None if frozen is None else frozen["against_parent"],
        "against_parent": None if known is None else known["against_parent"],
        "against_bm25": None if known is None else known["against_bm25"],
        "words": len(vocabulary.known_words),
        "ids_left": answer["ids_left"],
        "points_rewritten": sum(row.get("n_rewritten", row.get("rewritten", 0)) for row in answer["collections"]),
        "seconds": seconds,
    }
