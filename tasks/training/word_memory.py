"""Trained layers by digest, in object storage: what was learned once is not learned again."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.errors import ObjectNotFoundError, UsageError
from minicoil.files import parse_json, read_archive, write_json
from minicoil.training import Prior
from minicoil.words import WordRecord
from tasks.store import ObjectStore

logger = logging.getLogger(__name__)
_AT_ONCE = 8  # requests in flight; one object is a few kilobytes


@dataclass(frozen=True)
class WordResult:
    """What became of one word: its record, and its (D, d) float32 layer where it serves."""

    record: WordRecord
    weights: NDArray[np.float32] | None


class WordMemory:
    """Results under `words/<digest>.npz`, priors under `words/priors/`; an object is written whole or not at all."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def write(self, results: Sequence[WordResult]) -> None:
        """Remember results by their records' digests."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._write_one, results))

    def read(self, digests: Sequence[str]) -> dict[str, WordResult]:
        """Those results that are remembered, by digest."""
        known = {entry.key for entry in self._store.list("words/")}
        wanted = [digest for digest in digests if _key(digest) in known]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(self._read_one, wanted)
            return {digest: result for digest, result in zip(wanted, found, strict=True) if result is not None}

    def forget(self, digests: Iterable[str]) -> None:
        """Drop results by digest; those that are not remembered are passed over."""
        for digest in digests:
            self._store.delete(_key(digest))

    def write_prior(self, prior: Prior) -> None:
        """Remember a prior by its origin."""
        self._store.write(_prior_key(prior.origin), prior.to_bytes())

    def read_prior(self, origin: str) -> Prior | None:
        """The prior of that origin, None where there is none or it is damaged."""
        try:
            return Prior.from_bytes(self._store.read(_prior_key(origin)))
        except ObjectNotFoundError:
            return None
        except ValueError as error:
            logger.warning("%s cannot be used (%s); the prior is made again", _prior_key(origin), error)
            return None

    def _write_one(self, result: WordResult) -> None:
        buffer = io.BytesIO()
        record = np.frombuffer(write_json(asdict(result.record), ascii_only=True).encode(), dtype=np.uint8)
        arrays: dict[str, Any] = {"record": record}
        if result.weights is not None:
            arrays["weights"] = result.weights
        np.savez(buffer, **arrays)
        self._store.write(_key(result.record.digest), buffer.getvalue())

    def _read_one(self, digest: str) -> WordResult | None:
        try:
            arrays = read_archive(self._store.read(_key(digest)))
            return WordResult(WordRecord.from_row(parse_json(arrays["record"].tobytes())), arrays.get("weights"))
        except (ObjectNotFoundError, ValueError, KeyError, TypeError, UsageError) as error:
            logger.warning("%s cannot be used (%s); the word is trained again", _key(digest), error)
            return None


def _key(digest: str) -> str:
    return f"words/{digest}.npz"


def _prior_key(origin: str) -> str:
    return f"words/priors/{origin}.npz"
