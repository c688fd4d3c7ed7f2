"""Whether a collection's texts are still as long as its fixed mean length says, and what it does to rankings if not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minicoil.folder import check_bundle
from minicoil.retrieval import overlap_of_rankings
from minicoil.sparse import count_words
from minicoil.text import WordTokenizer
from tasks.catalogue import CollectionRecord
from tasks.collections.texts import PointTextError, joined_path, open_texts
from tasks.documents import TextLengths, summarise_lengths
from tasks.models import open_model_of
from tasks.place import Place
from tasks.points import PointFilter, PointStore

SAMPLE = 400  # texts
MUCH = 0.2  # of the fixed mean; BM25 with b = 0.75 hardly moves below
ERRORS = 3.0  # standard errors that the deviation has to exceed, or the sample may have made it


@dataclass(frozen=True)
class LengthDrift:
    """The mean length of a sample beside the fixed one.

    Attributes:
        fixed: avg_len that all vectors are made with.
        lengths: Of the sample.
        overlap: Share of first ten results that both have in common; None where the drift is too small to ask.
    """

    name: str
    fixed: float
    lengths: TextLengths
    overlap: float | None = None

    @property
    def is_much(self) -> bool:
        """Whether it is worth a thought."""
        away = abs(self.lengths.mean - self.fixed)
        return away > MUCH * self.fixed and away > ERRORS * self.lengths.error

    @property
    def command(self) -> str:
        """What renews it: values of every point change, so they are written beside."""
        return f"minicoil rebuild {self.name} {self.name}-2 --avg-len {self.lengths.mean}"

    @property
    def message(self) -> str:
        """For people."""
        same = "" if self.overlap is None else f"; {self.overlap:.0%} of the first ten results stay the same with it"
        return (
            f"its texts have {self.lengths.mean:.1f} +- {self.lengths.error:.1f} words ({self.lengths.n_sampled:,} "
            f"were counted), and its vectors are made for avg_len {self.fixed:.1f}{same}"
        )

    def row(self) -> dict[str, Any]:
        """For answers."""
        return {"fixed": self.fixed, **self.lengths.row(), "overlap": self.overlap, "is_much": self.is_much}


def measure_drift(place: Place, points: PointStore, record: CollectionRecord) -> LengthDrift | None:
    """The drift of a collection; None where its texts are not at hand."""
    if record.corpus and not joined_path(place.cache / "joined", record.corpus).is_file():
        return None
    texts = open_texts(record, place.cache)
    found = []
    for point in points.sample(record.name, PointFilter(), SAMPLE, texts.fields):
        try:
            found.append(texts.read(point))
        except PointTextError:
            continue
    if not found:
        return None
    folder = open_model_of(place, record, max(record.readable))
    vocabulary = check_bundle(folder)[1]
    read = [text.tokens for text in WordTokenizer.from_folder(folder).tokenize(found)]
    counts = [count_words(tokens, vocabulary).n_words for tokens in read]
    drift = LengthDrift(record.name, record.avg_len, summarise_lengths(counts, points.count(record.name)))
    if not drift.is_much:
        return drift
    overlap = round(overlap_of_rankings(read, record.bm25, drift.lengths.mean, vocabulary.language), 4)
    return LengthDrift(record.name, record.avg_len, drift.lengths, overlap)
