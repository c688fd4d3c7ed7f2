"""What training makes of a word: a layer and what it is judged by, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from minicoil.config import Rounding
from minicoil.errors import TrainingError
from minicoil.training.triplets import Split, Triplets


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

    def rounded(self, rounding: Rounding) -> TrainedWord:
        """The word with a float32 layer of numbers that `rounding` can hold; one past its range takes the last."""
        if rounding == "none":
            return self
        bound = np.finfo(np.float16).max
        half = np.clip(self.weights, -bound, bound).astype(np.float16)
        return replace(self, weights=half.astype(np.float32))


@dataclass(frozen=True)
class TrainingFailure:
    """A word that could not be trained, and why."""

    word: str
    error: TrainingError
