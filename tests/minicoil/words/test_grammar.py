"""Neighbours tell how a word stands in its sentence; where they do not, nothing is claimed."""

import pytest

from minicoil.words.grammar import part_of_speech


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("A run of tests fails.", "noun"),
        ("The run was short.", "noun"),
        ("Each run, in turn, is logged.", "noun"),
        ("Nothing changes between runs.", "noun"),
        ("They run tests at night.", "verb"),
        ("We also run the tests.", "verb"),
        ("The command to run is short.", "verb"),
        ("Run the tests.", "verb"),
        ("It is running now.", "verb"),
        ("The run time is short.", "modifier"),
        ("Look at the run history.", "modifier"),
        ("Tests run nightly builds.", ""),
        ("No such word here.", ""),
        ("Run", ""),
        ("", ""),
    ],
)
def test_part_of_speech(sentence, expected):
    assert part_of_speech(sentence, lambda word: word in ("run", "runs", "running")) == expected
