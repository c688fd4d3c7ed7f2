"""The trainer: a closed form finds each word's subspace, a short fit through tanh makes the best of it.

Many words share one tensor; one word that cannot be trained fails alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from minicoil.config import SamplingConfig, TrainingConfig, TripletConfig
from minicoil.errors import NonFiniteError, NoTripletsError, TooFewSentencesError, TrainingError
from minicoil.training.fitting import PreparedWord, fit_words
from minicoil.training.occurrences import WordSample
from minicoil.training.ordering import fit_order
from minicoil.training.prior import Prior, word_moments
from minicoil.training.trained_word import TrainedWord, TrainingFailure
from minicoil.training.triplets import Split, sample_triplets, split_rows, word_seed

_ALIKE = 1e-4  # of the largest number: below it, embeddings differ by rounding only
_SPREAD = 0.3  # standard deviation of the fit's inputs: tanh bends there, and is not yet flat


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
    ready: list[tuple[int, PreparedWord]] = []
    with threadpool_limits(1):  # matrices are small: on busy cores threads that wait for each other cost 30 times more
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
        words = [word for _, word in unit]
        layers = [word.basis @ mix for word, mix in zip(words, fit_words(words, training, device), strict=True)]
        if training.ordering_steps:
            layers = fit_order(words, layers, training, triplets.margin, device)
        for (place, word), layer in zip(unit, layers, strict=True):
            weights = layer.cpu().numpy().astype(np.float32)
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
) -> PreparedWord:
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
    return PreparedWord(
        sample, split, validation, test, basis, inputs, snippets, torch.from_numpy(sample.role).to(device)
    )


def _basis(sample: WordSample, split: Split, prior: Prior, training: TrainingConfig) -> NDArray[np.float32]:
    """(D, K + 1) float32: directions that predict the role model best, and one along which the word is constant.

    Centring alone would cap accuracy, because the layer has no bias: the mean direction is taken out of the
    regression and comes back as the last column. The Gram of the predictions comes from the same moments as the
    regression, the prior's share included: of a rare word's own few sentences it would be noise.
    """
    taught = _rows(sample, split.train)
    n = len(taught.keys)
    components = prior.components[:, : training.role_components]
    target = taught.role @ components
    second, cross = word_moments(taught, target)
    weight = training.prior_sentences * min(1.0, training.prior_full_below / n)
    second = second + weight * prior.second
    cross = cross + weight * prior.cross[:, : components.shape[1]]
    second[np.diag_indices_from(second)] += training.ridge * np.diagonal(second).mean() + 1e-12
    mean = taught.embeddings.mean(axis=0).astype(np.float64)
    solved = np.linalg.solve(second, np.column_stack([cross, mean]))
    regression, constant = solved[:, :-1], solved[:, -1]
    constant = constant / max(float(mean @ constant), 1e-12)  # minimum variance with constant . mean = 1
    target_mean = target.mean(axis=0).astype(np.float64)
    regression += np.outer(constant, target_mean - mean @ regression)
    centred = regression.T @ (second / (n + len(taught.snippet_rows) + weight)) @ regression
    _, vectors = np.linalg.eigh(centred + np.outer(target_mean, target_mean))  # of the predicted Gram, uncentred
    leading = regression @ vectors[:, ::-1][:, : training.subspace]
    basis = np.column_stack([leading, constant * np.linalg.norm(target_mean)]).astype(np.float32)
    scale = float((taught.embeddings @ basis[:, : training.dims]).std())
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
