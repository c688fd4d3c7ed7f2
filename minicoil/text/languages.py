"""Languages a model can be of: whose stems the forms of a word share, and whose function words search leaves out.

Two stemmers are at work in a language that is not English. Its own groups forms into words: when a corpus is counted,
when a person names a word. Which cells a token has is FastEmbed's affair, whose miniCOIL has the English stemmer alone
(`minicoil.text.stemming.stem`): it looks a token up as it is, then by its English stem, and hashes the English stem of
what it does not find. So forms are listed one by one in `stem_mapping`, and all that has to do with cells stems as
FastEmbed does, in every language.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache, partial
from importlib.resources import files
from pathlib import Path

from py_rust_stemmers import SnowballStemmer

from minicoil.errors import BundleError, UsageError
from minicoil.files import parse_json
from minicoil.text.folding import fold_text
from minicoil.text.stemming import MEMO_SIZE, SPECIAL_TOKENS, STOPWORDS, cut_stems, part_stems, split_parts, stem

# Those that the stemmer, sentencex and wordfreq all know, by ISO 639 code and by the stemmer's name. It has Tamil too,
# whose vowel signs the normaliser of BERT's uncased tokenizers takes for accents: nothing of a word is left.
SNOWBALL = {
    "en": "english",
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nb": "norwegian",
    "nl": "dutch",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}


class Language:
    """One of `SNOWBALL`; there is one object of each, see `open_language`.

    Attributes:
        code: As sentencex, wordfreq and model cards have it.
        name: In English.
        stopwords: Words that search leaves out, as they are spelled and without accents.
        stem: Stem that the forms of a word share: the name of the vocabulary's entry. "hausern" gives "haus".
        part_stems: Stems under which an unknown token is hashed, by FastEmbed's stemmer; see
            `minicoil.text.stemming.part_stems`.
        is_content: Whether a token can be a word at all: no stopword, no special token, no punctuation.
    """

    code: str
    name: str
    stopwords: frozenset[str]
    stem: Callable[[str], str]
    part_stems: Callable[[str], tuple[str, ...]]
    is_content: Callable[[str], bool]

    def __init__(self, code: str) -> None:
        self.code, self.name = code, SNOWBALL[code].capitalize()
        if code == "en":
            self.stopwords, self.stem, self.part_stems = STOPWORDS, stem, part_stems
        else:
            self.stopwords = _read_stopwords()[code]
            self.stem = lru_cache(MEMO_SIZE)(SnowballStemmer(SNOWBALL[code]).stem_word)
            self.part_stems = lru_cache(MEMO_SIZE)(partial(cut_stems, stopwords=self.stopwords))
        self.is_content = lru_cache(MEMO_SIZE)(self._is_content)

    def _is_content(self, token: str) -> bool:
        return token not in self.stopwords and token not in SPECIAL_TOKENS and bool(split_parts(token))

    @property
    def is_english(self) -> bool:
        """Whether its own stems are those by which FastEmbed finds cells."""
        return self.code == "en"

    def __repr__(self) -> str:
        return f"Language({self.code!r})"

    def __reduce__(self) -> tuple[Callable[[str], Language], tuple[str]]:
        return open_language, (self.code,)


@cache
def open_language(code: str) -> Language:
    """The language of an ISO 639 code.

    >>> german = open_language("de")
    >>> [german.stem(form) for form in ("haus", "hauses", "hausern")], german.part_stems("hausern")
    (['haus', 'haus', 'haus'], ('hausern',))
    >>> "für" in german.stopwords, "fur" in german.stopwords, "ware" in german.stopwords
    (True, True, False)

    Raises:
        UsageError: it is none of `SNOWBALL`.
    """
    if code not in SNOWBALL:
        raise UsageError(f"language '{code}' is not known here; choose one of {', '.join(SNOWBALL)}")
    return Language(code)


def read_language(facts: Path) -> Language:
    """The language that a folder's `minicoil.json` names; English where it names none, or is not there.

    Raises:
        BundleError: it cannot be read, or names a language that this program does not know.
    """
    try:
        document = parse_json(facts.read_bytes()) if facts.exists() else {}
        return open_language(document.get("language", "en"))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise BundleError(f"{facts} is damaged ({error}); pull the release again") from error
    except UsageError as error:
        raise BundleError(f"{facts}: {error}, or use the version of this program that made it") from error


@lru_cache(maxsize=1)
def _read_stopwords() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    text = (files("minicoil.text") / "stopwords_of_languages.txt").read_text("utf-8")
    for line in text.splitlines():
        if not line.startswith("#"):
            code, *words = line.split()
            found.setdefault(code, set()).update(words, map(fold_text, words))
    return {code: frozenset(words) for code, words in found.items()}


ENGLISH = open_language("en")
