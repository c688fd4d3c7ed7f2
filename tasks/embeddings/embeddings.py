"""The one place that models of a home take encoded texts from, and leave them in for whoever needs them next."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from threading import Lock

from minicoil.sparse import MiniCoil
from minicoil.text import fold_text
from tasks.embeddings.embedding_cache import EmbeddingCache
from tasks.embeddings.pass_sizes import pass_budget
from tasks.settings import Settings

_FOLDER = "embeddings"
_WORD = re.compile(r"\w+")
_STRANGE_SHARE = 0.1  # of a text's words that may not be in a document which it is cut from: joined and cut ones
_MOST_OPEN = 4  # homes at once in one process
_open: dict[tuple[Path, int], EmbeddingCache] = {}
_opening = Lock()


def open_embeddings(cache: Path) -> EmbeddingCache:
    """The encoded texts of a home, the same object for everybody in this process.

    Args:
        cache: The home's folder of things that can be made again.
    """
    key = (cache.absolute() / _FOLDER, Settings().embedding_cache_bytes)
    with _opening:
        found = _open.pop(key, None) or EmbeddingCache(*key)
        _open[key] = found  # the last one used stands last
        for other in list(_open)[:-_MOST_OPEN]:
            _open.pop(other).close()
        return found


def remembering(model: MiniCoil, cache: Path) -> MiniCoil:
    """A model that judges or compares: its texts are encoded once, and kept for those who ask for them next."""
    return model.remembering(open_embeddings(cache), pass_budget(cache, model.layout.encoder))


def remembering_scan(model: MiniCoil, cache: Path) -> MiniCoil:
    """A model that passes over a collection: it takes what is known, and takes no room from what is used."""
    return model.remembering(open_embeddings(cache).scanning(), pass_budget(cache, model.layout.encoder))


def forget_embeddings(cache: Path, texts: Collection[str]) -> int:
    """Remove what was computed from documents: from their texts, and from whatever was cut out of these.

    An entry has the words of its text and not the text, so it goes where its words are those of the documents. Few
    others have no words but these, most of them short queries; what goes too much is encoded again.

    Args:
        cache: The home's folder of things that can be made again.
        texts: All there is of the documents.

    Returns:
        Entries removed.
    """
    whole = "\n".join(fold_text(text) for text in texts)
    words = set(_WORD.findall(whole))

    def is_of(tokens: Sequence[str]) -> bool:
        most = _STRANGE_SHARE * len(tokens)
        left = [token for token in map(fold_text, tokens) if token not in words]
        if len(left) > 2 * most + 2:
            return False
        return sum(token not in whole for token in left) <= most

    return open_embeddings(cache).forget(is_of)
