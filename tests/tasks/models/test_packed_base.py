"""A base without its encoder: packed from a release, completed from the packaged encoder, grown from like any other."""

import json
import shutil

import numpy as np
import pytest
from light_home import make_light_home

from minicoil.errors import BundleError
from minicoil.files.layout import BundleLayout
from minicoil.files.stack import open_stack
from minicoil.folder.bundle import check_bundle, derive_bundle, read_facts
from minicoil.sparse.model import MiniCoil
from minicoil.text.stemming import stem
from minicoil.training.prior import Prior
from minicoil.words.ledger import Ledger, WordRecord
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.manifest import read_manifest
from tasks.catalogue.releases import open_release
from tasks.collections.searching import search_collection
from tasks.models.base import base_digest, import_base, open_base
from tasks.models.bundles import open_parent
from tasks.models.packed_base import lacks_encoder, pack_base
from tasks.place import Place
from tasks.releases.assembly import Draft, assemble
from tasks.training.word_memory import WordResult

FORMS = [
    f"{a}{b}" for a in ("pod", "node", "river", "bank", "cell") for b in ("", "let", "ling", "craft", "wright", "berg")
]
CARD = "---\nlicense: apache-2.0\n---\n# A base\n"
TEXTS = ["A pod runs on a node.", "Rivers and banks: the bank of the river."]


@pytest.fixture(scope="session")
def release(empty_bundle, tmp_path_factory):
    """Thirty words with half-precision layers on the packaged encoder, as release 5 of some home left them."""
    folder = tmp_path_factory.mktemp("packed") / "release"
    vocabulary, ids = Vocabulary.empty().apply({stem(form): [form] for form in FORMS})
    rng = np.random.default_rng(5)
    halves = {i: rng.normal(scale=0.3, size=(384, 4)).astype(np.float16).astype(np.float32) for i in ids.values()}
    derive_bundle(empty_bundle, folder, vocabulary, halves)
    records = [WordRecord(word, "accepted", "trained", forms=(word,), n_sentences=50) for word in ids]
    records.append(WordRecord("rare", "kept_bm25", "too few"))
    Ledger().updated(records, "request", 5).write(folder)
    eye = np.eye(384, dtype=np.float32)
    Prior(eye[:, :16], eye, eye[:, :16], 30, "origin").write(folder)
    return folder


@pytest.fixture(scope="session")
def packed(release, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed") / "base"
    pack_base(release, "minilm", folder, CARD)
    return folder


def test_a_packed_base_has_the_used_rows_and_no_encoder(release, packed):
    assert lacks_encoder(packed) and not lacks_encoder(release)
    assert not list(packed.rglob("*.onnx")) and not (packed / "tokenizer.json").exists()
    _, vocabulary = check_bundle(release)
    stack = open_stack(BundleLayout(packed).stack)
    assert len(stack) == vocabulary.n_rows and np.array_equal(
        stack, open_stack(BundleLayout(release).stack)[: len(stack)]
    )
    assert np.array_equal(stack.astype(np.float16).astype(np.float32), stack)


def test_records_of_another_home_become_a_first_releases(packed):
    ledger = Ledger.read(packed)
    assert {record.release for record in ledger.words.values()} == {1, None} and ledger.words["rare"].release is None
    assert [path.name for path in (packed / "ledger").iterdir()] == ["000001.json"] and not ledger.requests


def test_it_is_completed_with_the_packaged_encoder_and_gives_the_releases_vectors(release, packed, tmp_path):
    place = Place.at(tmp_path)
    assert import_base(place, "production", str(packed)) == 1
    assert import_base(place, "production", str(packed)) == 1  # again: it is there
    whole = open_release(place.objects(), 1, place.cache)
    for one, other in zip(MiniCoil.load(release).embed(TEXTS), MiniCoil.load(whole).embed(TEXTS), strict=True):
        assert one.indices.tolist() == other.indices.tolist() and one.values.tobytes() == other.values.tobytes()
    facts = read_manifest(place.objects(), 1).facts
    assert facts["role_model"] == "minilm" and facts["base"]["licence"] == "apache-2.0"
    assert facts["base"]["digest"] == base_digest(place, 1) == open_base(Place.at(tmp_path / "two"), str(packed)).digest
    assert Prior.read(whole).origin == "origin" and (whole / "README.md").read_text() == CARD


def test_what_grows_from_it_is_whole_and_fastembed_loads_it(packed, tmp_path):
    from fastembed import SparseTextEmbedding

    place = Place.at(tmp_path)
    import_base(place, "production", str(packed))
    parent = open_parent(place, "production")
    layer = np.random.default_rng(2).normal(scale=0.1, size=(384, 4)).astype(np.float32)
    result = WordResult(WordRecord("kubelet", "accepted", "trained", forms=("kubelet",), n_sentences=50), layer)
    draft = Draft(parent, 2, place.work / "two", "request", Prior.read(parent.folder), TEXTS)
    built = assemble(draft, [result])
    assert len(built.vocabulary.known_words) == len(parent.vocabulary.known_words) + 1
    assert Ledger.read(built.folder).words["kubelet"].release == 2
    model = SparseTextEmbedding("Qdrant/minicoil-v1", specific_model_path=str(built.folder), avg_len=150.0)
    for theirs, ours in zip(model.embed(TEXTS), MiniCoil.load(built.folder).embed(TEXTS), strict=True):
        assert sorted(theirs.indices) == sorted(ours.indices)


def test_a_collection_on_it_is_searched_by_meaning(packed, tmp_path):
    make_light_home(tmp_path, packed)
    found = search_collection(Place.at(tmp_path), "docs", "a pod in the rain", 2)
    assert found["release"] == 1 and len(found["results"]) == 2


def test_a_dry_run_looks_at_it_without_a_release(packed, tmp_path):
    parent = open_parent(Place.at(tmp_path), "production", base=str(packed))
    assert parent.release is None and "pod" in parent.vocabulary.ids and read_facts(parent.folder).base == "base"


def test_layers_for_another_encoder_are_refused_in_one_line(packed, tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(packed, folder)
    facts = BundleLayout(folder).facts
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "encoder": "acme/encoder"}))
    with pytest.raises(BundleError, match="no encoder .*are for encoder 'acme/encoder'"):
        open_base(Place.at(tmp_path / "home"), str(folder))


def test_layers_of_another_width_or_number_are_refused(packed, tmp_path):
    for name, shape in (("narrow", (31, 64, 4)), ("few", (9, 384, 4))):
        folder = tmp_path / name
        shutil.copytree(packed, folder)
        np.save(BundleLayout(folder).stack, np.zeros(shape, np.float32))
        with pytest.raises(BundleError, match="its files are of different models"):
            open_base(Place.at(tmp_path / "home"), str(folder))


def test_only_what_is_whole_without_its_encoder_is_packed(bundle, release, tmp_path):
    with pytest.raises(BundleError, match="single precision; train all of them with --rounding float16"):
        pack_base(bundle, "minilm", tmp_path / "base", CARD)
    with pytest.raises(BundleError, match="role model 'other'"):
        pack_base(release, "other", tmp_path / "base", CARD)
    (tmp_path / "texts").mkdir()
    with pytest.raises(BundleError, match="no packed base; it stays as it is"):
        pack_base(release, "minilm", tmp_path / "texts", CARD)
    assert not (tmp_path / "base").exists() and (tmp_path / "texts").is_dir()
