"""The text of a trial: a sample of it, what could not be read, and how English it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minicoil.errors import CorpusError
from minicoil.text import STOPWORDS, fold_text
from tasks.corpus import CorpusReport, Document, read_corpora
from tasks.place import Place

_LETTERS = re.compile(r"[^\W\d_]+")
_FEWEST_WORDS = 200  # of which a share says something
ENGLISH_SHARE = 0.15  # of function words; running English has .30 to .50, terse documentation .25, other languages .05


@dataclass(frozen=True)
class TrialSample:
    """What a trial looks at.

    Attributes:
        documents: Pieces of text, as `index` samples them.
        n_found: Pieces there are, without repeats.
        unusable: Rows of what could not be read: `reason`, `n`, `examples`.
        english: Share of English function words among the words, in [0, 1]; None where there are too few words.
    """

    documents: tuple[Document, ...]
    n_found: int
    unusable: tuple[dict[str, Any], ...]
    english: float | None

    @property
    def is_english(self) -> bool:
        """Whether the text may be English, which the packaged encoder was made for."""
        return self.english is None or self.english >= ENGLISH_SHARE


def read_sample(place: Place, spec: str, size: int) -> TrialSample:
    """At most `size` pieces of a corpus, the same that `minicoil index --sample` takes.

    Raises:
        CorpusError: there is nothing that can be read; of PDF and Word files it says what their reader is.
    """
    report = CorpusReport()
    try:
        if spec.startswith("qdrant:"):
            with place.points() as points:
                documents = list(read_corpora([spec], report, size, points=points))
        else:
            documents = list(read_corpora([spec], report, size))
    except CorpusError as error:
        if any("without a column" in reason for reason in report.n_unusable):
            raise CorpusError(f"{error}; name the column of the text, as in `minicoil try {spec}#COLUMN`") from error
        raise
    texts = [document.text for document in documents]
    return TrialSample(
        tuple(documents), report.n_read - report.n_duplicates, tuple(report.rows()), english_share(texts)
    )


def english_share(texts: Sequence[str]) -> float | None:
    """Share of English function words among all words, in [0, 1]; None of fewer than 200 words.

    >>> english_share(["the pod is on the node"] * 100) > 0.5
    True
    >>> english_share(["der Knoten gehört zu einem Verbund"] * 100)
    0.0
    """
    n_words = n_english = 0
    for text in texts:
        found = _LETTERS.findall(fold_text(text))
        n_words += len(found)
        n_english += sum(word in STOPWORDS for word in found)
    return n_english / n_words if n_words >= _FEWEST_WORDS else None
