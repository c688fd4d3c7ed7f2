"""Others write to a collection while another process re-encodes it: nothing of theirs is lost."""

import random
import subprocess
import sys

import pytest

from minicoil.model import MiniCoil
from tasks.bundles import open_model
from tasks.channels import move_current, set_pending
from tasks.corpus import CorpusReport, document
from tasks.indexing import IndexRequest, index_documents
from tasks.place import Place
from tasks.promotion import sweep_channel
from tasks.registry import read_collection_record

COMMAND = """
import sys
from tasks.place import Place
from tasks.promotion import contract_channel, finish_pending, promote
place = Place.at(sys.argv[1])
print("begins", flush=True)
finish_pending(place, "production")
promote(place, "production", int(sys.argv[2]))
contract_channel(place, "production")
"""


def start(home, release):
    running = subprocess.Popen([sys.executable, "-c", COMMAND, str(home), str(release)], stdout=subprocess.PIPE)
    assert running.stdout is not None and running.stdout.readline() == b"begins\n"
    return running


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_writer_at_work_during_the_run_loses_nothing(place, make_texts):
    """One in a hundred points changes while the collection is re-encoded by another process."""
    set_pending(place.objects(), "production", 1, None)
    move_current(place.objects(), "production", 1)
    request = IndexRequest("docs", "production", "minilm", 4, 1.2, 0.75, None)
    texts = {f"d{i}": text for i, text in enumerate(make_texts(3000))}

    def feed(some):
        documents = (document(name, "", text, own_id=name) for name, text in some.items())
        with Place.at(place.home).points() as points:
            index_documents(place, points, request, documents, CorpusReport())

    feed(texts)
    running = start(place.home, 2)
    rng, n_changed = random.Random(11), 0
    while running.poll() is None or n_changed < 30:
        some = {name: f"changed {n_changed} pods shards {rng.random()}" for name in rng.sample(sorted(texts), 5)}
        texts |= some
        feed(some)
        n_changed += len(some)
    running.communicate()
    assert running.returncode == 0
    sweep_channel(place, "production")
    record = read_collection_record(place.objects(), "docs")
    model = MiniCoil.load(open_model(place, 2, "minilm", 4), record.k, record.b, record.avg_len)
    with place.points() as points:
        rows = [p for page in points.scroll("docs", vectors=True) for p in page]
    assert sorted(p.payload["text"] for p in rows) == sorted(texts.values())
    for point, vector in zip(rows, model.embed([p.payload["text"] for p in rows]), strict=True):
        assert set(vector.indices.tolist()) == set(point.vectors["minicoil"].indices.tolist()), point.payload
