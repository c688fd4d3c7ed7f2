"""Shards of a reading: pieces that one worker takes together; it needs the object store and the corpus, no more."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

from minicoil.errors import UsageError
from minicoil.files import parse_json, write_json
from minicoil.text import open_language
from tasks.corpus import Piece
from tasks.place import Place
from tasks.reading.counting import CountingRun, count_piece
from tasks.reading.piece_files import damaged
from tasks.reading.splitting import split_piece
from tasks.store import ObjectStore

logger = logging.getLogger(__name__)
_VERSION = 1


def cut_splitting(
    store: ObjectStore, scope: str, pieces: Sequence[Piece], n_shards: int | None, language: str = "en"
) -> list[str]:
    """Write shards of pieces to be split; returns their keys.

    Args:
        store: Where shards travel.
        scope: Prefix of the reading.
        pieces: That nobody has split.
        n_shards: At most so many shards; None: one a piece.
        language: ISO 639 code of the corpus.
    """
    said = {} if language == "en" else {"language": language}
    return [
        _write(store, scope, {"stage": "split", "pieces": [piece.row() for piece in part], **said})
        for part in _parts(pieces, n_shards)
    ]


def cut_counting(store: ObjectStore, run: CountingRun, digests: Sequence[str], n_shards: int | None) -> list[str]:
    """Write shards of pieces to be counted, as `cut_splitting` does."""
    return [
        _write(store, run.scope, {"stage": "count", "run": asdict(run), "pieces": list(part)})
        for part in _parts(digests, n_shards)
    ]


def read_shard(place: Place, key: str) -> dict[str, Any]:
    """Do what nobody has done of one shard.

    Returns:
        `n_sentences` split or counted by this call, `seconds` of it, `cpu_seconds` of its process.

    Raises:
        StoreError: the shard, or a piece, is damaged.
        CorpusError: the corpus is not where this worker looks for it.
    """
    # arrow's own allocator keeps what was freed, 100 MB of a piece, beside what everybody else takes
    pa.set_memory_pool(pa.system_memory_pool())
    store, started, cpu = place.objects(), time.monotonic(), time.process_time()
    scope = key.rsplit("/", 2)[0] + "/"
    try:
        shard = parse_json(store.read(key))
        is_split = {"split": True, "count": False}[shard["stage"]]
        pieces = [Piece.from_row(row) for row in shard["pieces"]] if is_split else []
        language = open_language(shard.get("language", "en"))
        run = None if is_split else CountingRun(**shard["run"])
        digests = [] if is_split else [str(digest) for digest in shard["pieces"]]
    except (ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        raise damaged(store, key, error) from error
    n_sentences = sum(split_piece(place, scope, piece, language) for piece in pieces)
    if run is not None:
        n_sentences = sum(count_piece(place, run, digest) for digest in digests)
    seconds, used = round(time.monotonic() - started, 2), round(time.process_time() - cpu, 2)
    logger.debug("%s: %d sentences in %.1f s", key, n_sentences, seconds)
    return {"n_sentences": n_sentences, "seconds": seconds, "cpu_seconds": used}


def _parts(entries: Sequence[Any], n_shards: int | None) -> list[Sequence[Any]]:
    if n_shards is None:
        return [[entry] for entry in entries]
    return [entries[start::n_shards] for start in range(min(n_shards, len(entries)))]


def _write(store: ObjectStore, scope: str, shard: dict[str, Any]) -> str:
    document = write_json({"version": _VERSION, **shard}, ascii_only=True).encode()
    key = f"{scope}shards/{hashlib.sha256(document).hexdigest()[:24]}.json"
    store.write(key, document)
    return key
