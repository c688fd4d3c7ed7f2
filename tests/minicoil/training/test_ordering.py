"""The ordering steps: their gradient is autograd's, and they order held-out sentences better."""

import numpy as np
import pytest
import torch
from planted_words import planted

from minicoil.config import SamplingConfig, TrainingConfig, TripletConfig
from minicoil.training.ordering import _SHIFTS, _draw, _Gradients, _keep, _looks, _steps, _Tables, fit_order
from minicoil.training.prior import collect_prior, principal_components
from minicoil.training.trainer import _prepare
from minicoil.training.validation import apply_layer, measure

WIDTH, MARGIN = 0.2, 0.1


def loss_of(layer, inputs, role, rows):
    """The smoothed number of wrong pairs, written down plainly: over anchors and pairs of columns of the first draw."""
    unit = torch.nn.functional.normalize(torch.tanh(inputs @ layer), dim=1)
    cosines, similarity = unit @ unit.T, role @ role.T
    wrong = 0.0
    for anchor in range(len(rows)):
        for shift in _SHIFTS[0]:
            for one in range(shift, len(rows)):
                other = one - shift
                gap = similarity[anchor, one] - similarity[anchor, other]
                if abs(gap) > MARGIN and rows[anchor] != rows[one] and rows[anchor] != rows[other]:
                    towards = torch.sign(gap) * (cosines[anchor, one] - cosines[anchor, other])
                    wrong = wrong + torch.sigmoid(-towards / WIDTH)
    return wrong


def test_the_gradient_by_hand_is_that_of_autograd():
    rng = np.random.default_rng(3)
    n, m, dims = 60, 24, 3
    inputs = torch.from_numpy(rng.normal(size=(n, 10)).astype(np.float32))
    role = torch.nn.functional.normalize(torch.from_numpy(rng.normal(size=(n, 6)).astype(np.float32)), dim=1)
    rows = torch.from_numpy(np.stack([rng.integers(0, 30, (1, m)), 30 + rng.permutation(30)[None, :m]], axis=1))
    kept = torch.from_numpy((rng.random((1, 2, 1, 10)) > 0.2).astype(np.float32) / 0.8)
    layers = torch.from_numpy(0.5 * rng.normal(size=(2, dims, 10)).astype(np.float32))
    tables = _Tables(inputs, role, torch.ones(2, 1, 10), rows.int(), kept, torch.ones(2, 1, 1))
    found = _Gradients(tables, WIDTH, MARGIN).at(layers, 0)
    for word in range(2):  # the first with sentences that come twice
        layer, own = layers[word].clone().requires_grad_(True), rows[0, word]
        loss_of((layer * kept[0, word]).T, inputs[own], role[own], own.tolist()).backward()
        np.testing.assert_allclose(found[word].numpy() / WIDTH, layer.grad.numpy(), rtol=2e-4, atol=2e-4)


def test_a_layer_learns_to_order_sentences_it_never_saw():
    samples = [planted(f"w{i}", n=300, seed=i) for i in range(3)]
    prior = collect_prior(samples, principal_components(np.concatenate([s.role for s in samples]), 24))
    config = TrainingConfig(target="ordering", ordering_steps=150, ordering_fewest_steps=150, closeness=0.0)
    words = [_prepare(s, prior, config, SamplingConfig(), TripletConfig(), "cpu") for s in samples]
    torch.manual_seed(1)
    starts = [0.3 * torch.randn(s.embeddings.shape[1], 4) / np.linalg.norm(s.embeddings.std(axis=0)) for s in samples]

    def ordering(layers):
        found = zip(samples, layers, words, strict=True)
        return [measure(apply_layer(s.embeddings, layer.numpy()), w.test).ordering for s, layer, w in found]

    learned = fit_order(words, starts, config, MARGIN, "cpu")
    assert min(np.subtract(ordering(learned), ordering(starts))) > 0.1


def test_a_layer_is_the_same_to_the_bit_whatever_words_are_beside():
    samples = [planted(f"w{i}", n=n, seed=i) for i, n in enumerate((60, 900, 300))]
    prior = collect_prior(samples, principal_components(np.concatenate([s.role for s in samples]), 24))
    config = TrainingConfig(target="ordering", ordering_steps=60, ordering_fewest_steps=20)
    words = [_prepare(s, prior, config, SamplingConfig(), TripletConfig(), "cpu") for s in samples]
    starts = [word.basis[:, :4].contiguous() for word in words]
    together = fit_order(words, starts, config, MARGIN, "cpu")
    for word, start, layer in zip(words, starts, together, strict=True):
        assert torch.equal(fit_order([word], [start], config, MARGIN, "cpu")[0], layer)


def test_a_rare_word_leaves_inputs_out_and_a_frequent_one_none():
    config = TrainingConfig()
    rare, frequent = (_keep(n, 50, 400, "pod", config) for n in (100, 2000))
    assert 0.1 < (rare == 0).mean() < 0.15 and rare.mean() == pytest.approx(1, abs=0.02)
    assert frequent.tolist() == [[1.0]]
    np.testing.assert_array_equal(rare[:20], _keep(100, 20, 400, "pod", config))


def test_a_word_takes_steps_by_its_sentences_and_its_own_looks():
    config = TrainingConfig(ordering_steps=360)
    assert [_steps(n, config) for n in (20, 600, 8000)] == [200, 200, 360]
    assert _looks(torch.tensor([80.0, 360.0]), 4) == {20: [0], 40: [0], 60: [0], 90: [1], 180: [1], 270: [1]}


@pytest.mark.parametrize("n", [12, 64, 500])
def test_every_sentence_comes_once_before_any_comes_again(n):
    rows = _draw(n, "pod", TrainingConfig(ordering_steps=180))
    assert rows.shape == (90, 64)
    counts = np.bincount(rows.ravel(), minlength=n)
    assert counts.max() - counts.min() <= 1
