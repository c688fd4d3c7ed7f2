"""Ids of words that are gone, given out again once nothing anywhere has their old meaning."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from minicoil.errors import VocabularyError
from minicoil.words.entries import FILLER, TOMBSTONE, former_word, is_live, reclaimed_entry, tombstone
from minicoil.words.vocabulary import Vocabulary


def retired_ids(vocabulary: Vocabulary) -> tuple[int, ...]:
    """Ids of tombstones, ascending."""
    return tuple(place for place, entry in enumerate(vocabulary.words, 1) if entry.startswith(TOMBSTONE))


def free_ids(vocabulary: Vocabulary, stored: Iterable[Vocabulary], held: Collection[int]) -> tuple[int, ...]:
    """Ids of tombstones that may be given to other words, ascending.

    The law: an id is given out again only if no release that anybody can still get has a word there, and no vector has
    one of its cells. Then no vector of the first meaning is left to be read with the second, and no query of the first
    is left to be asked.

    >>> first, _ = Vocabulary.empty(capacity=10).apply({"pod": ["pods"], "node": ["nodes"]})
    >>> second, _ = first.apply(retrain=["pod"], remove=["node"])
    >>> free_ids(second, [first, second], ()), free_ids(second, [second], ()), free_ids(second, [second], {1})
    ((), (1, 2), (2,))

    Args:
        vocabulary: That the next release grows from.
        stored: Of every release of its lineage that is stored anywhere or served by anybody, itself included.
        held: Ids that vectors have cells of.
    """
    live: set[int] = set(held)
    for other in stored:
        live.update(place for place, entry in enumerate(other.words, 1) if is_live(entry))
    return tuple(word_id for word_id in retired_ids(vocabulary) if word_id not in live)


def reclaim_ids(vocabulary: Vocabulary, ids: Collection[int]) -> Vocabulary:
    """The vocabulary with some ids free again; nothing resolves to another id in it than before.

    Raises:
        VocabularyError: an id has a word, or was never given out.
    """
    words = list(vocabulary.words)
    for word_id in ids:
        if not 0 < word_id <= len(words) or not words[word_id - 1].startswith(TOMBSTONE):
            raise VocabularyError(f"id {word_id} is no retired one; only these can be given out again")
        words[word_id - 1] = reclaimed_entry(words[word_id - 1])
    return Vocabulary(tuple(words), vocabulary.stem_mapping, vocabulary.dims, vocabulary.language)


def bury_unused(vocabulary: Vocabulary) -> Vocabulary:
    """The vocabulary with ids that came back and were not given out as tombstones again: the next release asks anew."""
    words = [
        tombstone(place, word) if entry.startswith(FILLER) and (word := former_word(entry)) is not None else entry
        for place, entry in enumerate(vocabulary.words, 1)
    ]
    return Vocabulary(tuple(words), vocabulary.stem_mapping, vocabulary.dims, vocabulary.language)


def reused_ids(parent: Vocabulary, child: Vocabulary) -> tuple[int, ...]:
    """Ids that were retired in the parent and have a word in the child, ascending."""
    return tuple(i for i in retired_ids(parent) if i <= len(child.words) and is_live(child.words[i - 1]))


def clashing_ids(older: Vocabulary, reused: Mapping[int, int], since: int) -> tuple[int, ...]:
    """Ids that mean one word under an older release and another under a newer one, ascending.

    Args:
        older: The older release's vocabulary.
        reused: Of the newer one: id -> release that gave it out again, last.
        since: Number of the older release.
    """
    later = sorted(i for i, release in reused.items() if release > since)
    return tuple(i for i in later if i <= len(older.words) and is_live(older.words[i - 1]))
