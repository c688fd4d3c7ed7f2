"""The fit: a small linear map of each word's subspace, learned through tanh, many words in one tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from minicoil.config import TrainingConfig
from minicoil.training.occurrences import WordSample
from minicoil.training.triplets import Split, Triplets, word_seed


@dataclass(frozen=True)
class PreparedWord:
    """One word on its way to the fit.

    Attributes:
        sample: Its sentences.
        split: Which of them teach it.
        validation: Triplets that judge checkpoints.
        test: Triplets held out from everything here.
        basis: (D, K + 1) float32 of the closed form.
        inputs: (n, K + 1) float32: embeddings @ basis.
        snippets: (n, K + 1) float32, the same of each sentence's snippet.
        role: (n, R) float32 unit role-model vectors.
    """

    sample: WordSample
    split: Split
    validation: Triplets
    test: Triplets
    basis: Tensor
    inputs: Tensor
    snippets: Tensor
    role: Tensor


@dataclass(frozen=True)
class _Batch:
    """M sentences of W words: inputs (W, M, K+1), role cosines (W, M, M), and 0 where a sentence meets itself."""

    inputs: Tensor
    similarity: Tensor
    apart: Tensor


def fit_words(words: Sequence[PreparedWord], training: TrainingConfig, device: str) -> list[Tensor]:
    """For every word a (K + 1, d) float32 mix of its basis, fitted together.

    The last layer is kept unless an earlier checkpoint, the closed form among them, was better on the validation
    triplets by more than their noise: of a rare word's few validation sentences the best look is mostly luck.

    Args:
        words: Of one batch.
        training: Target, steps, rates.
        device: "cpu" or a CUDA device, where the words' tensors are.
    """
    inputs, snippets = (_padded([getattr(w, name) for w in words]) for name in ("inputs", "snippets"))
    start = torch.eye(inputs.shape[2], training.dims, device=device).repeat(len(words), 1, 1)
    mixing = start.requires_grad_(True)
    optimizer = torch.optim.Adam([mixing], lr=training.learning_rate, betas=(0.9, 0.99))
    choices = _choices(words, training, device)
    closed_form, closeness = start.detach().clone(), layer_closeness(words, training, device)
    checkpoints = Checkpoints(words, [word.inputs for word in words], closed_form)
    looks = {round(training.steps * (i + 1) / training.checkpoints) for i in range(training.checkpoints)}
    for step in range(training.steps):
        rate = 0.5 * training.learning_rate * (1 + float(np.cos(np.pi * step / training.steps)))
        optimizer.param_groups[0]["lr"] = rate
        batch = _batch(words, inputs, snippets, choices, step)
        outputs = torch.nn.functional.normalize(torch.tanh(batch.inputs @ mixing), dim=2)
        loss = _loss(outputs @ outputs.mT, batch.similarity, batch.apart, training)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            mixing.lerp_(closed_form, (closeness * rate).clamp(max=1))
        if step + 1 in looks and step + 1 < training.steps:
            checkpoints.look(mixing.detach(), range(len(words)))
    return checkpoints.choose(mixing.detach())


class Checkpoints:
    """The last layer of each word, unless a look on the way was better by more than noise.

    Args:
        words: Whose validation triplets judge.
        inputs: (n, K) of each word's sentences.
        first: (W, K, d) where the fit starts; the first look.
    """

    def __init__(self, words: Sequence[PreparedWord], inputs: Sequence[Tensor], first: Tensor) -> None:
        self._words, self._inputs = words, inputs
        self._best, self._score = first.clone(), _validate(words, inputs, first)

    def look(self, layers: Tensor, due: Sequence[int]) -> None:
        """Take a look at the words `due` in (W, K, d) layers."""
        some = list(due)
        scores = _validate([self._words[i] for i in some], [self._inputs[i] for i in some], layers[some])
        for i, score in zip(some, scores, strict=True):
            if score > self._score[i]:
                self._best[i], self._score[i] = layers[i], score

    def choose(self, last: Tensor) -> list[Tensor]:
        """(K, d) of each word: of the (W, K, d) last layers, or of the best look."""
        score = _validate(self._words, self._inputs, last)
        stays = self._score <= score + _noise(self._words, str(last.device))
        return list(torch.where(stays[:, None, None], last, self._best))


def _batch(
    words: Sequence[PreparedWord], inputs: Tensor, snippets: Tensor, choices: tuple[Tensor, Tensor], step: int
) -> _Batch:
    """The sentences of a step, some of them seen through their snippets."""
    rows, from_snippet = choices[0][:, step], choices[1][:, step]
    now = torch.where(from_snippet[:, :, None], _take(snippets, rows), _take(inputs, rows))
    # role vectors are too wide to pad; index_select is several times as fast as brackets here and below
    roles = torch.stack([word.role.index_select(0, chosen) for word, chosen in zip(words, rows, strict=True)])
    return _Batch(now, roles @ roles.mT, (rows[:, :, None] != rows[:, None, :]).float())


def layer_closeness(words: Sequence[PreparedWord], training: TrainingConfig, device: str) -> Tensor:
    """(W, 1, 1) decay towards the closed form per unit of learning rate: the fewer sentences, the less is fitted."""
    return torch.tensor([training.closeness / len(word.split.train) for word in words], device=device)[:, None, None]


def _noise(words: Sequence[PreparedWord], device: str) -> Tensor:
    """(W,) what an earlier checkpoint must be better by: one standard error of an accuracy on so many sentences."""
    return torch.tensor([0.5 / max(len(word.split.validation), 1) ** 0.5 for word in words], device=device)


def _loss(cosines: Tensor, similarity: Tensor, apart: Tensor, training: TrainingConfig) -> Tensor:
    """Sum over words of the target's loss on (W, M, M) cosines; pairs of a sentence with itself are left out."""
    if training.target == "saturated":
        wanted = (similarity / training.saturation).clamp(0, 1)
        errors = (cosines - wanted).square() * apart
        shares: Tensor = errors.sum((1, 2)) / apart.sum((1, 2)).clamp(min=1)
        return shares.sum()
    n = apart.sum(2, keepdim=True).clamp(min=1)
    one = (similarity - (similarity * apart).sum(2, keepdim=True) / n) * apart
    other = (cosines - (cosines * apart).sum(2, keepdim=True) / n) * apart
    correlation = (one * other).sum(2) / (one.norm(dim=2) * other.norm(dim=2) + 1e-6)
    loss: Tensor = (1 - correlation).mean(1).sum()
    return loss


def _validate(words: Sequence[PreparedWord], inputs: Sequence[Tensor], mixing: Tensor) -> Tensor:
    """(W,) ordering accuracy on validation triplets, plus a little of the margin to break ties.

    Args:
        words: Whose triplets.
        inputs: (n, K) float32 of each word's sentences.
        mixing: (W, K, d) float32.
    """
    scores = []
    with torch.no_grad():
        for word, rows_of, mix in zip(words, inputs, mixing, strict=True):
            if not len(word.validation):
                scores.append(torch.zeros((), device=mixing.device))
                continue
            rows = torch.from_numpy(word.validation.rows).to(mixing.device)
            used, local = torch.unique(rows, return_inverse=True)
            unit = torch.nn.functional.normalize(torch.tanh(rows_of[used] @ mix), dim=1)
            anchor, positive, negative = (unit[local[:, column]] for column in range(3))
            gaps = (anchor * (positive - negative)).sum(1)
            margins = torch.from_numpy(word.validation.margins).to(mixing.device)
            scores.append((gaps > 0).float().mean() + 0.1 * (gaps >= margins).float().mean())
    return torch.stack(scores)


def _choices(words: Sequence[PreparedWord], training: TrainingConfig, device: str) -> tuple[Tensor, Tensor]:
    """(W, steps, M) training rows and whether each comes from its snippet; each word has its own dice."""
    rows, sides = [], []
    for word in words:
        rng = np.random.default_rng(word_seed(word.sample.word, training.seed, "fit"))
        rows.append(rng.choice(word.split.train, (training.steps, training.batch)))
        sides.append(rng.random((training.steps, training.batch)) < training.snippet_share)
    return torch.from_numpy(np.stack(rows)).to(device), torch.from_numpy(np.stack(sides)).to(device)


def _padded(tensors: Sequence[Tensor]) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(tensors), batch_first=True)


def _take(table: Tensor, rows: Tensor) -> Tensor:
    """(W, M, C) rows of a (W, n, C) table, each word its own."""
    first = torch.arange(len(table), device=table.device)[:, None] * table.shape[1]
    return table.flatten(0, 1).index_select(0, (rows + first).flatten()).view(*rows.shape, -1)
