"""Words as people give them, on the command line or in a file: folded as the index folds, refused one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from minicoil.errors import UsageError, VocabularyError
from minicoil.text import ENGLISH, Language
from minicoil.words import check_word
from tasks.corpus.query_log import read_text_lines

Fold = Callable[[str], str]
_COMMENT = re.compile(r"(^|\s)#.*")
_SHOWN = 5


@dataclass(frozen=True)
class GivenWord:
    """A word that was asked for.

    Attributes:
        form: Folded, as tokens of texts are.
        entry: Its stem: the vocabulary's entry.
    """

    form: str
    entry: str


@dataclass(frozen=True)
class RefusedWord:
    """A word of a file that can be none, and why."""

    word: str
    reason: str

    def row(self) -> dict[str, str]:
        """For reports."""
        return {"word": self.word, "reason": self.reason}


def read_word_file(path: str) -> Iterator[str]:
    """The words of a file: one a line, of which a # at its beginning or after a space begins a comment.

    Raises:
        UsageError: it cannot be read.
    """
    for line in read_text_lines(path, "a text file, one word a line"):
        if word := _COMMENT.sub("", line).strip():
            yield word


def check_given(word: str, fold: Fold, language: Language = ENGLISH) -> GivenWord:
    """A word as the vocabulary would have it.

    Raises:
        VocabularyError: it is no word, or search leaves it out.
    """
    form = fold(word.strip())
    entry = language.stem(form)
    check_word(form, language)
    check_word(entry, language)
    return GivenWord(form, entry)


def sort_words(
    words: Sequence[str], path: str | None, fold: Fold, language: Language = ENGLISH
) -> tuple[list[GivenWord], list[RefusedWord]]:
    """The words given by name and in a file, and those of the file that are none.

    A word on the command line is refused at once: somebody waits for it, and it may have been meant as something else.
    One of many in a file is named, and the others are taken.

    Args:
        words: From the command line.
        path: The file, or None.
        fold: The tokenizer's.
        language: Of the words.

    Raises:
        UsageError: a word of the command line is none, the file has no word, or it cannot be read.
    """
    given, refused = [], list[RefusedWord]()
    for word in words:
        try:
            given.append(check_given(word, fold, language))
        except VocabularyError as error:
            hint = "; a second corpus needs a --corpus of its own" if "/" in word else ""
            raise UsageError(f"word '{word}': {error}{hint}") from error
    n_named = len(given)
    for word in read_word_file(path) if path is not None else ():
        try:
            given.append(check_given(word, fold, language))
        except VocabularyError as error:
            refused.append(RefusedWord(word, str(error)))
    if path is not None and not refused and len(given) == n_named:  # else the default would be taken: 200 mined words
        raise UsageError(f"{path} holds no word; give one a line")
    if refused and len(given) == n_named:
        first = "; ".join(f"'{entry.word}': {entry.reason}" for entry in refused[:_SHOWN])
        raise UsageError(f"{path}: none of its {len(refused):,} lines is a word ({first}); give one word a line")
    return given, refused
