"""Forms by which a word is found where it is not English: those of the corpus and the language's frequent ones."""

from types import SimpleNamespace

import pytest

from minicoil.text.folding import fold_text
from minicoil.text.languages import open_language
from tasks.releases.listed_forms import list_forms


def tokenizer(code, fold=fold_text):
    return SimpleNamespace(language=open_language(code), fold=fold)


def test_english_words_keep_the_forms_of_the_corpus():
    assert list_forms(tokenizer("en"), {"pod": ["pods"]}) == {"pod": ("pods",)}


@pytest.mark.parametrize(
    ("code", "fold", "word", "given", "listed"),
    [
        ("de", fold_text, "haus", "haus", {"hauses", "hauser", "hausern"}),
        ("de", str.lower, "haus", "haus", {"hauses", "häuser", "häusern"}),
        ("fr", fold_text, "cheval", "cheval", {"chevaux"}),
    ],
)
def test_frequent_forms_are_written_as_the_tokenizer_writes_them(code, fold, word, given, listed):
    found = list_forms(tokenizer(code, fold), {word: [given]})[word]
    assert found[0] == given and listed <= set(found) and len(set(found)) == len(found)
    language = open_language(code)
    assert {language.stem(form) for form in found} == {word} and not language.stopwords.intersection(found)


def test_forms_of_the_corpus_come_first_and_the_order_is_always_the_same():
    asked = {"bank": ["banken", "bank"], "zug": ["zuge"]}
    first, again = (list_forms(tokenizer("de"), asked) for _ in range(2))
    assert first == again and first["bank"][:2] == ("banken", "bank") and "zug" in first["zug"]
