"""`minicoil serve-embeddings` on one core with MiniLM and queries of eight words, beside a bare ONNX Runtime loop there.

The service may use one core, its clients another. Latency is taken at fixed rates of requests that come at random moments,
from when each should have begun. MINICOIL_BENCH_SECONDS makes each step shorter.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from asked_figures import check_asked
from results_file import describe_machine, keep_figures
from vector_server import VectorServer

from minicoil.folder.bundle import create_empty_bundle, derive_bundle
from minicoil.sparse.model import MiniCoil
from minicoil.text.stemming import stem
from minicoil.words.vocabulary import Vocabulary

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]
HERE = Path(__file__).parent
SECONDS = float(os.environ.get("MINICOIL_BENCH_SECONDS", "20"))
RATES = (150, 200, 250, 300, 350, 400)
MOST_MS = 50.0
WORDS = """\
pod node kernel cell bank river pool flow worker series ring graph matrix task state java cat tensor image window
container cluster schedule search word meaning vector weather music garden bread letter morning engine paper storage
network policy volume object version command label controller resource token request group limit quota secret service
account index table column query cache memory thread process signal socket packet route gateway certificate key
"""


@pytest.fixture(scope="module")
def cores():
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        pytest.skip("one core is here; the service needs one and its clients another")
    return allowed[:2]


@pytest.fixture(scope="module")
def model_folder(encoder_folder, tmp_path_factory):
    """MiniLM with a random layer for half of the words: queries have known and unknown ones."""
    folder = tmp_path_factory.mktemp("model")
    width = create_empty_bundle(encoder_folder, folder / "empty").width
    vocabulary, ids = Vocabulary.empty().apply({stem(word): [word] for word in WORDS.split()[::2]})
    rng = np.random.default_rng(5)
    rows = {i: rng.normal(scale=0.3, size=(width, 4)).astype(np.float32) for i in ids.values()}
    derive_bundle(folder / "empty", folder / "words", vocabulary, rows)
    return folder / "words"


@pytest.fixture(scope="module")
def queries(tmp_path_factory):
    rng = random.Random(1)
    path = tmp_path_factory.mktemp("queries") / "queries.json"
    path.write_text(json.dumps([" ".join(rng.sample(WORDS.split(), 8)) for _ in range(2000)]))
    return path


def run(script, core, *arguments):
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_service_keeps_near_the_pace_of_the_encoder_alone(cores, model_folder, queries, tmp_path):
    core, other = cores
    model = MiniCoil.load(model_folder, threads=1)
    ids = [text.ids.tolist() for text in model.tokenizer.tokenize(json.loads(queries.read_text()))]
    (tmp_path / "ids.json").write_text(json.dumps(ids))
    load_before = round(os.getloadavg()[0], 1)

    def bare():
        return run("bare_loop_child.py", core, model.layout.encoder, tmp_path / "ids.json", SECONDS / 2)

    paces = [bare()]
    steps = {}
    with VectorServer(model_folder, "--threads", 1, core=core) as server:
        address = urlsplit(server.ready["url"])

        def ask(n_clients, rate, seconds=SECONDS):
            answer = run("query_clients.py", other, address.hostname, address.port, queries, seconds, n_clients, rate)
            return {name: round(value, 1) for name, value in answer.items()}

        ask(8, 0, 2)  # warm
        most = ask(16, 0)
        paces.append(bare())  # beside the idle service: whatever else the machine does by then, it does to both
        for rate in RATES:
            steps[str(rate)] = ask(32, rate)
            print(rate, steps[str(rate)])
            if steps[str(rate)]["p99_ms"] > MOST_MS:
                break
        batches = server.metrics()
    within = [rate for rate in RATES if steps.get(str(rate), {"p99_ms": np.inf})["p99_ms"] <= MOST_MS]
    figures = {
        "words_a_query": 8,
        "tokens_a_query": round(float(np.mean([len(row) for row in ids])), 1),
        "seconds_a_step": SECONDS,
        "bare_loop_queries_a_second": round(float(np.mean(paces)), 1),
        "most_queries_a_second": most["per_second"],
        "share_of_the_bare_loop": round(most["per_second"] / float(np.mean(paces)), 3),
        "at_most": most,
        "at_rates": steps,
        "highest_rate_within": max(within, default=0),
        "texts_a_batch": round(
            batches["minicoil_embed_batch_texts_sum"] / batches["minicoil_embed_batch_texts_count"], 2
        ),
    }
    print(json.dumps(figures, indent=1))
    keep_figures("embedding_service", {**figures, "machine": {**describe_machine(), "load_average": load_before}})
    check_asked("embedding_service", figures)
