"""Snippets: a word with one to three neighbours on each side, so that a layer also learns queries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

from minicoil.text.folding import fold_text

_WORDS = re.compile(r"\S+")
_TRIMMED = re.compile(r"^\W+|\W+$")


def cut_snippet(
    sentence: str,
    is_form: Callable[[str], bool],
    rng: np.random.Generator,
    neighbours: tuple[int, int] = (1, 3),
    fold: Callable[[str], str] = fold_text,
) -> str | None:
    """The word and a random number of its neighbours, or None where no whitespace-separated word is a form of it.

    >>> rng = np.random.default_rng(0)
    >>> cut_snippet("A Pod, once scheduled, stays on its node.", lambda w: w == "pod", rng, (1, 1))
    'A Pod, once'

    Args:
        sentence: Where from.
        is_form: Told a folded word without outer punctuation.
        rng: Chooses the occurrence and how many neighbours on each side.
        neighbours: Fewest and most on each side.
        fold: The tokenizer's.
    """
    words = [match.group() for match in _WORDS.finditer(sentence)]
    places = [place for place, word in enumerate(words) if is_form(fold(_TRIMMED.sub("", word)))]
    if not places:
        return None
    place = places[int(rng.integers(len(places)))]
    left, right = rng.integers(neighbours[0], neighbours[1] + 1, 2)
    return " ".join(words[max(place - left, 0) : place + right + 1])


def possible_snippets(sentence: str, neighbours: tuple[int, int] = (1, 3)) -> Iterator[str]:
    """Everything that `cut_snippet` may give for any word of a sentence; some of it more than once.

    >>> list(possible_snippets("Pods run here.", (1, 1)))
    ['Pods run', 'Pods run here.', 'run here.']
    """
    words = [match.group() for match in _WORDS.finditer(sentence)]
    sides = range(neighbours[0], neighbours[1] + 1)
    for place in range(len(words)):
        for left in sides:
            for right in sides:
                yield " ".join(words[max(place - left, 0) : place + right + 1])
