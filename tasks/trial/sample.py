"""The text of a trial: a sample of it, what could not be read, and whether it is in the language it is taken for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from minicoil.text import ENGLISH, SNOWBALL, Language, fold_text, open_language
from tasks.corpus import read_corpora
from tasks.documents import CorpusReport, Document
from tasks.place import Place

_LETTERS = re.compile(r"[^\W\d_]+")
_FEWEST_WORDS = 200  # of which a share says something
# of function words; running English has .30 to .50, terse documentation .25, other languages .05
ENGLISH_SHARE = 0.15
_OTHER_SHARE = 0.1  # of a language whose endings do what function words do elsewhere


@dataclass(frozen=True)
class TrialSample:
    """What a trial looks at.

    Attributes:
        documents: Pieces of text, as `index` samples them.
        n_found: Pieces there are, without repeats.
        unusable: Rows of what could not be read: `reason`, `n`, `examples`.
        language: That it is taken for.
        function_words: Share of that language's function words among the words, in [0, 1]; None of too few words.
        looks: The language that it looks like, where that is another one.
    """

    documents: tuple[Document, ...]
    n_found: int
    unusable: tuple[dict[str, Any], ...]
    language: Language
    function_words: float | None
    looks: Language | None = None

    @property
    def is_of_language(self) -> bool:
        """Whether the text may be in its language."""
        return self.function_words is None or self.function_words >= fewest_function_words(self.language)


def fewest_function_words(language: Language) -> float:
    """Share of function words, in [0, 1], under which a text is not taken for one of a language."""
    return ENGLISH_SHARE if language.is_english else _OTHER_SHARE


def read_sample(place: Place, spec: str, size: int, language: Language = ENGLISH) -> TrialSample:
    """At most `size` pieces of a corpus, the same that `minicoil index --sample` takes.

    Raises:
        CorpusError: there is nothing that can be read; of PDF and Word files it says what their reader is.
    """
    report = CorpusReport()
    if spec.startswith("qdrant:"):
        with place.points() as points:
            documents = list(read_corpora([spec], report, size, points=points))
    else:
        documents = list(read_corpora([spec], report, size))
    texts = [document.text for document in documents]
    share = function_word_share(texts, language)
    n_found, rows = report.n_read - report.n_duplicates, tuple(report.rows())
    sample = TrialSample(tuple(documents), n_found, rows, language, share)
    return sample if sample.is_of_language else replace(sample, looks=_guess_language(texts))


def function_word_share(texts: Sequence[str], language: Language = ENGLISH) -> float | None:
    """Share of a language's function words among all words, in [0, 1]; None of fewer than 200 words.

    >>> function_word_share(["the pod is on the node"] * 100) > 0.5
    True
    >>> function_word_share(["der Knoten gehört zu einem Verbund"] * 100)
    0.0
    >>> function_word_share(["der Knoten gehört zu einem Verbund"] * 100, open_language("de"))
    0.5
    """
    n_words = n_known = 0
    for text in texts:
        found = _LETTERS.findall(fold_text(text))
        n_words += len(found)
        n_known += sum(word in language.stopwords for word in found)
    return n_known / n_words if n_words >= _FEWEST_WORDS else None


def _guess_language(texts: Sequence[str]) -> Language | None:
    """The language that has most of its function words in a text; None where none has enough."""
    shares = {code: function_word_share(texts, open_language(code)) or 0.0 for code in SNOWBALL}
    best = open_language(max(shares, key=lambda code: shares[code]))
    return best if shares[best.code] >= fewest_function_words(best) else None
