"""Counts written by many and added up are the counts of one."""

import random

import pytest
from hypothesis import given, settings, strategies as st

from minicoil.words.counts_file import read_counts, write_counts
from minicoil.words.word_counts import WordCounts

WORDS = ["pod", "pods", "node", "nodes", "the", "a", "caf\u00e9", "num", "_", "workers", "kernel", ".", "17", "\u2019"]


def uses(counts):
    found = {
        use.word: (use.count, use.n_documents, use.forms, use.per_million, use.neighbours.tolist())
        for use in counts.uses()
    }
    return found, counts.n_words, counts.n_documents, counts.n_sentences


DOCUMENTS = st.lists(st.lists(st.lists(st.sampled_from(WORDS), max_size=9), max_size=4), max_size=12)


@settings(deadline=None)
@given(DOCUMENTS, st.integers(1, 5), st.randoms())
def test_counts_of_parts_add_up_in_any_order(tmp_path_factory, documents, n_parts, rng):
    whole, parts = WordCounts(), [WordCounts() for _ in range(n_parts)]
    for document in documents:
        whole.add(document)
        rng.choice(parts).add(document)
    path = tmp_path_factory.mktemp("counts") / "part.parquet"
    merged = WordCounts()
    rng.shuffle(parts)
    for part in parts:
        write_counts(part.columns(), path)
        merged.add_columns(read_counts(path))
    assert uses(merged) == uses(whole)


def test_counting_goes_on_after_adding():
    first, second, both = WordCounts(), WordCounts(), WordCounts()
    rng = random.Random(2)
    for number in range(40):
        document = [rng.choices(WORDS, k=6) for _ in range(3)]
        both.add(document)
        (first if number < 20 else second).add(document)
    first.add_columns(second.columns())
    first.add([["pods", "kernel"]])
    both.add([["pods", "kernel"]])
    assert uses(first) == uses(both)


def test_something_else_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(b"PAR1 but not really")
    with pytest.raises(ValueError, match="no counts"):
        read_counts(tmp_path / "x")
