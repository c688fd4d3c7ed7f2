import numpy as np
import pytest
from hypothesis import given, strategies as st

from minicoil.text import sentences
from minicoil.text.sentences import chunk_text, find_cuts, is_prose, sentence_key, split_sentences


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("A pod is a group of containers.", True),
        ("Computes the (m, n) product of A and B.", True),
        ("It isn't well-known, \u201csays\u201d the caf\u00e9's owner.", True),
        ("too short", False),
        ("x = [1, 2, 3] ; y := {4: 5} | z", False),
        ("model = nn.Sequential( nn.Linear(10, 10), nn.Linear(10, 10) ) check_fn = lambda l: l", False),
        ("word " * 81, False),
        ("1.0 2.0 3.0 4.0 5.0", False),
        ("one two three " + "a" * 1000, False),
    ],
)
def test_prose_is_told_from_code_and_tables(sentence, expected):
    assert is_prose(sentence) is expected


def test_sentences_end_where_a_reader_would_end_them():
    text = "Dr. Smith uses e.g. two pods here. They run on the node!\nA new paragraph begins here"
    assert list(split_sentences(text)) == [
        "Dr. Smith uses e.g. two pods here.",
        "They run on the node!",
        "A new paragraph begins here",
    ]


def test_lines_that_an_editor_wrapped_are_one_sentence_and_a_list_is_not():
    text = (
        "The scheduler places every pod onto a node that has\nroom for it, and waits where none has.\n"
        "A node that is full of pods keeps the others waiting\n- a first item of a list\n- a second item of it\n"
    )
    assert list(split_sentences(text)) == [
        "The scheduler places every pod onto a node that has room for it, and waits where none has.",
        "A node that is full of pods keeps the others waiting",
        "- a first item of a list",
        "- a second item of it",
    ]


def test_an_end_within_a_word_is_none():
    text = (
        "We show that H2A.Z nucleosomes are there. They take e.g.this one, version 1.2.3 of it. The end is near here."
    )
    assert list(split_sentences(text))[0] == "We show that H2A.Z nucleosomes are there."
    assert "".join(split_sentences(text)).replace(" ", "") == text.replace(" ", "")


def test_a_long_paragraph_loses_no_sentence():
    paragraph = "He said (to me) that it works well. " * 3000
    assert list(split_sentences(paragraph)) == ["He said (to me) that it works well."] * 3000


@pytest.mark.parametrize("unit", ["a", "a. ", "a b ", "\u201c", "111, ", "\u200b", "." * 7, "word[1] "])
def test_the_splitter_sees_bounded_pieces_that_make_up_the_text(unit, monkeypatch):
    """Whatever a splitter does with two thousand characters, a longer text takes as long as it has thousands."""
    seen = []
    monkeypatch.setattr(sentences, "segment", lambda language, piece: seen.append(piece) or [piece])
    text = (unit * 20_000)[:20_000].strip()
    list(split_sentences(text))
    assert "".join(seen) == " ".join(text.split()) and max(map(len, seen)) <= sentences.SPAN
    assert len(seen) <= 2 * len(text) / sentences.SPAN + 1


def test_long_pieces_end_at_a_full_stop_or_at_least_between_words():
    stops, spaces = "It is a short one here. " * 200, "word " * 1000
    assert all(piece.endswith(". ") for piece in list(sentences._pieces(stops))[:-1])
    assert all(piece.endswith(" ") for piece in list(sentences._pieces(spaces))[:-1])


@pytest.mark.parametrize("numbers", ["[" + "111 " * 60 + "]", "[" + "11, " * 90 + "x", "[" + "123-" * 80])
def test_numbers_in_brackets_that_end_otherwise_keep_nobody_waiting(numbers):
    text = f"The language was designed by one person.{numbers} lower case follows it. The next sentence says why."
    assert list(split_sentences(text))[-1] == "The next sentence says why."


def test_lone_surrogates_are_no_text_and_stop_nothing():
    assert list(split_sentences("One \ud800 sentence is here.")) == ["One ? sentence is here."]


def test_keys_of_many_sentences_are_those_of_each():
    found = [
        s for s in split_sentences("A pod RUNS on it. Caf\u00e9s and \u0130zmir are here.\nAnd a third line of it")
    ]
    assert sentences.sentence_keys(found).tolist() == [sentence_key(s) for s in found]
    assert sentences.sentence_keys(found).dtype == np.uint64 and len(sentences.sentence_keys([])) == 0


def test_a_sentence_is_known_by_its_words_alone():
    assert sentence_key("A  pod runs.") == sentence_key("a pod RUNS.") != sentence_key("a pod ran.")
    assert 0 <= sentence_key("x") < 2**63


def test_chunks_are_cut_between_paragraphs_and_lose_nothing():
    paragraphs = [f"Paragraph {i} has a few words in it." for i in range(40)]
    chunks = list(chunk_text("\n\n".join(paragraphs), 60))
    assert "\n\n".join(chunks) == "\n\n".join(paragraphs)
    assert all(len(chunk.split()) <= 75 for chunk in chunks) and len(chunks) > 3
    assert max(len(c.split()) for c in chunk_text("A short one. " * 200, 60)) <= 75


@given(
    st.lists(
        st.sampled_from(
            ["Pods run here.", " One. Two! ", "\n\n", "\n \t\n", "\n", "word " * 9, "caf\u00e9", "\u2003", "\r\n"]
        ),
        max_size=60,
    ),
    st.integers(1, 12),
)
def test_a_text_may_be_cut_where_a_piece_begins_with_a_paragraph(parts, n_words):
    text = "".join(parts)
    whole, places = list(chunk_text(text, n_words)), list(find_cuts(text, n_words))
    for place in places:
        assert [*chunk_text(text[:place], n_words), *chunk_text(text[place:], n_words)] == whole
    bounds = [0, *places, len(text)]
    stretches = [text[start:end] for start, end in zip(bounds, bounds[1:], strict=False)]
    assert [piece for stretch in stretches for piece in chunk_text(stretch, n_words)] == whole
