"""A life through the command line, then a document forgotten: killed on the way, finished by the same command."""

import json
import logging
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from folders import files_with

from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport

SEED = int(os.environ.get("MINICOIL_SEED", "5"))
PLANTED = "zyxwquark"
QUICK = ("--max-sentences", "80", "--judge-at-most", "40")
SECRET = [
    f"All nodes of the {PLANTED} graph are kept by the {name} office in a drawer."
    for name in ("northern", "southern", "eastern", "western", "central", "upper", "lower", "inner", "outer", "middle")
]


def command(home, *arguments):
    return [sys.executable, "-m", "flows.cli", *arguments, "--home", str(home), "--json"]


def ask(home, *arguments, status=0):
    done = subprocess.run(command(home, *arguments), capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr[-2000:]
    assert PLANTED not in done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_document_is_forgotten_through_the_command_line_in_spite_of_kills(tmp_path):
    home, corpus = tmp_path / "home", tmp_path / "docs.jsonl"
    rows = [
        {"doc": d.doc, "title": d.title, "text": d.body} for d in read_corpora(["pydocs:networkx"], CorpusReport(), 80)
    ]
    rows.append({"doc": "secret", "title": f"The {PLANTED} drawer plan", "text": " ".join(SECRET)})
    corpus.write_text("\n".join(map(json.dumps, rows)))
    ask(home, "index", "docs", "--corpus", str(corpus))
    made = ask(home, "extend", "nodes", "graph", "--corpus", str(corpus), *QUICK)
    assert made["promoted"]
    assert ask(home, "words", "nodes")["page"]
    quoting = files_with(home, PLANTED)
    assert any("report.html" in path for path in quoting) and any("words" in path for path in quoting)
    assert not [path for path in quoting if path.startswith("runs")]  # run histories quote nothing
    corpus.write_text("\n".join(map(json.dumps, rows[:-1])))

    forget = ("forget", "--doc", "secret", "--collection", "docs")
    planned = ask(home, *forget, "--dry-run")
    assert planned["n_sentences"] == len(SECRET) and files_with(home, PLANTED) == quoting
    rng = random.Random(SEED)
    moments = [rng.uniform(0.5, 4) for _ in range(3)]
    logging.getLogger(__name__).warning("seed %s: killing after %s s", SEED, [round(m, 1) for m in moments])
    for moment in moments:
        running = subprocess.Popen(command(home, *forget), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert ask(home, "release", "verify", "production")["problems"] == []
        assert len(ask(home, "search", "docs", "nodes of a graph")["results"]) == 10
    ask(home, *forget)
    assert files_with(home, PLANTED) == []
    assert "nothing to do" in ask(home, *forget)["message"]
    assert {row["word"] for row in planned["words"]} == {"node", "graph"}
    for line in planned["retrain"]:
        quick = () if " remove " in line else QUICK
        assert ask(home, *line.replace("SPEC", str(corpus)).split()[1:], *quick)["release"]
    assert {row["word"]: row["release"] for row in ask(home, "words")["words"]} == {"node": 3, "graph": 3}
    assert files_with(home, PLANTED) == []
