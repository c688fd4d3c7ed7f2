"""What a writer closed is read back word by word; what it did not, or what points beside its tables, is refused."""

import numpy as np
import pytest

from minicoil.errors import TrainingError
from minicoil.training.occurrences import OccurrenceReader, OccurrenceWriter


def test_occurrences_are_read_back_word_by_word(tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 8)).astype(np.float32)
    words, sentences = rng.integers(0, 5, 50), rng.permutation(50)
    with OccurrenceWriter(tmp_path, 8) as writer:
        writer.append(words[:20], sentences[:20], rows[:20])
        writer.append(words[20:], sentences[20:], rows[20:])
    reader = OccurrenceReader(tmp_path, 8)
    for word in range(6):
        found, embeddings = reader.read(word)
        order = np.argsort(sentences[words == word])
        np.testing.assert_array_equal(found, sentences[words == word][order])
        np.testing.assert_allclose(embeddings, rows[words == word][order], atol=2e-3)


def test_a_word_is_counted_and_its_sentences_told_without_its_embeddings(tmp_path):
    with OccurrenceWriter(tmp_path, 2) as writer:
        writer.append_text(9, {4: np.float32([1, 2]), 1: np.float32([3, 4])})
        writer.append_text(5, {4: np.float32([5, 6])})
        writer.append_text(6, {})
    reader = OccurrenceReader(tmp_path, 2, n_sentences=10)
    assert len(reader) == 3 and [reader.count(word) for word in (0, 1, 4, 9)] == [0, 1, 2, 0]
    assert reader.rows(4).tolist() == [5, 9] and reader.rows(7).tolist() == []
    assert reader.read(4)[1].tolist() == [[5, 6], [1, 2]] and reader.read(7)[1].shape == (0, 2)


def test_a_number_past_float16_takes_the_last_one(tmp_path):
    with OccurrenceWriter(tmp_path, 2) as writer:
        writer.append_text(0, {0: np.float32([1e6, -1e6])})
    assert OccurrenceReader(tmp_path, 2).read(0)[1].tolist() == [[65504, -65504]]


def test_nothing_written_is_nothing_to_read(tmp_path):
    with OccurrenceWriter(tmp_path / "new" / "folder", 3):
        pass
    reader = OccurrenceReader(tmp_path / "new" / "folder", 3)
    assert len(reader) == 0 and reader.read(0)[1].shape == (0, 3)


def test_a_folder_whose_writer_was_killed_is_not_readable_and_made_again(tmp_path):
    with OccurrenceWriter(tmp_path, 2) as writer:
        writer.append_text(0, {0: np.float32([1, 2])})
    with pytest.raises(KeyboardInterrupt), OccurrenceWriter(tmp_path, 2) as writer:
        writer.append_text(1, {0: np.float32([3, 4])})
        raise KeyboardInterrupt
    with pytest.raises(
        TrainingError, match=f"^{tmp_path} holds no complete occurrences .*; run the same command again$"
    ):
        OccurrenceReader(tmp_path, 2)
    with OccurrenceWriter(tmp_path, 2) as writer:
        writer.append_text(1, {0: np.float32([5, 6])})
    assert OccurrenceReader(tmp_path, 2).read(0)[1].tolist() == [[5, 6]]


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (np.zeros((1, 2), np.int64), r"an index of int64\(1, 2\), \(n, 3\) int64 expected"),
        (np.zeros((1, 3), np.int32), r"an index of int32\(1, 3\), \(n, 3\) int64 expected"),
        (np.array([[0, 0, 1]]), "an index that points beside its tables"),  # there is one embedding, 0
        (np.array([[0, 7, 0]]), "an index that points beside its tables"),  # there are seven sentences
        (np.array([[0, -1, 0]]), "an index that points beside its tables"),
        (np.array([[1, 0, 0], [0, 1, 1]]), "an index that points beside its tables"),  # not by word
        (np.zeros((2, 3), np.int64), "has 4 bytes for 2 occurrences"),
    ],
)
def test_an_index_that_may_be_anybodys_is_held_against_its_tables(tmp_path, index, said):
    with OccurrenceWriter(tmp_path, 2) as writer:
        writer.append_text(0, {0: np.float32([1, 2])})
    np.save(tmp_path / "index.npy", index)
    with pytest.raises(TrainingError, match=said):
        OccurrenceReader(tmp_path, 2, n_sentences=7)
