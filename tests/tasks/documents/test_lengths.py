"""avg_len: of the whole corpus, read once, the same for the same texts in any order."""

import random

import pytest

from minicoil.sparse.model import MiniCoil
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import document
from tasks.documents.lengths import SAMPLE, LengthSample, TextLengths, measure_lengths
from tasks.place import Place

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


def test_indexing_reads_the_corpus_once_and_says_how_sure_it_is(tmp_path, tiny_encoder):
    place, taken = Place.at(tmp_path / "home"), []

    def documents(texts):
        for number, entry in enumerate(texts):
            taken.append(number)
            yield document(f"d{number}", "A title" if number % 2 else "", entry)

    def index(texts, name="docs", avg_len=None):
        request = IndexRequest(name, "production", str(tiny_encoder), 4, 1.2, 0.75, avg_len)
        return index_documents(place, points, request, documents(texts), CorpusReport())

    texts = [text(3, i) for i in range(300)] + [text(23, i) for i in range(300, 400)]
    with place.points() as points:
        answer = index(texts)
        assert taken == list(range(400)) and answer["n_written"] == 400
        assert answer["avg_len"] == answer["lengths"]["mean"] == pytest.approx(8 + 0.5, abs=0.6)  # "title" is a word
        assert answer["lengths"]["n_texts"] == answer["lengths"]["n_sampled"] == 400
        assert answer["lengths"]["standard_error"] == 0.0 and answer["lengths"]["standard_deviation"] > 8
        again = index([*texts, text(90, 999)])
        assert again["avg_len"] == answer["avg_len"] and again["lengths"] is None and again["n_written"] == 1
        assert index(texts, "given", 33.0)["lengths"] is None
        assert index(texts[::-1], "turned")["avg_len"] == answer["avg_len"]
    assert list(place.work.iterdir()) == []  # the spool had no name


def test_a_corpus_that_cannot_be_read_to_its_end_leaves_no_collection(tmp_path, tiny_encoder):
    def documents():
        yield document("a", "", "a pod")
        raise OSError("the disk went away")

    place = Place.at(tmp_path / "home")
    request = IndexRequest("docs", "production", str(tiny_encoder), 4, 1.2, 0.75, None)
    with place.points() as points:
        with pytest.raises(OSError, match="went away"):
            index_documents(place, points, request, documents(), CorpusReport())
        assert not points.exists("docs") and list(place.objects().list("collections/")) == []
