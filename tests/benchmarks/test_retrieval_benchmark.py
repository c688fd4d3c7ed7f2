"""Does it search better? nDCG@10 against BM25 of the same tokens, on judged queries and on known items.

pytest -m benchmark tests/benchmarks/test_retrieval_benchmark.py -s

About an hour on one core. Every sentence and document is encoded once; three seeds, two widths and two targets share
that. MINICOIL_BENCH_OUT names a file for the figures, written after every step, and MINICOIL_BENCH_CACHE a folder
from which a run that was stopped goes on. MINICOIL_BENCH_STEP_SEEDS=1 makes the steps of an extension with one seed.
"""

import json
import os
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from asked_figures import check_asked
from results_file import stamp
from retrieval_lab import Lab, Sentences, cached, encode_set, make_encoders, save, score

from minicoil.retrieval.effectiveness import difference
from minicoil.retrieval.known_items import Source, make_known_items
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport
from tasks.proof.beir import read_beir

SEEDS = tuple(int(seed) for seed in os.environ.get("MINICOIL_BENCH_SEEDS", "1,2,3").split(","))
STEP_SEEDS = int(os.environ.get("MINICOIL_BENCH_STEP_SEEDS", "3"))
PYDOCS = "pydocs:torch,scipy,pandas,sklearn,networkx,sympy,prefect,numpy"
N_PYDOCS, N_QUERIES = 6000, 1000
GENERAL = ("gutenberg", "masc", "wikisplit", "state_union")


def read_rows(path):
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield row["doc"], row["text"]


@pytest.fixture(scope="module")
def lab(shared_data, encoder_folder, tmp_path_factory):
    cache = os.environ.get("MINICOIL_BENCH_CACHE")
    folder = Path(cache) if cache else tmp_path_factory.mktemp("retrieval")
    folder.mkdir(parents=True, exist_ok=True)
    encoders = make_encoders(encoder_folder, folder)
    started = time.monotonic()
    scifact = read_beir(shared_data / "scifact")
    pydocs = list(read_corpora([PYDOCS], CorpusReport(), N_PYDOCS))
    known = make_known_items("pydocs", [Source(d.id, "", d.body) for d in pydocs], N_QUERIES)

    def read():
        found = Sentences()
        found.read("scifact", scifact.documents.items(), encoders.tokenizer)
        found.read("pydocs", ((d.doc, d.body) for d in pydocs), encoders.tokenizer)
        for name in GENERAL:
            rows = read_rows(shared_data / "general" / name / "sentences.jsonl")
            found.read("general", rows, encoders.tokenizer)
        return found

    sentences = cached(folder / "sentences.pickle", read)
    log(f"{len(sentences.by_key)} sentences read in {time.monotonic() - started:.0f} s")
    sets = []
    for data in (scifact, known):
        started = time.monotonic()
        sets.append(cached(folder / f"{data.name}.pickle", partial(encode_set, data, data.name, encoders)))
        log(f"{data.name}: {len(data.documents)} documents encoded in {time.monotonic() - started:.0f} s")
    return Lab(sets, sentences, encoders, folder, log)


def log(text):
    target = os.environ.get("MINICOIL_BENCH_OUT")
    if target:
        with Path(target).with_suffix(".log").open("a") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def score_all(entry, dims, layers_of_seed):
    """nDCG@10 of every query, of the layers of each seed."""
    return [score(entry, layers, dims)["ndcg@10"] for layers in layers_of_seed]


def compare(runs, layers_of_seed, plain):
    """Mean over seeds of the change of nDCG@10 against BM25, with the interval of the per-query means."""
    mean = np.mean(runs, axis=0)
    found = difference(mean, plain)
    seeds = [round(float((run - plain).mean()), 4) for run in runs]
    return {
        "change": round(found.mean, 4),
        "interval": [round(found.low, 4), round(found.high, 4)],
        "by_seed": seeds,
        "n_words": int(np.mean([len(layers) for layers in layers_of_seed])),
        "n_worse": int(((mean - plain) < -1e-9).sum()),
        "n_better": int(((mean - plain) > 1e-9).sum()),
    }


def steps_of(lab, origin, dims, target, seed):
    """Layers of each step of an extension: general words, new words, words retrained as `retrain` does, everything on both."""
    words = lab.words[origin]
    base = lab.layers(words, ("general",), dims, target, seed)
    both = lab.layers(words, (origin, "general"), dims, target, seed)
    new = {word: layer for word, layer in both.items() if word not in base}
    retrained = {word: both[word] for word in lab.retrained(base, origin, dims, target, seed)}
    return {
        "base": base,
        "plus new words": {**base, **new},
        "plus shifted and weak words retrained": {**base, **new, **retrained},
        "every word on both texts": both,
    }


@pytest.mark.benchmark
@pytest.mark.shared
@pytest.mark.timeout(14_400)
def test_it_searches_better_than_bm25(lab, capsys):
    out = os.environ.get("MINICOIL_BENCH_OUT")
    report = stamp({"seeds": list(SEEDS), "sets": {}, "whole_vocabulary": {}, "steps": {}, "twenty_words": {}})

    def keep():
        if out:
            save(Path(out), report)

    plain = {}
    for entry in lab.sets:
        name = entry.data.name
        plain[name] = score(entry, {}, 4)["ndcg@10"]
        report["sets"][name] = {
            "n_documents": len(entry.docs),
            "n_queries": len(entry.queries),
            "avg_len": entry.bm25.avg_len,
            "bm25_ndcg@10": round(float(plain[name].mean()), 4),
        }
    for target in ("saturated", "correlation"):
        for dims in (4, 8):
            for entry in lab.sets:
                name, words, origins = entry.data.name, lab.words[entry.origin], (entry.origin, "general")
                started = time.monotonic()
                layers = [lab.layers(words, origins, dims, target, seed) for seed in SEEDS]
                row = compare(score_all(entry, dims, layers), layers, plain[name])
                report["whole_vocabulary"].setdefault(f"{target} {dims}-d", {})[name] = row
                if target == "saturated":
                    for kind, choose in (("mined", lab.mined), ("common", lab.common)):
                        chosen = choose(entry.origin, 20)
                        few = [{word: found[word] for word in chosen if word in found} for found in layers]
                        row = compare(score_all(entry, dims, few), few, plain[name])
                        report["twenty_words"].setdefault(f"{kind} {dims}-d", {})[name] = row
                log(f"{target} {dims}-d {name}: {time.monotonic() - started:.0f} s")
                keep()
    for dims in (4, 8):
        for entry in lab.sets:
            name = entry.data.name
            steps = [steps_of(lab, entry.origin, dims, "saturated", seed) for seed in SEEDS[:STEP_SEEDS]]
            before, layers_before = plain[name], [{}] * len(steps)
            for step in steps[0]:
                layers = [found[step] for found in steps]
                changed = [
                    sum(of[w] is not was.get(w) for w in of) for of, was in zip(layers, layers_before, strict=True)
                ]
                runs = score_all(entry, dims, layers)
                row = compare(runs, layers, plain[name])
                gain = difference(np.mean(runs, axis=0), before)
                row["n_changed"] = int(np.mean(changed))
                row["gain"] = [round(value, 4) for value in (gain.mean, gain.low, gain.high)]
                report["steps"].setdefault(f"saturated {dims}-d", {}).setdefault(name, {})[step] = row
                before, layers_before = np.mean(runs, axis=0), layers
            keep()
    show(report, capsys)
    check_asked("retrieval", report)


def show(report, capsys):
    with capsys.disabled():
        for name, row in report["sets"].items():
            print(
                f"\n{name}: {row['n_documents']} documents, {row['n_queries']} queries, BM25 {row['bm25_ndcg@10']:.4f}",
                end="",
            )
        for title in ("whole_vocabulary", "twenty_words", "steps"):
            for kind, rows in report[title].items():
                for name, entry in rows.items():
                    for step, row in entry.items() if title == "steps" else (("", entry),):
                        low, high = row["interval"]
                        print(
                            f"\n{kind} {name} {step} ({row['n_words']}): {row['change']:+.4f} [{low:+.4f}, {high:+.4f}]",
                            end="",
                        )
        print()
