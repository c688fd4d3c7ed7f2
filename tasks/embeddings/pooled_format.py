"""Pooled words of a text as bytes, with a sum that tells damage: what is not whole is no entry."""

from __future__ import annotations

import hashlib
import struct

import numpy as np

from minicoil.encoder import PooledWords

_HEAD = struct.Struct("<8sIII")  # checksum, tokens, D, D of the sentence vector
_SEPARATOR = "\0"  # in no token: the tokenizers drop it
_INT, _FLOAT = np.dtype("<i4"), np.dtype("<f4")


def pack_words(key: bytes, entry: PooledWords) -> tuple[str, bytes]:
    """Tokens and body of an entry; the checksum covers its key, so that an entry in another's place is none."""
    n_tokens, width = entry.sums.shape
    columns = (entry.pieces, entry.counts, entry.firsts)
    parts = [np.ascontiguousarray(column, dtype=_INT).tobytes() for column in columns]
    parts += [np.ascontiguousarray(values, dtype=_FLOAT).tobytes() for values in (entry.sums, entry.dense)]
    body, tokens = b"".join(parts), _SEPARATOR.join(entry.tokens)
    return tokens, _HEAD.pack(_checksum(key, tokens, body), n_tokens, width, len(entry.dense)) + body


def unpack_words(key: bytes, tokens: str, data: bytes) -> PooledWords:
    """The entry again.

    Raises:
        ValueError: it is not what was packed under this key.
    """
    if len(data) < _HEAD.size:
        raise ValueError(f"{len(data)} bytes")
    checksum, n_tokens, width, dense = _HEAD.unpack_from(data)
    body = memoryview(data)[_HEAD.size :]
    if checksum != _checksum(key, tokens, body):
        raise ValueError("other bytes than were written")
    names = split_tokens(tokens) if n_tokens else ()
    if len(names) != n_tokens or len(body) != 4 * (3 * n_tokens + n_tokens * width + dense):
        raise ValueError(f"{len(names)} words in {len(body)} bytes")
    pieces, counts, firsts = np.frombuffer(body, _INT, 3 * n_tokens).reshape(3, n_tokens)
    sums = np.frombuffer(body, _FLOAT, n_tokens * width, 12 * n_tokens).reshape(n_tokens, width)
    sentence = np.frombuffer(body, _FLOAT, dense, 4 * n_tokens * (3 + width))
    return PooledWords(names, pieces, counts, firsts, sums, sentence)


def split_tokens(tokens: str) -> tuple[str, ...]:
    """The distinct tokens of an entry."""
    return tuple(tokens.split(_SEPARATOR))


def _checksum(key: bytes, tokens: str, body: bytes | memoryview) -> bytes:
    digest = hashlib.blake2b(key, digest_size=8)
    digest.update(tokens.encode("utf-8", "surrogatepass"))
    digest.update(body)
    return digest.digest()
