"""Which words a text uses in several meanings: their sentences looked at, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from minicoil.config import SamplingConfig
from minicoil.text import Language
from minicoil.training import find_senses, telling_words
from minicoil.words import Candidate, MiningConfig, WordCounts, general_per_million, rank_common
from tasks.models import Encoders, Parent, SentenceEncoder
from tasks.progress import progress
from tasks.sentences import SentenceStore
from tasks.training.sampling import sample_sentences

LOOKED_AT = 2  # candidates whose sentences are encoded, for each word wanted
SENTENCES = 48  # of each candidate: two groups of them stand apart or do not, and they are encoded in a quarter second
_POOL = 400  # of the most frequent words, from which the candidates are taken
_EVERYDAY = 400.0  # per million of general text (Zipf 5.6): above it lie the words that are in every text
_SMALLER_SHARE = 0.15  # of a word's sentences in its second meaning, from which the word counts as one with two
_FEW_SENSES = 3  # a word that falls into more groups than that is one of many topics and not of many meanings


@dataclass(frozen=True)
class Meanings:
    """What the sentences of one candidate show.

    Attributes:
        gain: How clearly its meanings stand apart, see `minicoil.training.Senses`; 0 where there is one.
        spread: 1 minus the length of the mean of the sentences' unit vectors, in [0, 1].
        reasons: What a person can check.
    """

    gain: float
    spread: float
    reasons: tuple[str, ...]


def choose_ambiguous(
    n: int,
    parent: Parent,
    counts: WordCounts,
    store: SentenceStore,
    encoders: Encoders,
    sampling: SamplingConfig,
    domain: NDArray[np.uint64],
    taken: Sequence[Candidate] = (),
) -> list[Candidate]:
    """At most `n` words that this text uses in several meanings, the clearest first; what is left over is filled up.

    Candidates are frequent words that general English has, but not in every sentence: a name that only this text has
    means one thing, and "make" means too many. A sample of each one's sentences is encoded, and kept for training.

    Args:
        n: Most words.
        parent: Knows words already; these are not chosen.
        counts: The corpus's words.
        store: Has its sentences, and gets their role-model vectors.
        encoders: What encodes them.
        sampling: Of training; the sample here is a part of that one.
        domain: (n_sentences,) uint64 sorted keys of the corpus's sentences.
        taken: Chosen already.
    """
    known = {*parent.vocabulary.known_words, *(candidate.word for candidate in taken)}
    config = replace(MiningConfig(), min_count=sampling.min_sentences)
    pool = _candidates(counts, known, config)[: LOOKED_AT * n]
    seen = _look(pool, store, encoders, sampling, domain)
    found = [
        replace(candidate, kind="ambiguous", score=seen[candidate.word].gain, reasons=seen[candidate.word].reasons)
        for candidate in pool
        if candidate.word in seen
    ]
    found.sort(key=lambda candidate: (-candidate.score, -seen[candidate.word].spread, candidate.word))
    return found[:n]


def _candidates(counts: WordCounts, known: set[str], config: MiningConfig) -> list[Candidate]:
    """Frequent words by how much there is of them and how many meanings general text gives such words."""
    scored = []
    for candidate in rank_common(counts, _POOL, config):
        general = general_per_million(candidate.use, language=counts.language)
        if candidate.word not in known and general < _EVERYDAY:
            # the number of a word's senses grows with its frequency, see `minicoil.words.mining`
            meanings = min(1.0, config.min_meanings + general / config.many_meanings_at)
            scored.append((meanings * candidate.use.n_documents**0.5, candidate))
    scored.sort(key=lambda entry: (-entry[0], entry[1].word))
    return [candidate for _, candidate in scored]


def _look(
    pool: Sequence[Candidate],
    store: SentenceStore,
    encoders: Encoders,
    sampling: SamplingConfig,
    domain: NDArray[np.uint64],
) -> dict[str, Meanings]:
    forms = {candidate.word: candidate.use.forms for candidate in pool}
    few = replace(sampling, max_sentences=max(SENTENCES, sampling.min_sentences))
    keys = sample_sentences(store, forms, few, domain)
    wanted = np.unique(np.concatenate([*keys.values(), np.zeros(0, np.uint64)]))
    texts: dict[int, str] = {}
    role: dict[int, NDArray[np.float32]] = {}
    with (
        SentenceEncoder(encoders, with_role=True) as encoder,
        progress("looking for words with several meanings", len(wanted), "sentences") as advance,
    ):
        for page in store.texts(wanted.tolist()):
            here = {sentence.key: sentence.text for sentence in page}
            if here:
                texts |= here
                role |= {key: entry.role for key, entry in encoder.encode(here, advance).items()}
    return {
        candidate.word: _judge(
            candidate.word,
            [key for key in keys[candidate.word].tolist() if key in role],
            texts,
            role,
            encoders.tokenizer.language,
        )
        for candidate in pool
    }


def _judge(
    word: str,
    keys: Sequence[int],
    texts: dict[int, str],
    role: dict[int, NDArray[np.float32]],
    language: Language,
) -> Meanings:
    if not keys:
        return Meanings(0.0, 0.0, ("none of its sentences is there",))
    vectors = np.stack([role[key] for key in keys])
    senses, spread = find_senses(vectors), 1.0 - float(np.linalg.norm(vectors.mean(axis=0)))
    sizes = np.bincount(senses.groups)
    if len(sizes) < 2:
        return Meanings(0.0, spread, (f"one meaning in {len(keys)} sentences",))
    shown = [texts[key] for key in keys]
    told = " / ".join(
        ", ".join(telling_words(shown, senses.groups, group, word, 2, language)) or "?" for group in range(len(sizes))
    )
    balance = min(1.0, float(sizes[1]) / len(keys) / _SMALLER_SHARE) * min(1.0, _FEW_SENSES / len(sizes))
    return Meanings(senses.gain * balance, spread, (f"{len(sizes)} meanings in {len(keys)} sentences: {told}",))
