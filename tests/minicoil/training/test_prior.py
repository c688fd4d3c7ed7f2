"""A prior travels with its origin, and a broken word does not spoil it for the others."""

from dataclasses import replace

import numpy as np
import pytest
from planted_words import planted

from minicoil.errors import BundleError
from minicoil.training.prior import PRIOR_FILE, Prior, collect_prior, principal_components


def made(samples):
    return collect_prior(samples, principal_components(np.concatenate([s.role for s in samples]), 16))


def test_a_prior_comes_back_from_disk_with_its_origin(tmp_path):
    prior = made([planted("pod")])
    Prior(prior.components, prior.second, prior.cross, 1, "abc").write(tmp_path)
    found = Prior.read(tmp_path)
    assert found.origin == "abc" and found.n_words == 1
    np.testing.assert_array_equal(found.second, prior.second)
    assert Prior.read(tmp_path / "absent") is None


def test_a_prior_without_origin_is_named_after_its_bytes(tmp_path):
    prior = made([planted("pod")])
    for seed, name in ((0, "one"), (1, "other")):
        (tmp_path / name).mkdir()
        arrays = {"components": prior.components, "second": prior.second + seed, "cross": prior.cross}
        np.savez(tmp_path / name / PRIOR_FILE, **arrays, n_words=np.int64(1))
    one, other = (Prior.read(tmp_path / name).origin for name in ("one", "other"))
    assert len(one) == len(other) == 64 and one != other


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 half of one"])
def test_a_damaged_prior_is_refused_by_name(tmp_path, content):
    (tmp_path / PRIOR_FILE).write_bytes(content)
    with pytest.raises(BundleError, match=PRIOR_FILE):
        Prior.read(tmp_path)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["embeddings", "role", "snippet_embeddings"])
def test_a_word_with_nan_or_infinity_is_left_out(name, poison):
    good, broken = planted("pod"), planted("nan", seed=1)
    getattr(broken, name)[2, 2] = poison
    prior, expected = made([good, broken]), made([good])
    assert prior.n_words == 1 and np.isfinite(prior.cross).all() and np.isfinite(prior.components).all()
    np.testing.assert_array_equal(prior.second, expected.second)


def test_a_word_without_sentences_is_left_out():
    pod = planted("pod")
    nothing = planted("nothing")
    none = {name: getattr(nothing, name)[:0] for name in ("keys", "embeddings", "role", "snippet_rows")}
    empty = replace(nothing, **none, snippet_embeddings=nothing.snippet_embeddings[:0])
    found = collect_prior([empty, pod], made([pod]).components)
    assert found.n_words == 1 and np.array_equal(found.second, made([pod]).second)
