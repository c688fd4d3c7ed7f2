"""What is looked up in the bytes of all texts is what each text says."""

import numpy as np
import pyarrow as pa
from hypothesis import given, strategies as st

from minicoil.columns.utf8_columns import TextBytes, as_column, find_rare_characters, find_words, make_column

TEXTS = st.lists(st.text(st.sampled_from("abAB[]\u00e9\u212a\U0001f408 \n"), max_size=8), max_size=8)


@given(TEXTS)
def test_bytes_are_those_of_the_texts_also_in_a_part_of_a_column(texts):
    for column in (
        as_column(texts),
        as_column(["before", *texts, "after"])[1:-1],
        as_column(pa.chunked_array([texts, texts[:1]], pa.string()))[: len(texts)],
    ):
        text = TextBytes.of(column)
        assert text.raw.tobytes() == "".join(texts).encode() and text.lengths.tolist() == [
            len(t.encode()) for t in texts
        ]
        owners = [place for place, t in enumerate(texts) for _ in t.encode()]
        assert text.texts_at(np.arange(len(owners))).tolist() == owners
        assert make_column(text.raw.tobytes(), text.lengths).to_pylist() == texts


@given(TEXTS, st.lists(st.sampled_from(["a", "ab", "[a]", "aba", "]["]), max_size=3))
def test_words_are_found_within_a_text_alone(texts, words):
    expected = [
        place for place, text in enumerate(texts) if any(word in text.replace("\u212a", "?").lower() for word in words)
    ]
    assert find_words(TextBytes.of(as_column(texts)), [word.encode() for word in words]).tolist() == expected


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_characters_beside_ascii_are_found_with_their_places(text):
    data = text.encode()
    places, codes = find_rare_characters(np.frombuffer(data, np.uint8))
    assert [chr(code) for code in codes.tolist()] == [c for c in text if c > "\x7f"]
    assert [data[place:].decode()[0] for place in places.tolist()] == [c for c in text if c > "\x7f"]
