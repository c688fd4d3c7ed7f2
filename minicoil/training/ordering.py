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
from minicoil.training.fitting import Checkpoints, PreparedWord, layer_closeness
from minicoil.training.triplets import word_seed

_TOGETHER = 8  # words in one tensor: more no longer fit the processor's cache, fewer cost more calls
_SHIFTS = ((1, 19), (2, 23), (7, 29), (5, 13))  # columns apart, of the pairs that anchors compare, draw after draw
_REUSE = 2  # steps that see a draw of rows: what the role model says of it is most of a draw's cost
_SPREAD = 0.03  # standard deviation of each input: together with the learning rate, how far a step goes
_FLAT = 0.05  # of the mean deviation: an input that hardly varies is not blown up beyond it
_MOMENTS = (0.9, 0.99)  # of Adam


@dataclass(frozen=True)
class _Tables:
    """What steps draw their rows from.

    Attributes:
        inputs: (n, D) float32 scaled training embeddings of all words, word after word.
        role: (n, R) float32 unit role-model vectors of the same sentences.
        scales: (W, 1, D) what each word's embeddings were multiplied by.
        rows: (draws, W, M) int32 rows; steps go through the draws in turn.
        kept: (steps, W, 1, D) float32, 0 for inputs that a step leaves out; a single step of ones where no word does.
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
    start = (layers.mT / tables.scales).contiguous()
    layer, first, second = start.clone(), torch.zeros_like(start), torch.zeros_like(start)
    closeness = layer_closeness(words, training, device)
    embeddings = [torch.from_numpy(word.sample.embeddings).to(device) for word in words]
    checkpoints = Checkpoints(words, embeddings, layers)
    looks = _looks(tables.n_steps, training.checkpoints)
    gradients = _Gradients(tables, training.ordering_width, margin)
    for step in range(int(tables.n_steps.max())):
        share = (step / tables.n_steps).clamp(max=1)
        rate = training.ordering_rate * 0.5 * (1 + torch.cos(math.pi * share))
        gradient = gradients.at(layer, step)
        first.lerp_(gradient, 1 - _MOMENTS[0])
        second.mul_(_MOMENTS[1]).addcmul_(gradient, gradient, value=1 - _MOMENTS[1])
        deviation = (second / (1 - _MOMENTS[1] ** (step + 1))).sqrt_().add_(1e-8)
        layer.sub_(rate / (1 - _MOMENTS[0] ** (step + 1)) * first / deviation)
        layer.lerp_(start, (closeness * rate).clamp(max=1))
        if due := looks.get(step + 1):
            checkpoints.look((layer * tables.scales).mT, due)
    return checkpoints.choose((layer * tables.scales).mT)


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
        rows.append(first + _draw(len(train), word.sample.word, training))
        kept.append(_keep(len(train), most, len(scale), word.sample.word, training))
        n_steps.append(_steps(len(train), training))
        first += len(train)
    return _Tables(
        torch.from_numpy(np.concatenate(inputs)).to(device),
        torch.from_numpy(np.concatenate(role)).to(device),
        torch.from_numpy(np.stack(scales))[:, None, :].to(device),
        torch.from_numpy(np.stack(rows, axis=1)).to(device),
        torch.from_numpy(np.stack(np.broadcast_arrays(*kept), axis=1)[:, :, None]).to(device),
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


def _draw(n_sentences: int, word: str, training: TrainingConfig) -> NDArray[np.int32]:
    """(draws, M) int32 rows: every sentence once before any comes again; each word has its own dice.

    A word of few steps has as many draws: its layer must not depend on the words beside it.
    """
    rng = np.random.default_rng(word_seed(word, training.seed, "order"))
    n_draws = -(-training.ordering_steps // _REUSE)
    wanted = n_draws * training.ordering_batch
    rounds = [rng.permutation(n_sentences) for _ in range(-(-wanted // n_sentences))]
    return np.concatenate(rounds)[:wanted].reshape(n_draws, training.ordering_batch).astype(np.int32)


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
    sigmoid((C_ik - C_ij) / width); what follows is its derivative to W, times the width, which Adam does not see. A
    sigmoid's derivative is even, so which of j and k is nearer changes only its sign. Layers lie transposed: short and
    wide is several times as fast to multiply.
    """

    def __init__(self, tables: _Tables, width: float, margin: float) -> None:
        n_draws, n_words, m = tables.rows.shape
        self._tables, self._width = tables, width

        def buffer(*shape: int) -> Tensor:
            return torch.empty(shape, device=tables.inputs.device)

        self._inputs = buffer(n_words, m, tables.inputs.shape[1])
        self._cosines, self._slopes = (buffer(n_words, m, m) for _ in range(2))
        self._pairs = [self._pairs_of(draw, margin) for draw in range(n_draws)]

    def _pairs_of(self, draw: int, margin: float) -> list[tuple[int, Tensor]]:
        """Shift, and (W, M, M - shift) float32 of what the role model says of each pair: 1, -1, or 0 for nothing."""
        rows = self._tables.rows[draw]
        role = self._tables.role.index_select(0, rows.flatten()).view(*rows.shape, -1)
        similarity = role @ role.mT
        apart = (rows[:, :, None] != rows[:, None, :]).float()
        answer = []
        for shift in _SHIFTS[draw % len(_SHIFTS)]:
            one, other = slice(shift, None), slice(None, -shift)
            gaps = similarity[:, :, one] - similarity[:, :, other]
            order = torch.nn.functional.hardshrink(gaps, margin).sign_()
            answer.append((shift, order.mul_(apart[:, :, one]).mul_(apart[:, :, other])))
        return answer

    def at(self, layer: Tensor, step: int) -> Tensor:
        """(W, d, D) gradients of a step.

        Args:
            layer: (W, d, D) float32, for scaled inputs.
            step: Which rows.
        """
        draw = step % len(self._tables.rows)
        rows, inputs = self._tables.rows[draw], self._inputs
        kept = self._tables.kept[step % len(self._tables.kept)]
        torch.index_select(self._tables.inputs, 0, rows.flatten(), out=inputs.flatten(0, 1))
        outputs = torch.bmm(layer * kept, inputs.mT).tanh_()
        lengths = outputs.square().sum(1, keepdim=True).sqrt_().clamp_(min=1e-8)
        unit = outputs / lengths
        torch.bmm((unit / self._width).mT, unit, out=self._cosines)
        slopes = self._slopes.zero_()
        for shift, order in self._pairs[draw]:
            one, other = slice(shift, None), slice(None, -shift)
            wrong = (self._cosines[:, :, one] - self._cosines[:, :, other]).sigmoid_()
            slope = torch.addcmul(wrong, wrong, wrong, value=-1).mul_(order)
            slopes[:, :, one] -= slope
            slopes[:, :, other] += slope
        towards = torch.bmm(unit, slopes).baddbmm_(unit, slopes.mT)
        towards -= unit * (unit * towards).sum(1, keepdim=True)
        towards /= lengths
        return torch.bmm(towards * (1 - outputs.square()), inputs) * kept
