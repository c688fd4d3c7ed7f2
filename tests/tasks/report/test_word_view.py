"""What a word's numbers keep apart is described by its own sentences."""

import numpy as np
import pytest

from tasks.report.word_view import SHOWN, WordView, describe_word, two_dimensions

TEXTS = ["a pod of whales", "whales in a pod", "a pod on a node", "the node runs a pod </script><script>alert(1)"]


MEANINGS = np.array([[1, 0, 0, 0], [0.98, 0.2, 0, 0], [-1, 0, 0, 0], [-0.98, 0, 0.2, 0]], np.float32)


VIEW = WordView("pod", TEXTS, MEANINGS, np.array([0, 0, 1, 1]), np.array([0, 1, 2, -1]))


def test_the_ends_of_a_dimension_are_the_senses_it_separates():
    described = describe_word(VIEW)
    first = described["dimensions"][0]
    assert first["dimension"] == 0 and first["share_of_variance"] > 0.9
    assert set(first["low"][:2]) == set(TEXTS[2:]) and set(first["high"][:2]) == set(TEXTS[:2])
    assert described["farthest_pair"]["cosine"] == -1.0
    assert set(described["nearest_pair"]["sentences"]) in ({*TEXTS[:2]}, {*TEXTS[2:]})


def test_senses_and_parts_of_speech_are_told_apart_with_the_number_that_tells_them():
    described = describe_word(VIEW)
    senses = described["senses"]
    assert senses["apart"] == 1.0 and senses["dimension"] == 0
    assert [group["n_sentences"] for group in senses["groups"]] == [2, 2]
    assert described["parts_of_speech"]["counts"] == {"noun": 1, "verb": 1, "modifier": 1, "undecided": 1}


def test_the_plane_keeps_the_senses_apart():
    plane = two_dimensions(MEANINGS)
    assert plane.shape == (4, 2) and np.abs(plane).max() == 1
    assert plane[0, 0] * plane[2, 0] < 0


def view(meanings, texts=None, senses=None):
    n = len(meanings)
    unknown = np.full(n, -1)
    given = unknown if senses is None else np.asarray(senses)
    return WordView("pod", texts or [f"text {i}" for i in range(n)], np.asarray(meanings, np.float32), given, unknown)


def test_typical_sentences_are_near_the_mean_and_unusual_ones_far_from_it():
    described = describe_word(view([[1, 0, 0, 0]] * 6 + [[0, 1, 0, 0]]))
    assert described["n_sentences"] == 7 and described["unusual"][0] == "text 6"
    assert described["typical"] == [f"text {i}" for i in range(SHOWN)]


def test_one_sentence_is_no_pair():
    described = describe_word(view([[1, 0, 0, 0]]))
    assert described["nearest_pair"] is described["farthest_pair"] is None
    assert described["typical"] == described["unusual"] == ["text 0"]
    assert [row["share_of_variance"] for row in described["dimensions"]] == [0.0] * 4


def test_a_nearest_pair_is_of_two_sentences():
    described = describe_word(view([[1, 0], [1, 0], [0, 1]], ["same", "same", "other"]))
    assert set(described["nearest_pair"]["sentences"]) == {"same", "other"}
    assert described["nearest_pair"]["cosine"] == described["farthest_pair"]["cosine"] == 0.0


def test_senses_that_nobody_told_are_left_out():
    described = describe_word(view([[1, 0], [0.9, 0.1], [0, 1]], senses=[0, -1, 1]))
    assert [group["n_sentences"] for group in described["senses"]["groups"]] == [1, 1]
    assert described["senses"]["groups"][0]["examples"] == ["text 0"]
    assert describe_word(view([[1, 0], [0, 1]]))["senses"]["groups"] == []


def test_shares_of_dimensions_add_up_and_the_widest_comes_first():
    rng = np.random.default_rng(1)
    meanings = rng.normal(size=(50, 4)) * [0.1, 2, 1, 0.5]
    rows = describe_word(view(meanings))["dimensions"]
    shares = [row["share_of_variance"] for row in rows]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(1, abs=0.01)
    assert [row["dimension"] for row in rows] == [1, 2, 3, 0]
    assert (
        rows[0]["low"][0] == f"text {meanings[:, 1].argmin()}"
        and rows[0]["high"][0] == f"text {meanings[:, 1].argmax()}"
    )


def test_a_plane_of_points_that_are_all_alike_is_one_place():
    plane = two_dimensions(np.ones((3, 4), np.float32))
    assert plane.dtype == np.float32 and not plane.any()
