"""The ledger: one record per word that training ever looked at, kept beside each release.

On disk it is a folder of parts, one a release, each holding only what that release decided: a child release carries its
parent's parts unchanged, so a large vocabulary's ledger costs nothing to keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from minicoil.errors import ReleaseError, UsageError
from minicoil.files import Fraction, NotNegative, Release, Size, check_number, check_numbers, parse_json, write_json

LEDGER_FOLDER = "ledger"
LEDGER_VERSION = 1
_PARTS_OF_ONE = 10_000
MAX_PARTS = 40  # then they are written as one: hundreds of small files are slow to pull
VerdictName = Literal["accepted", "improved", "kept_bm25", "unchanged", "removed", "failed"]


@dataclass(frozen=True)
class WordRecord:
    """What is known of one word.

    Attributes:
        word: Vocabulary entry, a Snowball stem.
        verdict: What the last look at it decided.
        reason: Why, with the numbers.
        digest: Of everything its layer was made from and compared with; an equal one needs no new training.
        keys_digest: Of its sentences and the settings alone.
        release: Number of the release whose layer serves it; None while it is on BM25.
        forms: Surface forms seen in the corpus, most frequent first.
        n_sentences: Sentences used, of all three splits.
        per_million: Occurrences per million words of the text it was trained on.
        ordering_accuracy: Share of held-out triplets in the right order, in [0, 1].
        margin_accuracy: Share of them whose gap is at least the triplet's margin.
        interval: 95 % bootstrap interval of the ordering accuracy; empty where nothing was measured.
        ceiling: Ordering accuracy of the full-width token embedding on the same triplets.
        role_ceiling: Ordering accuracy of the role model's own vectors reduced to as many dimensions as the layer has.
        old_ordering_accuracy: The layer it replaced, on the same triplets; None for a new word.
        n_triplets: Held-out triplets behind the figures.
        seed: Of split, triplets and fit.
        seconds: Wall time of its share of a training unit.
        neighbours: Distribution of hashed neighbour words at training time, in ten-thousandths; may be empty.
        history: Earlier verdicts as (release, verdict, ordering accuracy).
    """

    word: str
    verdict: VerdictName
    reason: str
    digest: str = ""
    keys_digest: str = ""
    release: Release | None = None
    forms: tuple[str, ...] = ()
    n_sentences: Size = 0
    per_million: NotNegative = 0.0
    ordering_accuracy: Fraction | None = None
    margin_accuracy: Fraction | None = None
    interval: tuple[float, ...] = ()
    ceiling: Fraction | None = None
    role_ceiling: Fraction | None = None
    old_ordering_accuracy: Fraction | None = None
    n_triplets: Size = 0
    seed: Size = 0
    seconds: NotNegative = 0.0
    neighbours: tuple[int, ...] = ()
    history: tuple[tuple[int | None, str, float | None], ...] = ()

    @property
    def neighbour_shares(self) -> NDArray[np.float32] | None:
        """(BUCKETS,) float32 distribution of `neighbours`; None where it is not known."""
        return np.asarray(self.neighbours, np.float32) / np.float32(_PARTS_OF_ONE) if self.neighbours else None

    @staticmethod
    def code_neighbours(shares: NDArray[np.float32]) -> tuple[int, ...]:
        """What `neighbours` holds of a (BUCKETS,) float32 distribution."""
        return tuple(int(share) for share in np.rint(shares * _PARTS_OF_ONE))

    @staticmethod
    def from_row(row: Mapping[str, Any]) -> WordRecord:
        """The record of what `asdict` made of one, lists for tuples.

        Raises:
            UsageError: a number of it is none.
            KeyError, TypeError, ValueError: something else is missing, or of another type.
        """
        lists: dict[str, Any] = {key: tuple(row[key]) for key in ("forms", "neighbours", "interval") if key in row}
        record = WordRecord(**{**row, **lists, "history": tuple(tuple(entry) for entry in row["history"])})
        check_numbers(record)
        if not {*map(type, (record.word, record.reason, record.digest, *record.forms))} <= {str}:
            raise TypeError("text was expected in word, reason, digest and forms")
        if not {*map(type, record.neighbours)} <= {int} or not {*map(type, record.interval)} <= {int, float}:
            raise TypeError("numbers were expected in neighbours and interval")
        return record


@dataclass(frozen=True)
class Ledger:
    """All records, and the requests that have been answered, by digest.

    Attributes:
        words: Record by vocabulary entry.
        requests: Digest of what was asked for -> release that answered it.
        parts: What each release decided, oldest first: number, its requests, its records.
    """

    words: Mapping[str, WordRecord] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    parts: tuple[LedgerPart, ...] = ()

    def updated(self, records: Iterable[WordRecord], request: str, release: int) -> Ledger:
        """A ledger with `records` on top, each carrying the history of the one it replaces.

        A word that stays as it was ("unchanged") or could not be trained keeps the serving release it had.
        """
        return self._with(LedgerPart(release, {request: release}, tuple(records)))

    def _with(self, part: LedgerPart) -> Ledger:
        words = dict(self.words)
        for record in part.records:
            before = words.get(record.word)
            if before is not None:
                past = (*before.history, (before.release, before.verdict, before.ordering_accuracy))
                record = replace(record, history=past)
                if record.verdict in ("unchanged", "failed"):
                    record = replace(record, release=before.release)
            if record.verdict in ("accepted", "improved") and record.release is None:
                record = replace(record, release=part.release)
            words[record.word] = record
        return Ledger(words, {**self.requests, **part.requests}, (*self.parts, part))

    def founding(self) -> Ledger:
        """All records as one first release's: a base's, where numbers and requests of another home mean nothing."""
        records = (replace(r, release=r.release and 1, history=()) for r in self.words.values())
        return Ledger()._with(LedgerPart(1, {}, tuple(records)))

    def served(self) -> dict[str, WordRecord]:
        """Records of the words that have a layer; how they were used then is the yardstick of a shift."""
        return {word: record for word, record in self.words.items() if record.release is not None}

    def write(self, folder: Path) -> None:
        """Write the parts that `folder` does not have yet under `ledger/`."""
        parts = self.parts
        target = folder / LEDGER_FOLDER
        target.mkdir(parents=True, exist_ok=True)
        if len(parts) > MAX_PARTS:
            for path in target.glob("*.json"):
                path.unlink()
            parts = (LedgerPart(parts[-1].release, self.requests, tuple(self.words.values())),)
        for part in parts:
            path = target / f"{part.release:06}.json"
            if not path.exists():
                path.write_text(part.to_json(), encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> Ledger:
        """The ledger of a release folder; empty where a base has none.

        Raises:
            ReleaseError: a part is not a ledger of a version this code reads.
        """
        ledger = Ledger()
        for path in sorted((folder / LEDGER_FOLDER).glob("*.json")):
            ledger = ledger._with(LedgerPart.read(path))
        return ledger


@dataclass(frozen=True)
class LedgerPart:
    """What one release decided."""

    release: int
    requests: Mapping[str, int]
    records: tuple[WordRecord, ...]

    def to_json(self) -> str:
        """The file's text."""
        document = {
            "version": LEDGER_VERSION,
            "release": self.release,
            "requests": dict(self.requests),
            "words": [asdict(record) for record in sorted(self.records, key=lambda record: record.word)],
        }
        return write_json(document, indent=0) + "\n"

    @staticmethod
    def read(path: Path) -> LedgerPart:
        """Raises `ReleaseError`: the file is damaged or of a version this code does not read."""
        try:
            document = parse_json(path.read_text(encoding="utf-8"))
            if document["version"] != LEDGER_VERSION:
                raise ReleaseError(
                    f"{path} is a ledger of version {document['version']}; this program reads {LEDGER_VERSION}; "
                    "use the program that wrote it, or a newer one"
                )
            records = tuple(WordRecord.from_row(row) for row in document["words"])
            release = int(document["release"])
            check_number("release", release, Release)
            if not isinstance(document["requests"], dict):
                raise TypeError("requests: an object was expected")
            return LedgerPart(release, document["requests"], records)
        except (OSError, ValueError, KeyError, TypeError, OverflowError, AttributeError, UsageError) as error:
            raise ReleaseError(f"{path} is damaged ({error}); pull the release again") from error
