"""How a word stands in its sentence, read off its neighbours: as noun, verb, modifier of a noun, or undecided."""

from __future__ import annotations

import re
from collections.abc import Callable

from minicoil.text import fold_text

_WORDS = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|[.,;:!?()]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DETERMINERS = _words(
    "a an the this that these those each every any some no another such my your his her its our their either neither "
    "both several many few all which whose"
)
_PREPOSITIONS = _words(
    "of in on at by for from with without into onto over under between through during within upon per via as about "
    "across after against among before behind below beneath beside beyond despite like near toward"
)
_SUBJECTS = _words("i you he she it we they who")
_MODALS = _words(
    "to will would can could may might must shall should cannot can't don't doesn't didn't won't not does do did "
    "let's please"
)
_BE = _words("is are was were be been being am")
_HAVE = _words("has have had having")
_ADVERBS = _words("also always never often only then still already just")
_OBJECTS = _words("it them him me us itself himself themselves")
_AFTER_NOUN = _PREPOSITIONS | _BE | _HAVE | _MODALS | _DETERMINERS | frozenset(["and", "or", "but", "who", "", "if"])


def part_of_speech(sentence: str, is_form: Callable[[str], bool]) -> str:
    """One of "noun", "verb", "modifier" for the word's first occurrence, or "" where its neighbours do not tell.

    >>> [part_of_speech(text, lambda w: w in ("pool", "pools")) for text in (
    ...     "A pool of workers.", "They pool their money.", "The pool size is 4.", "Pools!")]
    ['noun', 'verb', 'modifier', '']

    Closed-class neighbours decide ("the ... of", "to ... the"). There is no lexicon, so a domain's own words are read
    as well as common ones, and what is not clear stays open.

    Args:
        sentence: Text with the word.
        is_form: Told a folded word; true for the word's forms.
    """
    words = ["", "", *(fold_text(match.group()) for match in _WORDS.finditer(sentence)), ""]
    place = next((i for i, word in enumerate(words) if word and is_form(word)), None)
    if place is None:
        return ""
    word, before, after = words[place], words[place - 1], words[place + 1]
    if before in _ADVERBS:  # "they also run": look past the adverb
        before = words[place - 2]
    participle = word.endswith(("ing", "ed"))
    if before in _MODALS or before in _SUBJECTS or (before in _BE | _HAVE and participle):
        return "verb"
    ends_here = after in _AFTER_NOUN or not after[0].isalpha()
    if before in _DETERMINERS:
        return "noun" if ends_here else "modifier"
    if after in _DETERMINERS or after in _OBJECTS:
        return "verb"
    if before in _PREPOSITIONS or after == "of" or after in _BE | _HAVE:
        return "noun" if ends_here else "modifier"
    return ""
