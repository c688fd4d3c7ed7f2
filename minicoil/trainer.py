"""The trainer: a closed form finds each word's subspace, a short fit through tanh makes the best of it.

Many words share one tensor; one word that cannot be trained fails alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from minicoil.config import SamplingConfig, TrainingConfig, TripletConfig
from minicoil.errors import NonFiniteError, NoTripletsError, TooFewSentencesError, TrainingError
from minicoil.occurrences import WordSample
from minicoil.prior import Prior, word_moments
from minicoil.triplets import Split, Triplets, sample_triplets, split_rows, word_seed

_ALIKE = 1e-4  # of the largest number: below it, embeddings differ by rounding only
_SPREAD = 0.3  # standard deviation of the fit's inputs: tanh bends there, and is not yet flat


@dataclass(frozen=True)
class TrainedWord:
    """A layer and what it is judged by.

    Attributes:
        word: Vocabulary entry.
        weights: (D, d) float32; meaning = unit(tanh(embedding @ weights)).
        split: Which sentences taught it and which did not.
        test: Held-out triplets, frozen by the seed.
    """

    word: str
    weights: NDArray[np.float32]
    split: Split
    test: Triplets


@dataclass(frozen=True)
class TrainingFailure:
    """A word that could not be trained, and why."""

    word: str
    error: TrainingError


@dataclass(frozen=True)
class _Prepared:
    """One word on its way to the fit: inputs (n, K+1), snippet inputs (n, K+1), role vectors (n, R)."""

    sample: WordSample
    split: Split
    validation: Triplets
    test: Triplets
    basis: Tensor
    inputs: Tensor
    snippets: Tensor
    role: Tensor


def train_words(
    samples: Sequence[WordSample],
    prior: Prior,
    training: TrainingConfig,
    sampling: SamplingConfig | None = None,
    triplets: TripletConfig | None = None,
    device: str = "cpu",
) -> list[TrainedWord | TrainingFailure]:
    """A layer for every word, or the reason why there is none, in order.

    On CPU, equal inputs, seed and number of threads give equal bits, whatever words are trained beside: a run that
    was cut short and goes on ends where an unbroken one ends.

    Args:
        samples: Words of one batch; memory follows their number, so pass `training.words_per_batch` at a time.
        prior: Shared moments and the role components.
        training: Dims, target, steps, seed.
        sampling: Floor of sentences, split.
        triplets: Margin and number of held-out triplets.
        device: "cpu" or a CUDA device; only the closed form of each word is solved on CPU always.
    """
    sampling, triplets = sampling or SamplingConfig(), triplets or TripletConfig()
    answer: dict[int, TrainedWord | TrainingFailure] = {}
    ready: list[tuple[int, _Prepared]] = []
    for place, sample in enumerate(samples):
        try:
            ready.append((place, _prepare(sample, prior, training, sampling, triplets, device)))
        except TrainingError as error:
            answer[place] = TrainingFailure(sample.word, error)
        except np.linalg.LinAlgError as error:  # numbers too wild for the closed form
            unsolved = NonFiniteError(f"word '{sample.word}': its moments cannot be solved ({error})")
            answer[place] = TrainingFailure(sample.word, unsolved)
    ready.sort(key=lambda entry: len(entry[1].inputs))  # neighbours of like size waste no padding
    for start in range(0, len(ready), training.words_per_batch):
        unit = ready[start : start + training.words_per_batch]
        for (place, word), mixing in zip(unit, _fit([word for _, word in unit], training, device), strict=True):
            weights = (word.basis @ mixing).cpu().numpy().astype(np.float32)
            if np.isfinite(weights).all():
                answer[place] = TrainedWord(word.sample.word, weights, word.split, word.test)
            else:
                diverged = NonFiniteError(f"word '{word.sample.word}': the fit diverged; its layer holds NaN")
                answer[place] = TrainingFailure(word.sample.word, diverged)
    return [answer[place] for place in range(len(samples))]


def _prepare(
    sample: WordSample,
    prior: Prior,
    training: TrainingConfig,
    sampling: SamplingConfig,
    triplets: TripletConfig,
    device: str,
) -> _Prepared:
    word, n = sample.word, len(np.unique(sample.keys))
    if n < sampling.min_sentences:
        different = "" if n == len(sample.keys) else f", only {n} of them different"
        raise TooFewSentencesError(
            f"word '{word}': {len(sample.keys)} sentences found{different}, {sampling.min_sentences} required; widen "
            "the corpus or lower --min-sentences",
            word=word,
            n_sentences=n,
        )
    for name in ("embeddings", "role", "snippet_embeddings"):
        if not np.isfinite(getattr(sample, name)).all():
            raise NonFiniteError(f"word '{word}': its {name} hold NaN or infinity; encode its sentences again")
    split = split_rows(sample.keys, sampling)
    test = sample_triplets(sample.role, split.test, triplets, word_seed(word, training.seed, "test"))
    validation = sample_triplets(sample.role, split.validation, triplets, word_seed(word, training.seed, "validation"))
    if not len(test):
        raise NoTripletsError(
            f"word '{word}': no held-out triplet passes the margin of {triplets.margin}; its {n} sentences mean "
            "all the same to the role model",
            word=word,
        )
    if np.ptp(sample.embeddings, axis=0).max() <= _ALIKE * np.abs(sample.embeddings).max():
        raise NoTripletsError(
            f"word '{word}': its {n} occurrences are all alike to the encoder, so no layer can tell them apart; it "
            "stays on BM25",
            word=word,
        )
    basis = torch.from_numpy(_basis(sample, split, prior, training)).to(device)
    embeddings = torch.from_numpy(sample.embeddings).to(device)
    inputs = embeddings @ basis
    if not torch.isfinite(inputs).all():
        raise NonFiniteError(f"word '{word}': the closed form overflowed; encode its sentences again")
    snippets = inputs.clone()  # a sentence without snippet stands in for itself
    if len(sample.snippet_rows):
        cut = torch.from_numpy(sample.snippet_embeddings).to(device)
        snippets[torch.from_numpy(sample.snippet_rows).to(device)] = cut @ basis
    role = sample.role if training.target == "saturated" else _unit(sample.role @ prior.components)
    return _Prepared(sample, split, validation, test, basis, inputs, snippets, torch.from_numpy(role).to(device))


def _basis(sample: WordSample, split: Split, prior: Prior, training: TrainingConfig) -> NDArray[np.float32]:
    """(D, K + 1) float32: directions that predict the role model best, and one along which the word is constant.

    Centring alone would cap accuracy, because the layer has no bias: the mean direction is taken out of the
    regression and comes back as the last column.
    """
    taught = _rows(sample, split.train)
    n = len(taught.keys)
    second, cross = word_moments(taught, prior.components)
    weight = training.prior_sentences * min(1.0, training.prior_full_below / n)
    second = second + weight * prior.second
    cross = cross + weight * prior.cross
    second[np.diag_indices_from(second)] += training.ridge * np.diagonal(second).mean() + 1e-12
    mean, target = taught.embeddings.mean(axis=0).astype(np.float64), taught.role @ prior.components
    solved = np.linalg.solve(second, np.column_stack([cross, mean]))
    regression, constant = solved[:, :-1], solved[:, -1]
    constant = constant / max(float(mean @ constant), 1e-12)  # minimum variance with constant . mean = 1
    target_mean = target.mean(axis=0).astype(np.float64)
    regression += np.outer(constant, target_mean - mean @ regression)
    predicted = taught.embeddings @ regression
    _, vectors = np.linalg.eigh(predicted.T @ predicted / n)  # of the predicted Gram, uncentred
    leading = regression @ vectors[:, ::-1][:, : training.subspace]
    basis = np.column_stack([leading, constant * np.linalg.norm(target_mean)])
    scale = float((taught.embeddings @ basis)[:, : training.dims].std())
    return np.asarray(basis * (_SPREAD / max(scale, 1e-12)), dtype=np.float32)


def _rows(sample: WordSample, rows: NDArray[np.int64]) -> WordSample:
    """The sample of some sentences only, with their snippets."""
    place = np.full(len(sample.keys), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    kept = place[sample.snippet_rows] >= 0
    return WordSample(
        sample.word,
        sample.keys[rows],
        sample.embeddings[rows],
        sample.role[rows],
        place[sample.snippet_rows[kept]],
        sample.snippet_embeddings[kept],
    )


def _fit(words: Sequence[_Prepared], training: TrainingConfig, device: str) -> list[Tensor]:
    """For every word a (K + 1, d) mix of its basis, fitted together, the best of several checkpoints."""
    inputs, snippets = (_padded([getattr(w, name) for w in words]) for name in ("inputs", "snippets"))
    start = torch.eye(inputs.shape[2], training.dims, device=device).repeat(len(words), 1, 1)
    mixing = start.requires_grad_(True)
    optimizer = torch.optim.Adam([mixing], lr=training.learning_rate, betas=(0.9, 0.99))
    choices = _choices(words, training, device)
    best, best_score = mixing.detach().clone(), _validate(words, mixing)
    looks = {round(training.steps * (i + 1) / training.checkpoints) for i in range(training.checkpoints)}
    for step in range(training.steps):
        for group in optimizer.param_groups:
            group["lr"] = training.learning_rate * 0.5 * (1 + np.cos(np.pi * step / training.steps))
        rows, from_snippet = choices[0][:, step], choices[1][:, step]
        inputs_now = torch.where(from_snippet[:, :, None], _take(snippets, rows), _take(inputs, rows))
        outputs = torch.nn.functional.normalize(torch.tanh(inputs_now @ mixing), dim=2)
        roles = torch.stack([word.role[chosen] for word, chosen in zip(words, rows, strict=True)])  # too wide to pad
        apart = (rows[:, :, None] != rows[:, None, :]).float()
        loss = _loss(outputs @ outputs.mT, roles @ roles.mT, apart, training)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if step + 1 in looks:
            score = _validate(words, mixing)
            better = score > best_score
            best[better] = mixing.detach()[better]
            best_score = torch.where(better, score, best_score)
    return list(best)


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


def _validate(words: Sequence[_Prepared], mixing: Tensor) -> Tensor:
    """(W,) ordering accuracy on validation triplets, plus a little of the margin to break ties."""
    scores = []
    with torch.no_grad():
        for word, mix in zip(words, mixing, strict=True):
            if not len(word.validation):
                scores.append(torch.zeros((), device=mixing.device))
                continue
            rows = torch.from_numpy(word.validation.rows).to(mixing.device)
            used, local = torch.unique(rows, return_inverse=True)
            unit = torch.nn.functional.normalize(torch.tanh(word.inputs[used] @ mix), dim=1)
            anchor, positive, negative = (unit[local[:, column]] for column in range(3))
            gaps = (anchor * (positive - negative)).sum(1)
            margins = torch.from_numpy(word.validation.margins).to(mixing.device)
            scores.append((gaps > 0).float().mean() + 0.1 * (gaps >= margins).float().mean())
    return torch.stack(scores)


def _choices(words: Sequence[_Prepared], training: TrainingConfig, device: str) -> tuple[Tensor, Tensor]:
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
    return torch.gather(table, 1, rows[:, :, None].expand(-1, -1, table.shape[2]))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float32)
