"""What training makes of a word: a layer and what it is judged by, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True)
class TrainingFailure:
    """A word that could not be trained, and why."""

    word: str
    error: TrainingError
