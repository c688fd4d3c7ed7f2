"""What all words have in common: the moments that stand in for a rare word's missing sentences."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minicoil.errors import BundleError
from minicoil.files import read_archive
from minicoil.training.occurrences import WordSample

PRIOR_FILE = "prior.npz"


@dataclass(frozen=True)
class Prior:
    """Word-centred moments averaged over words, per sentence.

    Attributes:
        components: (R, C) float32 principal directions of the role model; every word's regression target.
        second: (D, D) float32 second moment of token embeddings.
        cross: (D, C) float32 moment of token embeddings with role components.
        n_words: How many words it was averaged over.
        origin: Digest of what it was made from; part of the digest of every word trained with it.
    """

    components: NDArray[np.float32]
    second: NDArray[np.float32]
    cross: NDArray[np.float32]
    n_words: int
    origin: str = ""

    def to_bytes(self) -> bytes:
        """The file's content."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            components=self.components,
            second=self.second,
            cross=self.cross,
            n_words=np.int64(self.n_words),
            origin=np.str_(self.origin),
        )
        return buffer.getvalue()

    @staticmethod
    def from_bytes(data: bytes) -> Prior:
        """The prior of a file's content; one that does not say its origin is named after its bytes.

        Raises:
            ValueError: the content is damaged.
        """
        arrays = read_archive(data)
        if missing := {"components", "second", "cross", "n_words"} - arrays.keys():
            raise ValueError(f"{', '.join(sorted(missing))} not found")
        components, second, cross = (arrays[name] for name in ("components", "second", "cross"))
        fits = components.ndim == cross.ndim == 2 and components.shape[1] == cross.shape[1]
        fits = fits and second.shape == (len(cross), len(cross)) and arrays["n_words"].shape == ()
        if not fits or {array.dtype.kind for array in (components, second, cross)} != {"f"}:
            raise ValueError(f"moments of shapes {components.shape}, {second.shape}, {cross.shape}")
        origin = str(arrays["origin"]) if "origin" in arrays else hashlib.sha256(data).hexdigest()
        return Prior(components, second, cross, int(arrays["n_words"]), origin)

    def write(self, folder: Path) -> None:
        """Write `prior.npz`, which travels with a release so that one new word is trained as well as a thousand."""
        (folder / PRIOR_FILE).write_bytes(self.to_bytes())

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
            return Prior.from_bytes(path.read_bytes())
        except (OSError, ValueError) as error:
            raise BundleError(f"{path} is damaged ({error}); pull the release again") from error


def principal_components(role: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """(R, min(n, R)) float32 directions of most variance of (m, R) role-model vectors, the largest first.

    Vectors with NaN or infinity are left out.
    """
    role = role[np.isfinite(role).all(axis=1)]
    centred = role - role.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    return np.ascontiguousarray(vectors[:, ::-1][:, :n], dtype=np.float32)


def collect_prior(samples: Iterable[WordSample], components: NDArray[np.float32]) -> Prior | None:
    """The prior of `samples`; None where there are none. One word is in memory at a time.

    A word without sentences, or with NaN or infinity, is left out: it must not spoil the others.

    Args:
        samples: Words with (n, D) float32 embeddings and (n, R) float32 role vectors, all of one D and R.
        components: (R, C) float32 directions of the role model, see `principal_components`.
    """
    second: NDArray[np.float64] | None = None
    cross: NDArray[np.float64] | None = None
    n_words = 0
    for sample in samples:
        parts = (sample.embeddings, sample.role, sample.snippet_embeddings)
        if not len(sample.keys) or not all(np.isfinite(part).all() for part in parts):
            continue
        moments = word_moments(sample, sample.role @ components)
        n = len(sample.keys) + len(sample.snippet_rows)
        second = moments[0] / n if second is None else second + moments[0] / n
        cross = moments[1] / n if cross is None else cross + moments[1] / n
        n_words += 1
    if second is None or cross is None:
        return None
    return Prior(components, (second / n_words).astype(np.float32), (cross / n_words).astype(np.float32), n_words)


def word_moments(sample: WordSample, target: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(D, D) and (D, C) centred moments of a word's sentences plus its snippets.

    Args:
        sample: Its sentences.
        target: (n, C) float32 role components of the same sentences.
    """
    target = target - target.mean(axis=0)
    sentences = sample.embeddings - sample.embeddings.mean(axis=0)
    second = sentences.T @ sentences
    cross = sentences.T @ target
    if len(sample.snippet_rows):
        snippets = sample.snippet_embeddings - sample.snippet_embeddings.mean(axis=0)
        second = second + snippets.T @ snippets
        cross = cross + snippets.T @ target[sample.snippet_rows]
    return second.astype(np.float64), cross.astype(np.float64)
