"""What all words have in common: the moments that stand in for a rare word's missing sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minicoil.errors import BundleError
from minicoil.occurrences import WordSample

PRIOR_FILE = "prior.npz"


@dataclass(frozen=True)
class Prior:
    """Word-centred moments averaged over words, per sentence.

    Attributes:
        components: (R, C) float32 principal directions of the role model; every word's regression target.
        second: (D, D) float32 second moment of token embeddings.
        cross: (D, C) float32 moment of token embeddings with role components.
        n_words: How many words it was averaged over.
    """

    components: NDArray[np.float32]
    second: NDArray[np.float32]
    cross: NDArray[np.float32]
    n_words: int

    def write(self, folder: Path) -> None:
        """Write `prior.npz`, which travels with a release so that one new word is trained as well as a thousand."""
        np.savez(
            folder / PRIOR_FILE,
            components=self.components,
            second=self.second,
            cross=self.cross,
            n_words=np.int64(self.n_words),
        )

    @staticmethod
    def read(folder: Path) -> Prior | None:
        """The prior of a release folder; None where a base has none.

        Raises:
            BundleError: the file is damaged.
        """
        path = folder / PRIOR_FILE
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return Prior(arrays["components"], arrays["second"], arrays["cross"], int(arrays["n_words"]))
        except (OSError, ValueError, KeyError) as error:
            raise BundleError(f"{path} is damaged ({error}); pull the release again") from error


def principal_components(role: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """(R, min(n, R)) float32 directions of most variance of (m, R) role-model vectors, the largest first."""
    centred = role - role.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    return np.ascontiguousarray(vectors[:, ::-1][:, :n], dtype=np.float32)


def collect_prior(samples: Iterable[WordSample], components: NDArray[np.float32]) -> Prior | None:
    """The prior of `samples`; None where there are none. One word is in memory at a time."""
    second: NDArray[np.float64] | None = None
    cross: NDArray[np.float64] | None = None
    n_words = 0
    for sample in samples:
        moments = word_moments(sample, components)
        if not np.isfinite(moments[0]).all():
            continue
        n = len(sample.keys) + len(sample.snippet_rows)
        second = moments[0] / n if second is None else second + moments[0] / n
        cross = moments[1] / n if cross is None else cross + moments[1] / n
        n_words += 1
    if second is None or cross is None:
        return None
    return Prior(components, (second / n_words).astype(np.float32), (cross / n_words).astype(np.float32), n_words)


def word_moments(
    sample: WordSample, components: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(D, D) and (D, C) centred moments of a word's sentences plus its snippets."""
    target = sample.role @ components
    target = target - target.mean(axis=0)
    sentences = sample.embeddings - sample.embeddings.mean(axis=0)
    second = sentences.T @ sentences
    cross = sentences.T @ target
    if len(sample.snippet_rows):
        snippets = sample.snippet_embeddings - sample.snippet_embeddings.mean(axis=0)
        second = second + snippets.T @ snippets
        cross = cross + snippets.T @ target[sample.snippet_rows]
    return second.astype(np.float64), cross.astype(np.float64)
