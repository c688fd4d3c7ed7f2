"""English Snowball stems and stopwords, exactly as FastEmbed's miniCOIL takes them; other languages: `languages`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

from py_rust_stemmers import SnowballStemmer

_stemmer = SnowballStemmer("english")  # FastEmbed derives the language from the model's name, always English
STOPWORDS: frozenset[str] = frozenset((files("minicoil.text") / "stopwords.txt").read_text("utf-8").split())
SPECIAL_TOKENS = frozenset({"[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"})
MAX_STEM_LENGTH = 40  # FastEmbed drops longer unknown stems
MEMO_SIZE = 2**17  # words remembered by each of the memos; some 30 MB, and text of any size stays within it
_NOT_WORD = re.compile(r"[^\w\s]")


@lru_cache(MEMO_SIZE)
def stem(token: str) -> str:
    """Snowball stem of a lowercased token: "pods" gives "pod". Not idempotent: "university" gives "univers"."""
    return str(_stemmer.stem_word(token))


def split_parts(token: str) -> list[str]:
    """The pieces FastEmbed cuts an unknown token into at symbols: "java\u2122" gives ["java"]."""
    return _NOT_WORD.sub(" ", token).split()


@lru_cache(MEMO_SIZE)
def part_stems(token: str) -> tuple[str, ...]:
    """Stems under which an unknown token is hashed; empty for punctuation, specials and stopwords.

    >>> part_stems("pods"), part_stems("java\u2122"), part_stems(","), part_stems("the")
    (('pod',), ('java',), (), ())

    Source: FastEmbed 0.9.1, `SparseVectorConverter.clean_words`.
    """
    return cut_stems(token, STOPWORDS)


def cut_stems(token: str, stopwords: frozenset[str]) -> tuple[str, ...]:
    """`part_stems` with other stopwords, as a folder's `stopwords.txt` gives them to FastEmbed; its stemmer stays."""
    if _is_unwanted(token, stopwords):
        return ()
    stems = (stem(part) for part in split_parts(token))
    return tuple([s for s in stems if len(s) <= MAX_STEM_LENGTH and not _is_unwanted(s, stopwords)])


def _is_unwanted(text: str, stopwords: frozenset[str]) -> bool:
    return text in stopwords or text in SPECIAL_TOKENS or (len(text) == 1 and unicodedata.category(text)[0] == "P")


def is_joined(token: str) -> bool:
    """True for a token that holds a word and a symbol, which the tokenizer leaves in one piece ("pod\u00ae")."""
    return token not in SPECIAL_TOKENS and split_parts(token) not in ([], [token])
