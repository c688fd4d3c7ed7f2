"""Which sentences teach a word, and which ones measure it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from minicoil.config import SamplingConfig
from minicoil.training import is_held_out
from tasks.progress import progress
from tasks.sentences import SentenceStore

Keys = NDArray[np.uint64]
_NONE = np.zeros(0, np.uint64)


def sample_sentences(
    store: SentenceStore, forms: Mapping[str, Sequence[str]], sampling: SamplingConfig, domain: Keys
) -> dict[str, Keys]:
    """At most `sampling.max_sentences` sentence keys a word, by all of its forms, ascending.

    A word with more sentences than that takes up to half of them from this run's corpus and the rest from everything
    read before: where general text is a hundred times larger, a fair draw would hardly show the domain's use at all,
    and where the domain is, it would forget the general one.

    Args:
        store: Has the sentences of every run so far.
        forms: Vocabulary entry -> surface forms.
        sampling: Most sentences a word.
        domain: (n,) uint64 sorted keys of this run's corpus.
    """
    chosen = {}
    with progress("sampling sentences", len(forms), "words") as advance:
        drawn = store.draw(forms, sampling.max_sentences, domain)
        for word in sorted(forms):
            others = drawn.pop(word, (_NONE, _NONE))  # so that nothing is held twice
            chosen[word] = _sample(store, forms[word], sampling.max_sentences, domain, others)
            advance(1)
    return chosen


def _sample(
    store: SentenceStore, forms: Sequence[str], n: int, domain: Keys, others: tuple[Keys, Keys] = (_NONE, _NONE)
) -> Keys:
    """Keys are hashes, so the smallest of either kind are a uniform sample that stays nested as the store grows.

    Args:
        others: The lowest keys of either kind that are no points.
    """
    here: list[Keys] = []
    elsewhere: list[Keys] = []
    for page in _pages(store, forms):
        inside = np.isin(page, domain)
        here.append(page[inside])
        elsewhere.append(page[~inside])
        if min(_total(here), n // 2) + min(_total(elsewhere), n - n // 2) == n:
            break
    domestic, foreign = np.unique(_join([*here, others[0]])), np.unique(_join([*elsewhere, others[1]]))
    n_domestic = max(n // 2, n - len(foreign))
    domestic = domestic[:n_domestic]
    return np.sort(np.concatenate([domestic, foreign[: n - len(domestic)]]))


def sample_held_out(
    store: SentenceStore, forms: Mapping[str, Sequence[str]], sampling: SamplingConfig, domain: Keys, most: int
) -> dict[str, Keys]:
    """At most `most` keys a word of this corpus's sentences that no word was or will ever be trained on.

    Args:
        store: Where the corpus was read into.
        forms: Vocabulary entry -> surface forms.
        sampling: Its test share decides, by a hash of the sentence alone.
        domain: (n,) uint64 sorted keys of the corpus.
        most: Enough to measure a layer.
    """
    kept = domain[is_held_out(domain, sampling)]
    chosen = {}
    with progress("sampling held-out sentences", len(forms), "words") as advance:
        drawn = store.draw(forms, most, kept)
        for word in sorted(forms):
            found: list[Keys] = []
            for page in _pages(store, forms[word]):
                found.append(page[np.isin(page, kept)])
                if _total(found) >= most:
                    break
            chosen[word] = np.unique(_join([*found, drawn.pop(word, (_NONE, _NONE))[0]]))[:most]
            advance(1)
    return chosen


def _pages(store: SentenceStore, forms: Sequence[str]) -> Iterator[Keys]:
    if forms:
        yield from (np.asarray(page, dtype=np.uint64) for page in store.point_keys(forms))


def _total(parts: Sequence[Keys]) -> int:
    return sum(len(part) for part in parts)


def _join(parts: Sequence[Keys]) -> Keys:
    return np.sort(np.concatenate([*parts, np.zeros(0, np.uint64)]))
