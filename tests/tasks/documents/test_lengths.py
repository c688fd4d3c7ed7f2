"""avg_len: of the whole corpus, read once, the same for the same texts in any order."""

import random

import pytest

from minicoil.sparse.model import MiniCoil
from tasks.documents.lengths import SAMPLE, LengthSample, TextLengths, measure_lengths

WORDS = ["pod", "kernel", "river", "garden", "letter", "engine", "bread", "paper", "window", "morning"]


def text(n_words, number):
    return " ".join(random.Random(number).choices(WORDS, k=n_words - 1)) + f" x{number}"


def sorted_corpus():
    """2,500 texts of three words first, then as many of forty-one: 22 on the average."""
    return [text(3, i) for i in range(2500)] + [text(41, i) for i in range(2500, 5000)]


@pytest.fixture(scope="module")
def model(bundle):
    return MiniCoil.load(bundle)


def sample(texts, size=SAMPLE):
    found = LengthSample(size)
    for entry in texts:
        found.add(entry)
    return found


def test_a_corpus_sorted_by_length_has_the_mean_of_all_of_it(model):
    found = sample(sorted_corpus()).measure(model)
    assert abs(found.mean - 22) < 3 * found.error and found.error == pytest.approx(
        19 / 2000**0.5 * (3000 / 4999) ** 0.5, rel=0.02
    )
    assert found.deviation == pytest.approx(19, rel=0.02) and (found.n_sampled, found.n_texts) == (2000, 5000)


def test_the_same_texts_give_the_same_value_in_any_order(model):
    texts = sorted_corpus()
    shuffled = texts.copy()
    random.Random(3).shuffle(shuffled)
    assert sample(texts).measure(model) == sample(shuffled).measure(model)


def test_a_text_that_comes_twice_counts_once_and_a_larger_sample_holds_a_smaller_one(model):
    texts = [text(5, i) for i in range(60)]
    assert sample([*texts, *texts]).measure(model).n_sampled == 60
    small, large = sample(texts, 10), sample(texts, 30)
    assert set(small._sample.entries()) < set(large._sample.entries())


def test_what_was_counted_whole_has_no_error_left(model):
    found = measure_lengths(model, ["pod kernel", "pod", "the of", ""])
    assert found == TextLengths(1.0, pytest.approx(0.957, abs=0.001), 4, 4)  # (2 + 1 + 0 + 0) / 4 is below the least
    assert found.error == 0.0
    assert measure_lengths(model, []) == TextLengths(1.0, 0.0, 0, 0)
    assert measure_lengths(model, ["pod kernel river"]) == TextLengths(3.0, 0.0, 1, 1)
