"""A model folder is complete and of one release, or says which file is not."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from minicoil.errors import BundleError, EncoderError
from minicoil.files.layout import BundleLayout
from minicoil.files.stack import append_rows, create_stack, open_stack
from minicoil.folder.bundle import (
    FACTS_VERSION,
    BundleFacts,
    check_bundle,
    create_empty_bundle,
    derive_bundle,
    file_digest,
    read_facts,
)
from minicoil.sparse.model import MiniCoil
from minicoil.text.languages import ENGLISH, open_language
from minicoil.words.reclaiming import reclaim_ids, retired_ids
from minicoil.words.vocabulary import Vocabulary


def test_a_child_folder_takes_other_layers_at_retired_ids_alone(bundle, tmp_path):
    stack, first = check_bundle(bundle)
    second, _ = first.apply(remove=["pod"])
    derive_bundle(bundle, tmp_path / "second", second, {})
    third, fresh = reclaim_ids(second, retired_ids(second)).apply({"shard": ["shards"]})
    layer = np.full(stack.shape[1:], 0.25, np.float32)
    assert fresh == {"shard": first.ids["pod"]}
    derive_bundle(tmp_path / "second", tmp_path / "third", third, {fresh["shard"]: layer})
    found, vocabulary = check_bundle(tmp_path / "third")
    place = fresh["shard"]
    assert vocabulary.resolve("shards") == place and np.array_equal(found[place], layer)
    others = np.arange(len(found)) != place
    assert np.array_equal(found[others], check_bundle(tmp_path / "second")[0][others])
    with pytest.raises(BundleError, match="exists already"):
        derive_bundle(tmp_path / "second", tmp_path / "wrong", third, {first.ids["node"]: layer})
    with pytest.raises(BundleError, match="exists already"):  # the word is still there in the parent
        derive_bundle(bundle, tmp_path / "wrong", third, {place: layer})
    assert BundleLayout(bundle).stack.stat().st_size == BundleLayout(tmp_path / "third").stack.stat().st_size
    shutil.rmtree(tmp_path / "third")


pytestmark = pytest.mark.filterwarnings("ignore")  # of FastEmbed's and ONNX's making


def test_a_derived_bundle_keeps_old_rows_to_the_byte_and_reads_with_both_vocabularies(bundle, tmp_path):
    stack, old = check_bundle(bundle)
    new, fresh = old.apply({"quantum": []}, retrain=["pod"])
    rows = {i: np.full((384, 4), 0.01 * i, np.float32) for i in fresh.values()}
    derive_bundle(bundle, tmp_path / "child", new, rows)
    assert open_stack(tmp_path / "child" / BundleLayout(bundle).stack.name)[: len(stack)].tobytes() == stack.tobytes()
    texts = ["pods and nodes of a quantum kernel", "nodes alone"]
    before = list(MiniCoil.load(bundle).embed(texts))
    after = list(MiniCoil.load(tmp_path / "child").embed_union(texts, old))
    for old_vector, (new_vector, both) in zip(before, after, strict=True):
        assert set(both.indices.tolist()) == set(old_vector.indices.tolist()) | set(new_vector.indices.tolist())
        values = dict(zip(both.indices.tolist(), both.values.tolist(), strict=True))
        np.testing.assert_allclose([values[i] for i in old_vector.indices.tolist()], old_vector.values, atol=2e-5)
    assert after[1][0].indices.tolist() == before[1].indices.tolist()


def test_every_missing_or_damaged_file_is_named(bundle, tmp_path):
    layout = BundleLayout(bundle)
    for path in layout.required():
        broken = tmp_path / path.name
        shutil.copytree(bundle, broken)
        (broken / path.relative_to(bundle)).unlink()
        with pytest.raises(BundleError, match=path.name):
            MiniCoil.load(broken)
        shutil.rmtree(broken)
    for name, content in (("tokenizer.json", "{"), ("onnx/model.onnx", "no graph"), ("stopwords.txt", "the\n")):
        broken = tmp_path / "broken"
        shutil.copytree(bundle, broken)
        (broken / name).write_text(content)
        with pytest.raises(BundleError, match=name.split("/")[-1].split(".")[0]):
            list(MiniCoil.load(broken).embed("pods"))
        shutil.rmtree(broken)


@pytest.fixture
def light(tmp_path):
    """A folder with all files of a model, an encoder of no bytes among them, and three layers."""
    layout = BundleLayout(tmp_path / "light")
    layout.encoder.parent.mkdir(parents=True)
    for path in layout.required():
        path.write_text("{}")
    vocabulary, _ = Vocabulary.empty(capacity=10).apply({"pod": ["pods"], "node": [], "cell": []})
    vocabulary.write(layout.vocabulary)
    create_stack(layout.stack, 6, 4)
    append_rows(layout.stack, 1, np.ones((3, 6, 4), np.float32))
    layout.stopwords.write_text("".join(f"{word}\n" for word in sorted(ENGLISH.stopwords)))
    return layout


def test_a_complete_folder_gives_its_layers_and_the_words_that_name_them(light):
    stack, vocabulary = check_bundle(light.folder)
    assert stack.shape == (4, 6, 4) and not stack[0].any() and vocabulary.ids["cell"] == 3


def test_all_that_is_missing_is_named_at_once(light):
    light.stack.unlink()
    light.encoder.unlink()
    with pytest.raises(BundleError) as caught:
        check_bundle(light.folder)
    assert str(caught.value) == (
        f"{light.folder} is not a miniCOIL model: onnx/model.onnx, minicoil.triplet.model.npy not found; pull the "
        "release again, or give a folder that FastEmbed loads"
    )


def more_words(light):
    Vocabulary.empty(capacity=10).apply({w: [] for w in ("pod", "node", "cell", "bank")})[0].write(light.vocabulary)


def german_words(light):
    Vocabulary.empty(capacity=10, language=open_language("de")).write(light.vocabulary)


def german_facts(light):
    BundleFacts("minilm", "0" * 64, 4, 6, language="de").write(light.facts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (more_words, ": the vocabulary names 4 words, the stack has layers for 3; the two files are of different"),
        (german_words, ": its vocabulary is German, minicoil.json says English; the two files are of different releases"),
        (german_facts, ": its vocabulary is English, minicoil.json says German; the two files are of different releases"),
        (lambda light: light.stopwords.write_text("the\n"), "/stopwords.txt lacks .* stopwords that encoding relies on"),
        (lambda light: light.stopwords.write_bytes(b"\xff"), r"/stopwords.txt cannot be read \(.*\); pull the release"),
    ],
    ids=["more words", "words of another language", "facts of another language", "too few stopwords", "no text"],
)  # fmt: skip
def test_files_of_different_releases_contradict_each_other(light, change, message):
    change(light)
    with pytest.raises(BundleError, match=f"^{light.folder}{message}"):
        check_bundle(light.folder)


def test_more_stopwords_than_encoding_relies_on_are_no_harm(light):
    light.stopwords.write_text(light.stopwords.read_text() + "foo\n")
    assert check_bundle(light.folder)[1].known_words == ("pod", "node", "cell")


def test_facts_come_back_as_they_were_and_what_says_nothing_is_not_written(light):
    plain = BundleFacts("minilm", "0" * 64, 4, 6)
    plain.write(light.facts)
    assert (
        read_facts(light.folder) == plain and not {"language", "licence"} & json.loads(light.facts.read_text()).keys()
    )
    full = BundleFacts("acme", "1" * 64, 8, 12, 1, "base", "2" * 64, "mit", "other", "de", "cc-by-4.0")
    full.write(light.facts)
    assert read_facts(light.folder) == full


def test_facts_of_a_foreign_base_are_measured(light):
    light.encoder.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    assert read_facts(light.folder) == BundleFacts("light", digest, 4, 6) and file_digest(light.encoder) == digest


@pytest.mark.parametrize(
    "said",
    ["{", "[]", "{}", '{"encoder": 7}', '{"dims": 0}', '{"width": 1.5}', '{"language": "xx"}', '{"new": 1}', b"\xff"],
)
def test_damaged_facts_are_named(light, said):
    facts = {"encoder": "minilm", "encoder_digest": "0" * 64, "dims": 4, "width": 6}
    if isinstance(said, str) and said.startswith('{"'):
        said = json.dumps(facts | json.loads(said))
    light.facts.write_bytes(said if isinstance(said, bytes) else said.encode())
    with pytest.raises(BundleError, match=rf"^{light.facts} is damaged \(.+\); pull the release again$"):
        read_facts(light.folder)


def test_facts_of_a_newer_program_are_refused(light):
    BundleFacts("minilm", "0" * 64, 4, 6, version=FACTS_VERSION + 1).write(light.facts)
    message = f"^{light.facts} has version {FACTS_VERSION + 1}; this program reads {FACTS_VERSION}$"
    with pytest.raises(BundleError, match=message):
        read_facts(light.folder)


def test_what_is_no_encoder_leaves_the_folder_that_was_there(light, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(EncoderError, match="not an encoder folder"):
        create_empty_bundle(tmp_path, light.folder)
    assert sorted(tmp_path.rglob("*")) == before and check_bundle(light.folder)
