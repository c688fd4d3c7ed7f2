"""What is rewritten in plain bytes is cut into the words that the tokenizer itself makes of it, and the rest is left."""

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from minicoil.columns.plain_characters import _CODES, PlainCharacters
from minicoil.columns.plain_words import cut_plain_words
from minicoil.text.tokens import WordTokenizer


@pytest.fixture(scope="module")
def tokenizer(encoder_folder):
    return WordTokenizer.from_folder(encoder_folder)


def rewritten(characters, texts):
    """Place of each text that could be rewritten -> what it became."""
    places, column = characters.write(pa.array(texts, pa.string()))
    return dict(zip(places.tolist(), column.to_pylist(), strict=True))


def test_quotes_dashes_accents_and_invisible_characters_are_rewritten_and_the_rest_is_left(tokenizer):
    characters = PlainCharacters(tokenizer)
    texts = ["plain", "caf\u00e9s", "so\u00adft\u200b", "a\u00a0b\tc", "", "cafe\u0301", "\u65e5\u672c", "\ud55c\uad6d"]
    found = rewritten(characters, texts)
    assert found == {0: "plain", 1: "cafes", 2: "soft", 3: "a b c", 4: ""}
    quoted = rewritten(characters, ["\u201cpods\u201d \u2013 a\u2019s"])[0]
    assert len(quoted) == len("'pods' - a's") and quoted.isascii()
    assert [characters.read(c) for c in quoted if ord(c) < 32] == ["\u201c", "\u201d", "\u2013", "\u2019"]
    assert characters.read("pods") == "pods"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.text(st.sampled_from("ab Z9.-'\u2019\u201c\u2013\u00e9\u0130\u00df\u00ad\u200b\u0301\u65e5\x00\x07\u00a0\U0001f408\ufb01\u2028"), max_size=10),
        max_size=5,
    )
)  # fmt: skip
def test_words_of_what_was_rewritten_are_the_tokenizers(tokenizer, texts):
    characters, backend = PlainCharacters(tokenizer), tokenizer.backend
    found = rewritten(characters, texts)
    words, owners = cut_plain_words(pa.array(list(found.values()), pa.string()), True)
    cut = [[] for _ in found]
    for word, owner in zip(words.to_pylist(), owners.tolist(), strict=True):
        cut[owner].append(characters.read(word))
    for place, ours in zip(found, cut, strict=True):
        theirs = backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(texts[place]))
        assert ours == [word for word, _ in theirs], texts[place]


def test_more_marks_than_there_are_bytes_for_are_left_to_the_tokenizer(tokenizer):
    characters = PlainCharacters(tokenizer)
    marks = [chr(code) for code in range(0x2010, 0x2028)] + [chr(code) for code in range(0x2030, 0x2050)]
    found = rewritten(characters, [f"a {mark} b" for mark in marks])
    assert 0 < len(found) <= len(_CODES) < len(marks)
    for place, text in found.items():
        assert [characters.read(c) for c in text if c not in "ab "] == [marks[place]]
