"""Sentences are encoded once for all of their words, in this run and the next, and never in another's place."""

from dataclasses import replace

import numpy as np
import pytest

from minicoil.encoder.token_encoder import TokenEncoder
from minicoil.errors import EncoderError
from minicoil.files.layout import BundleLayout
from minicoil.text.tokens import WordTokenizer
from tasks.models import sentence_encoder
from tasks.models.bundles import open_parent
from tasks.models.sentence_encoder import Encoders, SentenceEncoder, open_encoders

TEXTS = {7: "Pods run on nodes.", 9: "The banks of the river.", 2: "Pods again"}


class Role:
    """A role model of two numbers, which counts the texts it is given."""

    width = 2

    def __init__(self, name="role"):
        self.n_texts = 0

    def encode(self, texts):
        self.n_texts += len(texts)
        return np.asarray([[len(text), 1.0] for text in texts], np.float32)


@pytest.fixture(scope="module")
def encoders(releases):
    folder = releases.parent / "model-1"
    tokens = TokenEncoder(BundleLayout(folder).encoder, threads=1)
    return Encoders(WordTokenizer.from_folder(folder), tokens, digest="d")


def encode(encoders, texts=TEXTS, with_role=True):
    told = []
    with SentenceEncoder(encoders, with_role) as encoder:
        found = encoder.encode(texts, told.append)
    assert found.keys() == texts.keys() and sum(told) == len(texts)
    return found, encoder


def same(one, other):
    assert one.keys() == other.keys()
    for key, words in one.items():
        assert words.tokens == other[key].tokens
        np.testing.assert_allclose(words.embeddings, other[key].embeddings, atol=2e-3)
        np.testing.assert_allclose(words.role, other[key].role, atol=2e-3)


def test_each_text_is_encoded_once_whatever_order_they_are_batched_in(encoders):
    found, encoder = encode(encoders)
    assert (encoder.n_encoded, encoder.n_reused) == (3, 0)
    assert "pods" in found[7].tokens and "river" in found[9].tokens and found[7].role.shape == (encoders.role_width,)
    for key, text in TEXTS.items():
        same({key: found[key]}, encode(encoders, {key: text})[0])


def test_what_an_earlier_run_encoded_is_found_again(encoders, tmp_path):
    kept = replace(encoders, cache=tmp_path / "cache")
    first, _ = encode(kept, {7: TEXTS[7]})
    again, encoder = encode(kept)
    assert (encoder.n_encoded, encoder.n_reused) == (2, 1)
    same({7: again[7]}, first)
    for changed in (replace(kept, digest="another"), encoders):
        assert encode(changed)[1].n_reused == 0
    assert encode(kept, with_role=False)[1].n_reused == 0  # they have no role vectors


def test_what_was_encoded_before_a_failure_is_kept(encoders, tmp_path):
    kept = replace(encoders, cache=tmp_path / "cache")
    with pytest.raises(KeyError), SentenceEncoder(kept, True) as encoder:
        encoder.encode(TEXTS, lambda n: None)
        raise KeyError
    assert encode(kept)[1].n_reused == 3


def test_without_role_no_vectors_are_made_and_a_role_model_of_its_own_gives_them(encoders):
    role = Role()
    bare, _ = encode(replace(encoders, role_model=role), with_role=False)
    assert bare[7].role.shape == (0,) and role.n_texts == 0
    found, _ = encode(replace(encoders, role_model=role))
    assert {key: words.role[0] for key, words in found.items()} == {key: len(text) for key, text in TEXTS.items()}
    assert role.n_texts == 3 and replace(encoders, role_model=role).role_width == 2


def test_no_texts_are_none_and_load_nothing(encoders):
    role = Role()
    assert encode(replace(encoders, role_model=role), {})[0] == {} and role.n_texts == 0


@pytest.fixture
def parent(place, tiny_encoder, monkeypatch):
    """The empty model of an encoder without meaning; nobody loads a role model."""
    monkeypatch.setattr(sentence_encoder, "RoleModel", Role)
    return open_parent(place, "production", str(tiny_encoder))


def test_another_encoder_than_the_channels_model_was_made_with_is_refused(parent):
    with pytest.raises(EncoderError) as caught:
        open_encoders(replace(parent, release=3), "other/encoder", "minilm")
    assert str(caught.value) == (
        f"the channel's model was made with encoder '{parent.facts.encoder}', not 'other/encoder', which cannot be "
        "changed: start another --channel"
    )
    assert open_encoders(replace(parent, release=3), "minilm", "minilm").role_width == 2  # what nobody changed


def test_whatever_decides_an_embedding_decides_the_digest(parent):
    name = parent.facts.encoder
    made = open_encoders(parent, name, "minilm")
    assert made.digest == open_encoders(parent, name, "minilm").digest
    others = (
        open_encoders(parent, name, "other/role"),
        open_encoders(replace(parent, facts=replace(parent.facts, encoder_digest="f" * 64)), name, "minilm"),
    )
    assert len({made.digest, *(other.digest for other in others)}) == 3


def test_a_cache_of_no_bytes_is_none(parent, tmp_path, monkeypatch):
    name = parent.facts.encoder
    assert open_encoders(parent, name, "minilm", tmp_path).cache == tmp_path
    monkeypatch.setenv("MINICOIL_SENTENCE_CACHE_BYTES", "0")
    assert open_encoders(parent, name, "minilm", tmp_path).cache is None
