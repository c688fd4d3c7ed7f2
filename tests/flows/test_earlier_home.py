"""A home that an earlier version wrote is searched, extended and re-encoded as if this version had written it.

`earlier_home.tar.xz` holds an encoder of 64 numbers, two corpora, the home (an index, three words, a fourth one) and
`answers.json`, what that version itself answered to searches. The version is 0.1.0 of 2026-11-27, from before rooms,
runs without a Prefect server, and named rule versions; it is never made anew.
"""

import json
import tarfile
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import minicoil.encoder
from flows.cli import main
from minicoil.sparse.model import MiniCoil
from tasks.models.bundles import open_model
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # FastEmbed's and transformers' own
PACKED = Path(__file__).with_name("earlier_home.tar.xz")
TRAINING = ("--encoder", "./encoder", "--role-model", "./encoder", "--min-sentences", "20", "--no-evaluate")


@pytest.fixture(scope="module", autouse=True)
def in_float32():
    """As where the home was made: layers learned in another precision are others, and would be learned anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minicoil.encoder, "computes_bfloat16", lambda: False)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(PACKED) as packed:
        packed.extractall(folder, filter="data")
    return folder


def call(folder, *arguments):
    with chdir(folder):
        done = CliRunner().invoke(main, [*arguments, "--home", "home", "--json"])
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_searches_find_what_the_earlier_version_found(folder):
    answers = json.loads((folder / "answers.json").read_text("utf-8"))
    for query, before in answers["searches"].items():
        now = call(folder, "search", "docs", query)
        assert len(before["results"]) > 3
        assert [round(row["score"], 4) for row in now["results"]] == [
            round(row["score"], 4) for row in before["results"]
        ]
        assert {row["doc"] for row in now["results"][:3]} <= {row["doc"] for row in before["results"]}
    listed = call(folder, "release", "list")["releases"]
    assert [row["release"] for row in listed] == [row["release"] for row in answers["releases"]["releases"]]


def test_nothing_is_due_and_nothing_is_trained_anew(folder):
    assert not call(folder, "reencode", "--dry-run")["collections"][0]["n_affected"]
    again = call(folder, "extend", "pod", "bank", "--corpus", "first.jsonl", *TRAINING)
    assert again["release"] is None, again


def test_it_goes_on_with_more_text_and_another_word_and_keeps_every_other_layer(folder):
    call(folder, "index", "docs", "--corpus", "second.jsonl")
    made = call(folder, "extend", "kernel", "--corpus", "first.jsonl", "--corpus", "second.jsonl", *TRAINING)
    assert made["promoted"] and made["release"] == 3
    assert [(row["word"], row["verdict"]) for row in made["words"]] == [("kernel", "accepted")]
    place = Place.at(folder / "home")
    parent, child = (MiniCoil.load(open_model(place, number, "./encoder", 4)) for number in (2, 3))
    for word in ("pod", "bank", "cell", "pool"):
        assert parent.vocabulary.entry_id(word) == child.vocabulary.entry_id(word)
        assert np.array_equal(*(model.stack[model.vocabulary.entry_id(word)] for model in (parent, child)))
    found = call(folder, "search", "docs", "kernel corn")["results"]
    assert "kernel" in found[0]["text"]
