"""Sentences cut as columns are those that are cut one by one, and so are their keys."""

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from minicoil.columns.sentence_rows import split_texts
from minicoil.text import sentences
from minicoil.text.languages import open_language
from minicoil.text.sentences import sentence_key, split_sentences

TEXTS = [
    "Dr. Smith uses e.g. two pods here. They run on the node!\nA new paragraph begins here",
    "We show that H2A.Z nucleosomes are there. They take e.g.this one, version 1.2.3 of it.The end is near here.",
    "",
    " \n\t ",
    "too short",
    "He said (to me) that it works well. " * 300,
    "word " * 3000,
    "a. " * 2000,
    "One \ud800 sentence is here. It  has   odd\u00a0spaces\u2003and\x1flines.\r\nAnd\u2028another line of it.",
    "\u0130zmir and \u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3 are HERE now. \u00c9tude of \u212a kelvin is there. The caf\u00e9\u2019s na\u00efve owner sings.",
    "\u041c\u043e\u0441\u043a\u0432\u0430 \u0431\u043e\u043b\u044c\u0448\u043e\u0439 \u0433\u043e\u0440\u043e\u0434 \u0441\u0442\u0440\u0430\u043d\u044b. \u0412 \u043d\u0435\u043c \u0436\u0438\u0432\u0443\u0442 \u043b\u044e\u0434\u0438.",
    "x = [1, 2, 3] ; y := {4: 5} | z. 1.0 2.0 3.0 4.0 5.0",
    "\u65e5\u672c\u8a9e\u306e\u6587\u3067\u3059\u3002 \U0001d400\U0001d401 \U0001f408 is a cat of letters. \u00bd and \u2167 are no letters there.",
    "one two three " + "\u00e9" * 900 + ". " + "one two three " + "\u00e9" * 990,
    "One bell \x07 rings \x00 in here. It is \x7f deleted there.",
    " leading spaces are there. And trailing ones too ",
]
LETTERS = st.sampled_from(
    [
        *"aBz.!? \n\t1-'([",
        "\u00a0",
        "\u00c9",
        "\u03a3",
        "\u0130",
        "\u201c",
        "\u2019",
        "\u2028",
        "\ud800",
        "\u65e5",
        "\U0001f408",
        "The ",
        "pods ",
    ]
)


def hold_equal(texts, language="en"):
    language = open_language(language)
    rows = split_texts(texts, language)
    expected = [(place, found) for place, text in enumerate(texts) for found in split_sentences(text, language)]
    assert list(zip(rows.owners.tolist(), rows.texts.to_pylist(), strict=True)) == expected
    assert rows.keys.tolist() == [sentence_key(found) for _, found in expected]
    assert rows.keys.dtype == np.uint64 and rows.owners.dtype == np.int32 and len(rows) == len(expected)


def test_texts_of_every_kind_have_the_sentences_of_each():
    hold_equal(TEXTS)
    hold_equal(TEXTS * 3)
    for text in TEXTS:
        hold_equal([text])
    hold_equal([])


@pytest.mark.parametrize("language", ["de", "ru", "el", "ar"])
def test_other_languages_have_theirs(language):
    hold_equal(TEXTS, language)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(LETTERS | st.text(max_size=5), max_size=60).map("".join), max_size=5))
@example(["A pod. B pod is one here.C too."])
def test_any_text_has_the_sentences_of_each(texts):
    hold_equal(texts)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("text", TEXTS)
def test_whatever_a_splitter_cuts_is_put_together_alike(monkeypatch, size, text):
    """One that cuts within words and leaves spaces anywhere, as no good one would."""
    monkeypatch.setattr(
        sentences, "segment", lambda language, piece: [piece[i : i + size] for i in range(0, len(piece), size)] + [""]
    )
    hold_equal([text[:3000], "The pods are on a node.", text[:50]])
