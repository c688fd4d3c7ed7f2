"""Every text through the encoder once: an extension, the next night's, and an evaluation, beside the commit before.

MINICOIL_BENCH_OLD=FOLDER names a checkout of the commit to compare with; without it `git worktree` makes one of
`OLD_COMMIT`. MINICOIL_BENCH_PIECES and MINICOIL_BENCH_DOCUMENTS make it smaller; MINICOIL_BENCH_OUT keeps the figures.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from asked_figures import check_asked
from results_file import keep_figures

from minicoil.folder.bundle import create_empty_bundle, derive_bundle
from minicoil.sparse.model import MiniCoil
from minicoil.words.vocabulary import Vocabulary
from tasks.embeddings.embedding_cache import EmbeddingCache

pytestmark = [pytest.mark.benchmark, pytest.mark.shared, pytest.mark.timeout(3600)]
ROOT, CHILD = Path(__file__).parents[2], Path(__file__).with_name("embedding_child.py")
OLD_COMMIT = "d9891e5"
N_PIECES = int(os.environ.get("MINICOIL_BENCH_PIECES", "2652"))
N_DOCUMENTS = int(os.environ.get("MINICOIL_BENCH_DOCUMENTS", "5000"))
N_SENTENCES = 6000 * N_PIECES // 2652
BASE = ["service", "node", "network", "policy", "volume", "object", "version", "command"]
WORDS = ["pod", "container", "cluster", "label", "controller", "namespace", "image", "storage", "resource", "state"]
LATER = ["kernel", "schedule", "token", "request", "group"]


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """Name -> folder of the code."""
    old = os.environ.get("MINICOIL_BENCH_OLD")
    if old:
        yield {"old": Path(old), "new": ROOT}
        return
    folder = tmp_path_factory.mktemp("trees") / "old"
    subprocess.run(["git", "worktree", "add", "--detach", str(folder), OLD_COMMIT], cwd=ROOT, check=True)
    yield {"old": folder, "new": ROOT}
    subprocess.run(["git", "worktree", "remove", "--force", str(folder)], cwd=ROOT, check=True)


def run(tree, **job):
    environment = {**os.environ, "PYTHONPATH": str(tree), "TOKENIZERS_PARALLELISM": "false"}
    own = tree / ".venv" / "bin" / "python"  # of a checkout that was installed
    command = [str(own if tree != ROOT and own.exists() else sys.executable), str(CHILD), json.dumps(job)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tree, timeout=3000)
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    print(job["task"], tree.name, {key: answer[key] for key in ("wall", "cpu", "encoders")})
    print("  ", {key: answer["answer"].get(key) for key in ("seconds", "promoted", "message")})
    return answer


@pytest.fixture(scope="module")
def corpora(shared_data, tmp_path_factory):
    """`first` and `later`: pieces of documentation of some 170 tokens; the second has a twentieth more, all new."""
    folder = tmp_path_factory.mktemp("corpora")
    rows, pieces = [], []
    for name in ("kubernetes_docs", "postgres_docs"):
        with (shared_data / name / "sentences.jsonl").open() as file:
            rows += [json.loads(line) for line in file]
    text, doc = "", None
    for row in rows:
        if row["doc"] != doc or len(text) > 750:
            if len(text) > 400:
                pieces.append(text)
            text, doc = "", row["doc"]
        text = f"{text} {row['text']}".strip()
    random.Random(1).shuffle(pieces)
    later = N_PIECES + N_PIECES // 20
    assert len(pieces) >= later, f"{len(pieces)} pieces"
    for name, some in (("first", pieces[:N_PIECES]), ("later", pieces[N_PIECES:later])):
        lines = [json.dumps({"_id": f"{name}-{i}", "text": piece}) for i, piece in enumerate(some)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def home(trees, corpora, tmp_path_factory):
    """A collection and a release of eight words, made by the old tree; nothing else remembered of it."""
    folder = tmp_path_factory.mktemp("homes") / "start"
    shared = {"home": str(folder), "corpus": [str(corpora / "first.jsonl")]}
    run(trees["old"], task="index", parameters={**shared, "collection": "docs"})
    run(trees["old"], task="extend", parameters={**shared, "words": BASE, "evaluate": False, "max_sentences": 60})
    shutil.rmtree(folder / "cache" / "sentences", ignore_errors=True)
    return folder


@pytest.fixture(scope="module")
def extended(trees, corpora, home):
    """By tree: ten words on a copy of the home, cold; then the next night's five."""
    answers = {}
    for name, tree in trees.items():
        folder = home.with_name(name)
        shutil.copytree(home, folder)
        shared = {"home": str(folder), "max_sentences": 200}
        first, later = ([str(corpora / f"{part}.jsonl")] for part in ("first", "later"))
        answers[name] = {"extension": run(tree, task="extend", parameters={**shared, "corpus": first, "words": WORDS})}
        run(tree, task="index", parameters={"home": str(folder), "corpus": later, "collection": "docs"})
        parameters = {**shared, "corpus": first + later, "words": LATER}
        answers[name]["next_night"] = run(tree, task="extend", parameters=parameters)
    return answers


def verdicts(answer):
    """Without the questions of the best release so far, which the old tree did not ask again."""
    gate = answer["answer"]["retrieval_gate"]
    sets = [(row["set"], row["verdict"]) for row in gate["sets"] if " as release " not in row["set"]]
    return answer["answer"]["promoted"], gate["verdict"], sets


def test_an_extension_encodes_every_text_once(extended):
    figures = {}
    for step in ("extension", "next_night"):
        old, new = (extended[name][step] for name in ("old", "new"))
        assert verdicts(old) == verdicts(new)
        one, other = ({row["word"] for row in tree["answer"]["words"]} for tree in (old, new))
        assert one == other  # in which order they are told is another matter
        once = sum(row["cpu_once"] for row in new["encoders"].values())
        figures[step] = {
            **{f"{name}_{unit}": extended[name][step][unit] for name in ("old", "new") for unit in ("wall", "cpu")},
            "wall_ratio": round(new["wall"] / old["wall"], 3),
            "cpu_ratio": round(new["cpu"] / old["cpu"], 3),
            "cpu_once": round(once, 1),
            "cpu_beyond_once": round(new["cpu"] - 1.15 * once, 1),
            "encoders": {name: extended[name][step]["encoders"] for name in ("old", "new")},
        }
        assert new["encoders"]["vectors"]["n_twice"] == 0, new["encoders"]
        # a training sentence and a snippet of another may be one text: the one is asked for a sentence vector too
        assert new["encoders"]["training"]["n_twice"] <= 0.01 * new["encoders"]["training"]["n_texts"], new["encoders"]
    keep_figures("embeddings", {"n_pieces": N_PIECES, **figures}, part=True)
    print(json.dumps(figures, indent=1))


def test_an_evaluation_encodes_documents_once_and_again_not_at_all(trees, extended, home, shared_data, tmp_path):
    folder = tmp_path / "scifact"
    shutil.copytree(shared_data / "scifact", folder)
    lines = (folder / "corpus.jsonl").read_text().splitlines()
    (folder / "corpus.jsonl").write_text("\n".join(lines[:N_DOCUMENTS]))
    figures, answers = {}, {}
    for name, tree in trees.items():
        for turn in ("cold", "warm") if name == "new" else ("cold",):  # the old tree remembers nothing
            parameters = {"home": str(home.with_name(name)), "folder": str(folder), "in_memory": True}
            found = answers[name, turn] = run(tree, task="evaluate", parameters=parameters)
            vectors = found["encoders"].get("vectors", {"cpu_once": 0.0, "n_passes": 0, "n_twice": 0})
            figures[f"{name}_{turn}"] = {key: found[key] for key in ("wall", "cpu")} | vectors
    for measure in ("bm25", "minicoil", "parent"):
        assert answers["old", "cold"]["answer"][measure] == answers["new", "cold"]["answer"][measure]
        assert answers["new", "warm"]["answer"][measure] == answers["new", "cold"]["answer"][measure]
    assert figures["new_cold"]["n_twice"] == 0 and figures["new_warm"]["n_passes"] == 0
    keep_figures("embeddings", {"n_documents": N_DOCUMENTS, "evaluation": figures}, part=True)
    print(json.dumps(figures, indent=1))


def test_a_scan_through_a_full_memory_costs_what_it_costs_without(encoder_folder, corpora, tmp_path):
    create_empty_bundle(encoder_folder, tmp_path / "empty")
    rng = np.random.default_rng(1)
    vocabulary, ids = Vocabulary.empty().apply({word: [word] for word in WORDS})
    rows = {i: rng.normal(scale=0.3, size=(384, 4)).astype(np.float32) for i in ids.values()}
    derive_bundle(tmp_path / "empty", tmp_path / "model", vocabulary, rows)
    texts = [json.loads(line)["text"] for line in (corpora / "first.jsonl").read_text().splitlines()][:240]
    plain = MiniCoil.load(tmp_path / "model", threads=1)
    cache = EmbeddingCache(tmp_path / "memory", 4 * 2**20)
    # one model for the whole scan, as in a run: it names its encoder by hashing 90 MB, once
    models = {"without": plain, "with": plain.remembering(cache.scanning())}
    for model in models.values():
        list(model.embed(texts[200:]))  # the memory is full
    least = dict.fromkeys(models, float("inf"))
    for turn in range(4):
        some = texts[turn * 50 : turn * 50 + 50]
        for name in sorted(models, reverse=turn % 2 == 0):
            begun = time.process_time()
            list(models[name].embed(some))
            least[name] = min(least[name], time.process_time() - begun)
    keep_figures("embeddings", {"scan": {**least, "ratio": round(least["with"] / least["without"], 3)}}, part=True)
    print(json.dumps(least))


def test_the_figures_of_all_are_those_asked_for():
    check_asked("embeddings", keep_figures("embeddings", {}, part=True))
