"""Entries of a vocabulary: what a word may be, ids not given out, ids whose word is gone, and ids that came back."""

from __future__ import annotations

from collections.abc import Mapping

from minicoil.errors import VocabularyError
from minicoil.text import ENGLISH, MAX_STEM_LENGTH, Language, split_parts, stem

FILLER = "<reserved "  # an id that can be given out; the space keeps it from ever equalling a token
TOMBSTONE = "<retired "  # an id whose word was retrained, carried or removed


def is_live(entry: str) -> bool:
    """Whether an entry is a word."""
    return " " not in entry


def tombstone(word_id: int, word: str) -> str:
    """What stands at an id whose word is gone."""
    return f"{TOMBSTONE}{word_id} {word}>"


def reclaimed_entry(entry: str) -> str:
    """What stands at an id that came back: a filler that remembers the word before.

    >>> reclaimed_entry("<retired 12 pod>")
    '<reserved 12 pod>'
    """
    return FILLER + entry.removeprefix(TOMBSTONE)


def former_word(entry: str) -> str | None:
    """The word that a tombstone or a reclaimed id had; None for others.

    >>> [former_word(entry) for entry in ("<retired 12 pod>", "<reserved 12 pod>", "<reserved 12>", "pod")]
    ['pod', 'pod', None, None]
    """
    if is_live(entry):
        return None
    _, _, rest = entry.removesuffix(">").partition(" ")
    _, _, word = rest.partition(" ")
    return word or None


def is_fresh(entry: str) -> bool:
    """Whether an entry is an id that never was given out."""
    return entry.startswith(FILLER) and former_word(entry) is None


def may_become(entry: str, word: str, mapping: Mapping[str, str]) -> bool:
    """Whether an id that came back may be given to a word: never to its former one, or to one that has its tokens.

    Whether a text changes between two releases is told by ids: a token that leads to the same id under both would hide
    that its meaning is another one.

    >>> may_become("<reserved 12 pod>", "node", {}), may_become("<reserved 12 pod>", "pod", {})
    (True, False)
    """
    former = former_word(entry)
    if former is None or not entry.startswith(FILLER):
        return False
    return word not in (former, stem(former), mapping.get(former), mapping.get(stem(former)))


def check_word(word: str, language: Language = ENGLISH) -> None:
    """Refuse what can never be an entry.

    Raises:
        VocabularyError: it is empty, has a space or symbol, has over 40 characters, or is or stems to a stopword.
    """
    is_plain = word.isascii() and word.isalnum()  # which spares nearly every word the search for symbols
    if not word or not (is_plain or split_parts(word) == [word]):
        raise VocabularyError(f"'{word}' is not one word; give a single word without spaces or symbols")
    if len(word) > MAX_STEM_LENGTH:
        raise VocabularyError(f"word '{word[:50]}...' has {len(word)} letters; {MAX_STEM_LENGTH} is the most")
    # by FastEmbed's stem too: what that makes a stopword has no cell and no key, so its points could not be found
    stems = {stem(word)} if language.is_english else {language.stem(word), stem(word)}
    if word in language.stopwords or not language.stopwords.isdisjoint(stems):
        raise VocabularyError(f"word '{word}' is or stems to a stopword, which search leaves out; choose another word")
