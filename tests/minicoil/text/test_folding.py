"""Words of people and words of the index are folded by one function, in every script."""

import sys
import unicodedata

import pytest

from minicoil.text.folding import fold_text
from minicoil.text.snippets import cut_snippet
from minicoil.text.stemming import split_parts
from minicoil.text.tokens import WordTokenizer
from minicoil.words.mining import query_weights

WORDS = {
    "caf\u00e9": "cafe",
    "CAFE\u0301": "cafe",
    "\u0130zmir": "izmir",
    "\u00dcBER": "uber",
    "\u00c5ngstr\u00f6m": "angstrom",
    "\u0401\u043b\u043a\u0430": "\u0435\u043b\u043a\u0430",
    "\u0395\u03bb\u03bb\u03ac\u03b4\u03b1": "\u03b5\u03bb\u03bb\u03b1\u03b4\u03b1",
    "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3": "\u03c3\u03b9\u03c3\u03c5\u03c6\u03bf\u03c3",
    "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd": "\u05e9\u05dc\u05d5\u05dd",
    "po\u00adds": "pods",
    "\ufeffpods": "pods",
    "pods\u200e": "pods",
    "stra\u00dfe": "stra\u00dfe",
}


@pytest.fixture(scope="module")
def tokenizer(empty_bundle):
    return WordTokenizer.from_folder(empty_bundle)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_folded_as_the_tokens_of_a_text_are(tokenizer, word):
    assert fold_text(word) == tokenizer.fold(word) == WORDS[word]
    assert tokenizer.tokenize([f"The {word} opens."])[0].words[1] == WORDS[word]


def test_without_a_model_at_hand_every_character_is_folded_the_same(tokenizer):
    characters = [
        chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cs", "Cn")
    ]
    wrong = [c for c in characters if fold_text(f"a{c}b") != tokenizer.fold(f"a{c}b")]
    assert not wrong


def test_folding_twice_changes_nothing_more(tokenizer):
    for word in WORDS:
        once = tokenizer.fold(word)
        assert tokenizer.fold(once) == once and split_parts(once) == [once]


def test_queries_and_snippets_are_folded_too():
    import numpy as np

    assert query_weights(["Caf\u00e9s nearby", "CAFE\u0301 open"]) == {"cafe": 2, "nearbi": 1, "open": 1}
    snippet = cut_snippet("The old Caf\u00e9, opens.", lambda word: word == "cafe", np.random.default_rng(0), (1, 1))
    assert snippet == "old Caf\u00e9, opens."
