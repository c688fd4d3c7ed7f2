"""The prior of a lineage: inherited from the parent, else made once from the first release's words and remembered."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from minicoil.config import PRIOR_COMPONENTS, SamplingConfig
from minicoil.errors import EmptyCorpusError
from minicoil.training import Prior, collect_prior, principal_components
from tasks.models import Parent
from tasks.training.features import Chosen, Features
from tasks.training.word_memory import WordMemory

logger = logging.getLogger(__name__)
_PRIOR_WORDS = 300  # more do not change the averages
_PRIOR_ROWS = 20_000  # sentences the role model's principal components are taken from


def prior_origin(parent: Parent, chosen: Chosen, settings: str) -> str:
    """Digest of what the prior is made from, known before anything is encoded.

    Args:
        parent: Its prior is kept through a lineage.
        chosen: The sentences of all words of this run; a prior that is not inherited is made from them.
        settings: Digest of all settings, the encoder and the code.
    """
    inherited = Prior.read(parent.folder)
    if inherited is not None:
        return inherited.origin
    digest = hashlib.sha256(settings.encode())
    for word in sorted(chosen):
        digest.update(f"{word}:".encode() + chosen[word].tobytes())
    return digest.hexdigest()


def find_prior(parent: Parent, origin: str, memory: WordMemory) -> Prior | None:
    """The parent's prior, or the one that an earlier start of the same run made; None where it is yet to be made."""
    return Prior.read(parent.folder) or memory.read_prior(origin)


def make_prior(parent: Parent, features: Features, seed: int, origin: str, memory: WordMemory) -> Prior:
    """The prior that `find_prior` finds, else one from the words at hand, remembered under `origin`.

    It is remembered before a word is trained with it: a run that was killed and goes on has features of the remaining
    words only, and a prior made of those would be another one.

    Raises:
        EmptyCorpusError: there is no sentence to learn from.
    """
    found = find_prior(parent, origin, memory)
    if found is not None:
        return found
    if not len(features.keys):
        raise EmptyCorpusError("no sentence with any of the words was found; give a corpus in which they occur")
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(features.keys))[:_PRIOR_ROWS])
    components = principal_components(np.asarray(features.role[rows], dtype=np.float32), PRIOR_COMPONENTS)
    words = [features.words[i] for i in rng.permutation(len(features.words))]
    usable = [word for word in words if features.count(word) >= SamplingConfig.min_sentences][:_PRIOR_WORDS]
    prior = collect_prior((features.sample(word) for word in usable), components)
    if prior is None:  # no word has enough sentences: the gate will say so
        width = features.sample(features.words[0]).embeddings.shape[1]
        prior = Prior(components, _zeros(width, width), _zeros(width, components.shape[1]), 0)
    prior = replace(prior, origin=origin)
    memory.write_prior(prior)
    logger.info("prior of %d words made from %d sentences", prior.n_words, len(rows))
    return prior


def _zeros(*shape: int) -> NDArray[np.float32]:
    return np.zeros(shape, dtype=np.float32)
