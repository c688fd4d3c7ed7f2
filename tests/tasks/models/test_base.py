"""A published model as the start: one of minicoil-v1's shape and size, extended without touching it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from wordfreq import top_n_list

from minicoil.errors import BundleError, EncoderError, UsageError, VocabularyError
from minicoil.files.layout import BundleLayout
from minicoil.files.stack import open_stack
from minicoil.folder.bundle import check_bundle, create_empty_bundle, file_digest
from minicoil.sparse.cells import count_words
from minicoil.sparse.model import MiniCoil
from minicoil.text.stemming import stem
from minicoil.words.entries import check_word
from minicoil.words.ledger import WordRecord
from tasks.catalogue.channels import read_channel
from tasks.catalogue.manifest import read_manifest
from tasks.catalogue.releases import publish_release, verify_release
from tasks.models.base import base_digest, import_base, open_base
from tasks.models.bundles import open_parent
from tasks.place import Place
from tasks.releases.assembly import Draft, assemble
from tasks.training.word_memory import WordResult

N_WORDS, WIDTH, DIMS = 19_125, 512, 4  # Qdrant/minicoil-v1
NEW_ENDS = ("ctl", "lint", "proxi", "mesh", "shard", "graf", "stor", "cert", "ingr", "kron")
TEXTS = [
    "The universities decided to schedule a container on every node of the cluster.",
    "A relation between tables, a relationship between people.",
    "Kubelets watch pods; a pod\u2122 runs on a node.",
    "Rivers and banks: the bank of the river, the bank with the money.",
]


def is_word(text):
    try:
        check_word(text)
    except VocabularyError:
        return False
    return True


@pytest.fixture(scope="session")
def base(tmp_path_factory, encoder_folder) -> Path:
    """A folder in upstream's layout: random weights, a stem_mapping made from the stems of its entries, no file of ours."""
    import torch
    from transformers import BertConfig, BertModel

    source = tmp_path_factory.mktemp("base")
    torch.manual_seed(7)
    config = BertConfig(hidden_size=WIDTH, num_hidden_layers=1, num_attention_heads=8, intermediate_size=WIDTH)
    BertModel(config, add_pooling_layer=False).save_pretrained(source / "encoder")
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copyfile(encoder_folder / name, source / "encoder" / name)
    folder = source / "minicoil-like"
    create_empty_bundle(source / "encoder", folder, DIMS)
    layout = BundleLayout(folder)
    words = [word for word in dict.fromkeys(map(stem, top_n_list("en", 60_000))) if is_word(word)][:N_WORDS]
    assert len(words) == N_WORDS
    # upstream's way: keyed by the stem of the entry, and stemming a stem may give another one
    mapping = {stem(word): word for word in words}
    layout.vocabulary.write_text(json.dumps({"vocab": words, "stem_mapping": mapping}))
    rng = np.random.default_rng(3)
    np.save(layout.stack, rng.normal(scale=0.1, size=(N_WORDS + 1, WIDTH, DIMS)).astype(np.float32))
    for ours in (layout.facts, layout.fused, layout.head, layout.rows):
        ours.unlink()
    layout.card.write_text("---\nlicense: apache-2.0\n---\n# A model\n")
    return folder


@pytest.fixture(scope="session")
def extended(base, tmp_path_factory):
    """The base as release 1, and release 2: new words, one retrained, one unreachable retrained, one removed."""
    place = Place.at(tmp_path_factory.mktemp("home"))
    assert import_base(place, "production", str(base)) == 1
    parent = open_parent(place, "production", "minilm", 4)
    unreachable = next(word for word in parent.vocabulary.unreachable if word == "univers")
    new = ["kubelet", *(f"{a}{b}{c}" for a in ("kub", "dock", "helm", "prom") for b in "aeiou" for c in NEW_ENDS)]
    rng = np.random.default_rng(11)

    def result(word, verdict):
        record = WordRecord(word, verdict, "trained", forms=(word, f"{word}s"), n_sentences=50)
        return WordResult(record, rng.normal(scale=0.1, size=(WIDTH, DIMS)).astype(np.float32))

    results = [result(word, "accepted") for word in new]
    results += [result(word, "improved") for word in ("node", unreachable)]
    built = assemble(Draft(parent, 2, place.work / "two", "request", None, TEXTS, ["bank"], [], ["docs"]), results)
    published = publish_release(place.objects(), built.folder, 1, built.facts, 2)
    return place, parent, built, published, new


def test_a_base_comes_through_untouched_and_says_what_is_left_and_what_is_lost(base, extended):
    place, parent, *_ = extended
    manifest = read_manifest(place.objects(), 1)
    for path in base.rglob("*"):
        if path.is_file():
            assert manifest.files[path.relative_to(base).as_posix()].sha256 == file_digest(path)
    assert manifest.facts["ids_left"] == 4_873  # up to V + 1 = 24,000, where the unknown-word shift would move
    assert manifest.facts["base"] == {
        "name": "minicoil-like",
        "digest": open_base(place, str(base)).digest,
        "licence": "apache-2.0",
    }
    assert manifest.facts["unreachable"] > 100 and "univers" in parent.vocabulary.unreachable
    assert read_channel(place.objects(), "production").current == 1
    assert import_base(place, "production", str(base)) == 1


def test_the_graphs_of_a_release_name_it(extended):
    import onnx

    _, _, built, *_ = extended
    for path in (BundleLayout(built.folder).head, BundleLayout(built.folder).fused):
        said = {entry.key: entry.value for entry in onnx.load(str(path), load_external_data=False).metadata_props}
        assert said["release"] == "2" and said["vocabulary_digest"] == built.vocabulary.digest


def test_what_a_base_had_stays_to_the_byte_in_the_release_grown_from_it(base, extended):
    place, _, built, published, new = extended
    old, grown = open_stack(BundleLayout(base).stack), open_stack(BundleLayout(built.folder).stack)
    assert grown[: len(old)].tobytes() == old.tobytes() and len(grown) == len(old) + len(new) + 2
    _, before = check_bundle(base)
    _, after = check_bundle(built.folder)
    changed = {"node", "univers", "bank"}
    assert all(after.ids[word] == before.ids[word] for word in before.known_words if word not in changed)
    assert after.unknown_shift == before.unknown_shift
    assert after.resolve("university") == after.ids["univers"] > len(before.words)
    assert verify_release(place.objects(), 2) == []
    assert base_digest(place, 2) == open_base(place, str(base)).digest
    card = (built.folder / "README.md").read_text()
    assert "apache-2.0" in card and "on sentences of `docs`" in card and f"{len(new) + 2} words were added" in card


def test_points_encoded_with_the_base_stay_valid_except_where_a_changed_word_occurs(base, extended):
    _, _, built, _, new = extended
    old, grown = MiniCoil.load(base), MiniCoil.load(built.folder)
    n_changed = 0
    for text, one, other in zip(TEXTS, old.embed(TEXTS), grown.embed(TEXTS), strict=True):
        tokens = grown.tokenizer.words(text)
        if any(old.vocabulary.resolve(token) != grown.vocabulary.resolve(token) for token in tokens):
            n_changed += 1
            continue
        assert one.indices.tolist() == other.indices.tolist() and one.values.tobytes() == other.values.tobytes()
    assert n_changed == 3  # node and universities, kubelet and node, bank
    assert count_words(grown.tokenizer.words("kubelets"), grown.vocabulary).word_ids


def test_a_small_extension_of_a_large_base_uploads_little_where_the_store_copies_parts(base, extended, s3_place):
    _, parent, built, _, _ = extended
    store = s3_place.objects()
    assert import_base(s3_place, "production", str(base)) == 1
    published = publish_release(store, built.folder, 1, built.facts, 2)
    assert verify_release(store, 2) == []
    vocabulary = BundleLayout(built.folder).vocabulary.stat().st_size
    assert published.uploaded_bytes <= 8 * 2**20 + vocabulary
    assert published.copied_bytes > 200 * 2**20


@pytest.fixture
def s3_place(s3_address, make_bucket, tmp_path, monkeypatch):
    monkeypatch.setenv("MINICOIL_S3_ENDPOINT_URL", s3_address)
    monkeypatch.setenv("MINICOIL_S3_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("MINICOIL_S3_SECRET_ACCESS_KEY", "secret")
    return Place.at(tmp_path / "home", f"s3://{make_bucket(s3_address)}/models")


def test_a_folder_that_is_no_model_or_a_hub_that_cannot_be_reached_is_one_clear_error(base, tmp_path):
    with pytest.raises(BundleError, match="no such folder; give a FastEmbed model folder"):
        open_base(Place.at(tmp_path), "./nowhere")
    with pytest.raises(EncoderError, match="cannot be had from the Hugging Face hub"):
        open_base(Place.at(tmp_path), "nobody/nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BundleError, match=r"onnx/model.onnx"):
        open_base(Place.at(tmp_path), str(tmp_path / "empty"))


def test_layers_that_do_not_fit_the_encoder_are_refused_before_any_work(base, tmp_path):
    folder = tmp_path / "wide"
    shutil.copytree(base, folder)
    np.save(BundleLayout(folder).stack, np.zeros((N_WORDS + 1, 384, DIMS), np.float32))
    with pytest.raises(BundleError, match="gives 512 numbers a token, its layers take 384"):
        open_base(Place.at(tmp_path), str(folder))


def test_an_encoder_that_reads_files_outside_its_folder_is_not_loaded(base, tmp_path):
    import onnx

    folder = tmp_path / "curious"
    shutil.copytree(base, folder)
    path = BundleLayout(folder).encoder
    model = onnx.load(str(path))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BundleError, match="outside its folder; it is not loaded"):
        open_base(Place.at(tmp_path), str(folder))


def test_a_channel_that_began_with_something_else_refuses_a_base(base, extended, tmp_path):
    place, *_ = extended
    other = tmp_path / "other"
    shutil.copytree(base, other)
    with BundleLayout(other).stack.open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\0\0\0\0")
    with pytest.raises(UsageError, match="at release 1 already"):
        import_base(place, "production", str(other))
