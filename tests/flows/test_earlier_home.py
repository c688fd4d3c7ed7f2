"""A home that an earlier version wrote is searched, extended and re-encoded as if this version had written it.

`earlier_home.tar.xz` holds an encoder of 64 numbers, two corpora, the home (an index, three words, a fourth one) and
`answers.json`, what that version itself answered to searches. The version is 0.1.0 of 2026-11-27, from before rooms,
runs without a Prefect server, and named rule versions; it is never made anew. `earlier_retrain.json` is what that
version made of the home as it lay there, told to retrain on `write_third` and then to remove a word.
"""

import json
import random
import tarfile
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from recorded_cases import FRAMES, machine

import minicoil.encoder
from flows.cli import main
from minicoil.sparse.model import MiniCoil
from tasks.models.bundles import open_model
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # FastEmbed's and transformers' own
PACKED = Path(__file__).with_name("earlier_home.tar.xz")
RETRAINED = Path(__file__).with_name("earlier_retrain.json")
OTHER_SENSES = {
    "pod": ("pea bean seed garden harvest stalk", "podcast episode radio voice guest studio"),
    "bank": ("turn wing aircraft pilot angle cloud", "blood donor plasma hospital vein nurse"),
}
TRAINING = ("--encoder", "./encoder", "--role-model", "./encoder", "--min-sentences", "20", "--no-evaluate")


@pytest.fixture(scope="module", autouse=True)
def in_float32():
    """As where the home was made: layers learned in another precision are others, and would be learned anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minicoil.encoder, "computes_bfloat16", lambda: False)
        yield


def unpack_home(folder):
    with tarfile.open(PACKED) as packed:
        packed.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return unpack_home(tmp_path_factory.mktemp("earlier"))


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


def write_third(path):
    """Two served words in senses that they were not trained on; one sentence a document, whatever cuts them."""
    rng, rows = random.Random(5), []
    for number in range(2400):
        word = rng.choice(sorted(OTHER_SENSES))
        topic = rng.choice(OTHER_SENSES[word]).split()
        rows.append({"_id": f"third-{number}", "text": rng.choice(FRAMES).format(*rng.sample(topic, 5), word=word)})
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def test_a_retrain_and_a_removal_come_to_what_they_came_to(tmp_path):
    before = json.loads(RETRAINED.read_text("utf-8"))
    if before["machine"] != machine():
        pytest.skip("recorded on another CPU or with other libraries, whose last digits are others")
    folder = unpack_home(tmp_path)
    write_third(folder / "third.jsonl")
    made = call(folder, "retrain", "--corpus", "third.jsonl", "--below", "0.999", *TRAINING)
    assert made["promoted"] and {row["verdict"] for row in made["words"]} == {"improved"}
    now = [{name: row[name] for name in was} for row, was in zip(made["words"], before["words"], strict=True)]
    assert now == before["words"]
    removed = call(folder, "remove", "cell")
    assert removed["promoted"] and removed["release"] == made["release"] + 1
    with chdir(folder):
        model = MiniCoil.load(open_model(Place.at(folder / "home"), removed["release"], "./encoder", 4))
    vocabulary = model.vocabulary
    assert {word: vocabulary.entry_id(word) for word in before["ids"]} == before["ids"]
    assert vocabulary.entry_id("cell") is None
    for word, layer in before["layers"].items():
        assert np.array_equal(model.stack[vocabulary.entry_id(word)], np.array(layer, np.float32))
