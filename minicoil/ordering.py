"""The end of the fit: a layer learns to order a word's sentences as the role model does, in all D numbers a token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from minicoil.config import TrainingConfig
from minicoil.fitting import Checkpoints, PreparedWord, layer_closeness
from minicoil.triplets import word_seed

_TOGETHER = 16  # words in one tensor: more no longer fit the processor's cache, fewer cost more calls
_SHIFTS = (1, 7, 19)  # columns apart, of the pairs that an anchor compares: rows are random, so any pair is
_SPREAD = 0.03  # standard deviation of each input: together with the learning rate, how far a step goes
_FLAT = 0.05  # of the mean deviation: an input that hardly varies is not blown up beyond it
_MOMENTS = (0.9, 0.99)  # of Adam


@dataclass(frozen=True)
class _Tables:
    """What steps draw their rows from.

    Attributes:
        inputs: (n, D) float32 scaled training embeddings of all words, word after word.
        role: (n, R) float32 unit role-model vectors of the same sentences.
        scales: (W, D, 1) what each word's embeddings were multiplied by.
        rows: (steps, W, M) int32 rows of each step.
        kept: (steps, W, D, 1) float32, 0 for inputs that a step leaves out; a single step of ones where no word does.
        n_steps: (W, 1, 1) float32 steps of each word; a rare word has fewer.
    """

    inputs: Tensor
    role: Tensor
    scales: Tensor
    rows: Tensor
    kept: Tensor
    n_steps: Tensor


def fit_order(
    words: Sequence[PreparedWord], layers: Sequence[Tensor], training: TrainingConfig, margin: float, device: str
) -> list[Tensor]:
    """(D, d) float32 layers that order sentences better, grown from those given.

    The loss is the share of pairs of sentences that an anchor has in the wrong order, smoothed by a sigmoid; pairs that
    the role model tells apart by less than `margin` say nothing, as in held-out triplets. The first layer and some on
    the way are looked at on validation triplets: one that is better there than the last by more than noise is kept.

    Args:
        words: Of one batch.
        layers: Where to start.
        training: Steps, rate, width of the sigmoid.
        margin: Role-model gap of a pair that counts.
        device: "cpu" or a CUDA device, where the layers are.
    """
    answer: list[Tensor] = []
    for start in range(0, len(words), _TOGETHER):
        some = slice(start, start + _TOGETHER)
        answer += _fit_together(words[some], torch.stack(list(layers[some])), training, margin, device)
    return answer


def _fit_together(
    words: Sequence[PreparedWord], layers: Tensor, training: TrainingConfig, margin: float, device: str
) -> list[Tensor]:
    tables = _tables(words, training, device)
    start = layers / tables.scales
    layer, first, second = start.clone(), torch.zeros_like(start), torch.zeros_like(start)
    closeness = layer_closeness(words, training, device)
    embeddings = [torch.from_numpy(word.sample.embeddings).to(device) for word in words]
    checkpoints = Checkpoints(words, embeddings, layers)
    looks = _looks(tables.n_steps, training.checkpoints)
    gradients = _Gradients(tables, layers.shape[2], training.ordering_width, margin)
    for step in range(len(tables.rows)):
        share = (step / tables.n_steps).clamp(max=1)
        rate = training.ordering_rate * 0.5 * (1 + torch.cos(math.pi * share))
        gradient = gradients.at(layer, step)
        first.lerp_(gradient, 1 - _MOMENTS[0])
        second.mul_(_MOMENTS[1]).addcmul_(gradient, gradient, value=1 - _MOMENTS[1])
        deviation = (second / (1 - _MOMENTS[1] ** (step + 1))).sqrt_().add_(1e-8)
        layer.sub_(rate / (1 - _MOMENTS[0] ** (step + 1)) * first / deviation)
        layer.lerp_(start, (closeness * rate).clamp(max=1))
        if due := looks.get(step + 1):
            checkpoints.look(layer * tables.scales, due)
    return checkpoints.choose(layer * tables.scales)


def _tables(words: Sequence[PreparedWord], training: TrainingConfig, device: str) -> _Tables:
    inputs, role, scales, rows, kept, n_steps = [], [], [], [], [], []
    most = max(_steps(len(word.split.train), training) for word in words)
    first = 0
    for word in words:
        train = word.split.train
        taught = word.sample.embeddings[train]
        deviation = taught.std(axis=0)
        scale = _SPREAD / np.maximum(deviation, max(_FLAT * float(deviation.mean()), 1e-12))
        inputs.append(taught * scale)
        role.append(word.sample.role[train])
        scales.append(scale)
        rows.append(first + _draw(len(train), most, word.sample.word, training))
        kept.append(_keep(len(train), most, len(scale), word.sample.word, training))
        n_steps.append(_steps(len(train), training))
        first += len(train)
    return _Tables(
        torch.from_numpy(np.concatenate(inputs)).to(device),
        torch.from_numpy(np.concatenate(role)).to(device),
        torch.from_numpy(np.stack(scales))[:, :, None].to(device),
        torch.from_numpy(np.stack(rows, axis=1)).to(device),
        torch.from_numpy(np.stack(np.broadcast_arrays(*kept), axis=1)[..., None]).to(device),
        torch.tensor(n_steps, dtype=torch.float32, device=device)[:, None, None],
    )


def _looks(n_steps: Tensor, checkpoints: int) -> dict[int, list[int]]:
    """Step -> words to look at after it; each at shares of its own steps, whatever words are beside it."""
    answer: dict[int, list[int]] = {}
    for word, n in enumerate(n_steps.flatten().tolist()):
        for i in range(1, checkpoints):
            answer.setdefault(round(n * i / checkpoints), []).append(word)
    return answer


def _steps(n_sentences: int, training: TrainingConfig) -> int:
    """Steps of a word; with few sentences many steps only learn these by heart."""
    wanted = round(n_sentences * training.ordering_steps_per_sentence)
    return min(training.ordering_steps, max(wanted, training.ordering_fewest_steps))


def _draw(n_sentences: int, n_steps: int, word: str, training: TrainingConfig) -> NDArray[np.int32]:
    """(steps, M) int32 rows: every sentence once before any comes again; each word has its own dice."""
    rng = np.random.default_rng(word_seed(word, training.seed, "order"))
    wanted = n_steps * training.ordering_batch
    rounds = [rng.permutation(n_sentences) for _ in range(-(-wanted // n_sentences))]
    return np.concatenate(rounds)[:wanted].reshape(n_steps, training.ordering_batch).astype(np.int32)


def _keep(n_sentences: int, n_steps: int, width: int, word: str, training: TrainingConfig) -> NDArray[np.float32]:
    """(steps, D) float32 zeros for inputs left out of a step, so that a rare word's sentences are not learned by heart.

    Where nothing is left out, (1, 1) ones.
    """
    share = training.ordering_dropout * (1 - n_sentences / training.ordering_dropout_below)
    if share <= 0:
        return np.ones((1, 1), np.float32)
    rng = np.random.default_rng(word_seed(word, training.seed, "dropout"))
    return np.asarray((rng.random((n_steps, width), np.float32) >= share) / np.float32(1 - share))


class _Gradients:
    """Gradients of the ordering loss by hand, in buffers that every step uses again.

    With Z = tanh(X W), Y its unit rows and C = Y Y', an anchor i that the role model has nearer to j than to k adds
    sigmoid((C_ik - C_ij) / width); what follows is its derivative to W, divided by the number of pairs that counted.
    """

    def __init__(self, tables: _Tables, dims: int, width: float, margin: float) -> None:
        _, n_words, m = tables.rows.shape
        self._tables, self._width, self._margin = tables, width, margin

        def buffer(*shape: int) -> Tensor:
            return torch.empty(shape, device=tables.inputs.device)

        self._inputs = buffer(n_words, m, tables.inputs.shape[1])
        self._role = buffer(n_words, m, tables.role.shape[1])
        self._similarity, self._cosines, self._slopes = (buffer(n_words, m, m) for _ in range(3))
        self._outputs = buffer(n_words, m, dims)

    def at(self, layer: Tensor, step: int) -> Tensor:
        """(W, D, d) gradients of a step.

        Args:
            layer: (W, D, d) float32, for scaled inputs.
            step: Which rows.
        """
        rows, inputs, role = self._tables.rows[step], self._inputs, self._role
        kept = self._tables.kept[step % len(self._tables.kept)]
        torch.index_select(self._tables.inputs, 0, rows.flatten(), out=inputs.flatten(0, 1))
        torch.index_select(self._tables.role, 0, rows.flatten(), out=role.flatten(0, 1))
        torch.bmm(role, role.mT, out=self._similarity)
        outputs = torch.bmm(inputs, layer * kept, out=self._outputs).tanh_()
        lengths = outputs.norm(dim=2, keepdim=True).clamp_(min=1e-8)
        unit = outputs / lengths
        torch.bmm(unit / -self._width, unit.mT, out=self._cosines)
        apart = (rows[:, :, None] != rows[:, None, :]).float()
        slopes, counted = self._slopes.zero_(), torch.zeros(len(rows), device=rows.device)
        for shift in _SHIFTS:
            one, other = slice(shift, None), slice(None, -shift)
            gaps = self._similarity[:, :, one] - self._similarity[:, :, other]
            order = torch.nn.functional.hardshrink(gaps, self._margin).sign_()  # 0 where the pair says nothing
            order.mul_(apart[:, :, one]).mul_(apart[:, :, other])
            wrong = (self._cosines[:, :, one] - self._cosines[:, :, other]).mul_(order).sigmoid_()
            slope = torch.addcmul(wrong, wrong, wrong, value=-1).mul_(order)
            slopes[:, :, one] -= slope
            slopes[:, :, other] += slope
            counted += order.abs_().sum((1, 2))
        towards = torch.bmm(slopes, unit).baddbmm_(slopes.mT, unit)
        towards -= unit * (unit * towards).sum(2, keepdim=True)
        towards /= lengths * (self._width * counted.clamp(min=1))[:, None, None]
        return torch.bmm(inputs.mT, towards * (1 - outputs.square())) * kept
