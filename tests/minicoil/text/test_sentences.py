import random
import re
import time

import pytest

from minicoil.text import sentences
from minicoil.text.sentences import chunk_text, is_prose, sentence_key, split_sentences


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


def test_a_long_paragraph_loses_no_sentence_and_takes_no_square_of_time():
    paragraph = "He said (to me) that it works well. " * 3000
    started = time.process_time()
    assert list(split_sentences(paragraph)) == ["He said (to me) that it works well."] * 3000
    assert time.process_time() - started < 10


@pytest.mark.timeout(60)  # each took years
@pytest.mark.parametrize("numbers", ["[" + "111 " * 60 + "]", "[" + "11, " * 90 + "x", "[" + "123-" * 80])
def test_numbers_in_brackets_that_end_otherwise_keep_nobody_waiting(numbers):
    text = f"The language was designed by one person.{numbers} lower case follows it. The next sentence says why."
    assert list(split_sentences(text))[-1] == "The next sentence says why."


def test_references_after_a_stop_are_cut_as_the_splitter_itself_cuts_them():
    """On everything short, our pattern finds what pysbd's own finds."""
    from pysbd.lang.english import English

    own, ours = re.compile(English.NUMBERED_REFERENCE_REGEX), re.compile(sentences._REFERENCE)
    rng, parts = random.Random(7), ["[", "]", "1", "12", "123", "1234", ",", " ", "-", "A", "b"]
    for _ in range(20_000):
        text = "w." + "".join(rng.choices(parts, k=rng.randint(1, 9))) + rng.choice([" A", " b", ""])
        found, expected = ([(m.span(), m.group(2), m.group(7)) for m in p.finditer(text)] for p in (ours, own))
        assert found == expected, text


def test_a_sentence_is_known_by_its_words_alone():
    assert sentence_key("A  pod runs.") == sentence_key("a pod RUNS.") != sentence_key("a pod ran.")
    assert 0 <= sentence_key("x") < 2**63


def test_chunks_are_cut_between_paragraphs_and_lose_nothing():
    paragraphs = [f"Paragraph {i} has a few words in it." for i in range(40)]
    chunks = list(chunk_text("\n\n".join(paragraphs), 60))
    assert "\n\n".join(chunks) == "\n\n".join(paragraphs)
    assert all(len(chunk.split()) <= 75 for chunk in chunks) and len(chunks) > 3
    assert max(len(c.split()) for c in chunk_text("A short one. " * 200, 60)) <= 75
