"""Encoding in shards gives what encoding in one place gives."""

import errno
from dataclasses import replace

import numpy as np
import pytest

from minicoil.config import SamplingConfig
from minicoil.errors import ConflictError, StoreError
from tasks.models.bundles import open_parent
from tasks.models.sentence_encoder import open_encoders
from tasks.place import Place
from tasks.sentences.sentence_store import Sentence, SentenceStore
from tasks.shards.encoding_shards import cut_shards, encode_shard, merge_shards, result_key
from tasks.shards.shard_files import ShardModel
from tasks.training.features import Features, encode_features
from tasks.training.sampling import sample_sentences

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
FORMS = {"pool": ("pool", "pools"), "kernel": ("kernel",)}
MODEL = ShardModel("production", None, "minilm", "minilm", 4)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place.at(tmp_path_factory.mktemp("shards") / "home")


@pytest.fixture(scope="module")
def sentences(place):
    texts = [f"The pool number {i} of workers runs the kernel of step {i * 7}." for i in range(24)]
    texts += [f"A kernel of size {i} slides over the picture." for i in range(16)]
    with place.points() as points:
        store = SentenceStore(points, 384)
        store.add([Sentence(2**60 + i * 97, text, "doc") for i, text in enumerate(texts)])
        yield store


@pytest.fixture(scope="module")
def chosen(sentences):
    return sample_sentences(sentences, FORMS, SamplingConfig(), np.zeros(0, np.uint64))


def cut(place, sentences, chosen, n):
    return cut_shards(place.objects(), sentences, FORMS, chosen, SamplingConfig(), MODEL, n)


def test_two_shards_make_the_features_of_one_place(place, sentences, chosen, tmp_path):
    encoders = open_encoders(open_parent(place, "production", "minilm", 4), "minilm", "minilm")
    whole = encode_features(sentences, encoders, FORMS, chosen, SamplingConfig(), tmp_path / "whole")

    keys = cut(place, sentences, chosen, 2)
    assert len(keys) == 2 and cut(place, sentences, chosen, 2) == keys
    made = [encode_shard(place, key) for key in keys]
    assert sum(row["n_sentences"] for row in made) == 40
    assert encode_shard(place, keys[0])["n_sentences"] == 0  # done is done
    merge_shards(place.objects(), keys, sentences, tmp_path / "merged")

    # nothing is left to encode: a store without texts is never asked
    merged = encode_features(None, encoders, FORMS, chosen, SamplingConfig(), tmp_path / "merged")
    assert np.array_equal(merged.keys, whole.keys)
    np.testing.assert_allclose(merged.role, whole.role, atol=2e-3)
    for word in FORMS:
        one, other = whole.sample(word), merged.sample(word)
        assert np.array_equal(one.keys, other.keys)
        np.testing.assert_allclose(one.embeddings, other.embeddings, atol=2e-2, rtol=2e-2)  # bfloat16, in other batches
        assert len(other.snippet_rows) and other.snippet_rows.max() < len(other.keys)
    assert len(sentences.vectors([int(key) for key in whole.keys])) == 40
    assert not list(place.objects().list("shards/"))


def test_a_shard_of_another_time_is_refused(place, sentences, chosen):
    store = place.objects()
    damaged = "shards/0123456789abcdef01234567/0.json.gz"
    store.write(damaged, b"nonsense")
    with pytest.raises(StoreError, match="is damaged .*; it was removed, run the same command again to make it anew"):
        encode_shard(place, damaged)
    assert store.stat(damaged) is None
    (key,) = cut_shards(store, sentences, FORMS, chosen, SamplingConfig(), replace(MODEL, parent=5), 1)
    with pytest.raises(ConflictError, match="was cut for release 5, channel 'production' is at None by now"):
        encode_shard(place, key)
    assert store.stat(result_key(key)) is None


def test_a_damaged_result_is_removed_so_that_the_next_run_makes_it_anew(place, sentences, chosen, tmp_path):
    store = place.objects()
    keys = cut(place, sentences, chosen, 2)
    for key in keys:
        encode_shard(place, key)
    whole = store.read(result_key(keys[1]))
    for damage in (whole[: len(whole) // 2], b"nonsense"):
        store.write(result_key(keys[1]), damage)
        with pytest.raises(StoreError, match=r"1.zip is damaged .*; it was removed, run the same command again"):
            merge_shards(store, keys, sentences, tmp_path / "merged")
        assert store.stat(result_key(keys[1])) is None and store.stat(result_key(keys[0])) is not None
        assert not (tmp_path / "merged" / "words.json").exists()
        assert [encode_shard(place, key)["n_sentences"] > 0 for key in cut(place, sentences, chosen, 2)] == [
            False,
            True,
        ]
    merge_shards(store, keys, sentences, tmp_path / "merged")
    assert Features(tmp_path / "merged", 384).words == sorted(FORMS)


def test_a_full_disk_is_no_damage_of_the_shard(place, sentences, chosen, tmp_path, monkeypatch):
    store = place.objects()
    (key,) = cut(place, sentences, chosen, 1)
    encode_shard(place, key)

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("zipfile.ZipFile.extractall", full)
        with pytest.raises(OSError, match="No space left"):
            merge_shards(store, [key], sentences, tmp_path / "merged")
    assert store.stat(result_key(key)) is not None
    merge_shards(store, [key], sentences, tmp_path / "merged")
