"""The learned vector, the weights it gives to the words of a text, and the file it is kept in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minicoil.encoder import PooledWords
from minicoil.errors import BundleError, UsageError
from minicoil.files import BundleLayout, Fraction, check_number, parse_json, write_json, write_whole
from minicoil.importance.document_words import FEATURES, DocumentWords, describe_words
from minicoil.text import ENGLISH, Language

FILE_VERSION = 1
CLIP = 2.0  # of z: no word counts more than exp(4 beta) times as much as another one of its document


@dataclass(frozen=True)
class Importance:
    """A vector that says how much a word matters in its document.

        z(w, d) = u . x(w, d)                             x as `describe_words` has it
        weight(w, d) = exp(beta clip(z, -2, 2)) / mean over the distinct words of d

    So the mean weight of a document's words is 1, a weight lies in [exp(-4 beta), exp(4 beta)] and grows with z, and
    a text of one word has weight 1: plain BM25.

    Attributes:
        vector: (D + 3,) float32 u: the direction, then one number for each of `FEATURES`.
        beta: How much of it is believed, in [0, 1].

    Raises:
        UsageError: beta is outside [0, 1], or the vector is none.

    Source: term weights learned from embeddings are DeepCT's (Dai and Callan, 2019); that a document's own title can
        teach them in place of judgements is HDCT's (Dai and Callan, 2020).
    """

    vector: NDArray[np.float32]
    beta: float

    def __post_init__(self) -> None:
        check_number("beta", self.beta, Fraction)
        if self.vector.ndim != 1 or len(self.vector) <= len(FEATURES) or not np.isfinite(self.vector).all():
            raise UsageError(f"importance: a vector of D + {len(FEATURES)} finite numbers was expected")

    @property
    def width(self) -> int:
        """D, numbers per embedding."""
        return len(self.vector) - len(FEATURES)

    @cached_property
    def digest(self) -> str:
        """Hex sha256 of all that decides a weight: that of the file."""
        return hashlib.sha256(self._text().encode()).hexdigest()

    def scores(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) float64 z of (n, D + 3) inputs, clipped to [-2, 2].

        Raises:
            BundleError: the encoder gave numbers that are none.
        """
        scores = (inputs @ self.vector).astype(np.float64)
        if not np.isfinite(scores).all():
            raise BundleError(
                "importance: the encoder gives numbers that are none; its files are damaged: pull the release again, "
                "or restore it from a backup"
            )
        return np.clip(scores, -CLIP, CLIP)

    def weigh_words(self, words: DocumentWords) -> NDArray[np.float64]:
        """(n,) float64 weights of the words of one document, of mean 1.

        >>> words = DocumentWords(("pod", "run"), {}, np.ones(2, int), np.array([[1, 0, 0, 0], [-1, 0, 0, 0]], "f"))
        >>> Importance(np.array([0.5, 0, 0, 0], np.float32), 1.0).weigh_words(words).round(3)
        array([1.462, 0.538])
        """
        weights = np.exp(self.beta * self.scores(words.inputs))
        return np.asarray(weights / weights.mean() if len(weights) else weights, dtype=np.float64)

    def weigh(self, entry: PooledWords, n_tokens: int, language: Language = ENGLISH) -> dict[str, float]:
        """Token -> weight of its word, for the content tokens of a text; any other token has weight 1.

        Args:
            entry: Pooled embeddings of all content tokens of the text.
            n_tokens: Of the text, specials included.
            language: Of the text.
        """
        words = describe_words(entry, n_tokens, language)
        weights = self.weigh_words(words).tolist()
        return {token: weights[row] for token, row in words.word_of.items()}

    def _text(self) -> str:
        numbers = [float(str(value)) for value in self.vector]  # the fewest digits that give the same float32 back
        document = {"version": FILE_VERSION, "beta": self.beta, "features": list(FEATURES), "vector": numbers}
        return write_json(document, ascii_only=True) + "\n"

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all; equal vectors give equal bytes."""
        write_whole(path, self._text())

    @staticmethod
    def read(path: Path) -> Importance:
        """What a file holds.

        Raises:
            BundleError: it is damaged, or of a version that this program does not read.
        """
        try:
            text = path.read_text("utf-8")
            document = parse_json(text)
            version, features = document["version"], document["features"]
            with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused for it
                vector = np.asarray(document["vector"], dtype=np.float32)
            importance = Importance(vector, document["beta"])
        except (OSError, ValueError, KeyError, TypeError, UsageError) as error:
            raise BundleError(f"{path} is damaged ({error}); pull the release again") from error
        if version != FILE_VERSION or features != list(FEATURES):
            raise BundleError(f"{path} has version {version}; this program reads {FILE_VERSION}")
        if importance._text() != text:  # its digest, by which collections know it, would not be the file's
            raise BundleError(f"{path} is damaged (it was changed after it was written); pull the release again")
        return importance


def find_importance(folder: Path) -> Importance | None:
    """What a model folder carries; None where it carries none.

    Raises:
        BundleError: it is damaged.
    """
    path = BundleLayout(folder).importance
    return Importance.read(path) if path.is_file() else None


def open_importance(folder: Path, digest: str) -> Importance:
    """The importance that a collection was made with, out of a model folder.

    Args:
        folder: Of the model.
        digest: As the collection's record has it.

    Raises:
        BundleError: the folder carries none, or another one.
    """
    found = find_importance(folder)
    if found is None:
        raise BundleError(
            f"{folder} carries no importance, and the collection's vectors are weighed by {digest[:12]}; serve a "
            "release that grew from the one it was made with, or index into another collection"
        )
    if found.digest != digest:
        raise BundleError(
            f"{folder} carries importance {found.digest[:12]}, the collection's vectors are weighed by {digest[:12]}; "
            "serve a release that grew from the one it was made with, or index into another collection"
        )
    return found
