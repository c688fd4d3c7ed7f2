"""How often the encoder is asked for each text: what is encoded twice is time spent for nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

from minicoil.text import TokenizedText

VECTORS = "vectors"  # float32 of the ONNX graph, for documents and queries
TRAINING = "training"  # features of training sentences, of whatever the machine is quickest in
PARITY = "parity"  # the proof that several implementations agree has to run each of them
TIMING = "timing"  # a sample that is encoded to say what everything would cost
_purpose: ContextVar[str] = ContextVar("purpose", default=VECTORS)
_counting: list[ForwardCounts] = []


def text_key(text: TokenizedText) -> bytes:
    """16 bytes that name a text as it is encoded: texts of the same pieces, after truncation, are one text."""
    return hashlib.blake2b(text.ids.tobytes(), digest_size=16).digest()


class ForwardCounts:
    """Forward passes by purpose and text.

    Attributes:
        n_passes: Texts that went through the encoder, by purpose; one that went twice counts twice.
    """

    def __init__(self) -> None:
        self._times: Counter[tuple[str, bytes]] = Counter()
        self._adding = Lock()

    def add(self, purpose: str, texts: Sequence[TokenizedText]) -> None:
        """Count texts that are about to be encoded."""
        keys = [(purpose, text_key(text)) for text in texts]
        with self._adding:
            self._times.update(keys)

    @property
    def n_passes(self) -> dict[str, int]:
        """Purpose -> texts encoded."""
        answer: Counter[str] = Counter()
        for (purpose, _), times in self._times.items():
            answer[purpose] += times
        return dict(answer)

    @property
    def n_twice(self) -> dict[str, int]:
        """Purpose -> distinct texts that were encoded more than once; a purpose without any is left out."""
        return dict(Counter(purpose for (purpose, _), times in self._times.items() if times > 1))


@contextmanager
def count_forwards() -> Iterator[ForwardCounts]:
    """Count every text that goes through an encoder of this process, in whatever thread, while the body runs."""
    counts = ForwardCounts()
    _counting.append(counts)
    try:
        yield counts
    finally:
        _counting.remove(counts)


@contextmanager
def encoding_for(purpose: str) -> Iterator[None]:
    """Texts that this thread encodes in the body are counted for `purpose`; elsewhere they are for vectors."""
    before = _purpose.set(purpose)
    try:
        yield
    finally:
        _purpose.reset(before)


def note_forwards(texts: Sequence[TokenizedText]) -> None:
    """Tell whoever counts that texts are encoded now; costs nothing where nobody does."""
    for counts in _counting:
        counts.add(_purpose.get(), texts)
