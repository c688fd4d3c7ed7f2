"""Mining finds new words and words whose use has shifted, with reasons, and leaves junk out."""

import random

import numpy as np
import pytest

from minicoil.text.languages import open_language
from minicoil.words.mining import (
    KnownUse,
    MiningConfig,
    divergence,
    excess_divergence,
    general_per_million,
    query_weights,
    rank_common,
    rank_mined,
)
from minicoil.words.word_counts import WordCounts, is_usable

GENERAL = [
    "people",
    "often",
    "walk",
    "along",
    "the",
    "road",
    "and",
    "talk",
    "about",
    "weather",
    "while",
    "children",
    "play",
    "near",
    "the",
    "old",
    "house",
]
DOMAIN = [
    "the",
    "scheduler",
    "places",
    "every",
    "kubelet",
    "pod",
    "onto",
    "a",
    "node",
    "while",
    "the",
    "flow",
    "of",
    "packets",
    "fills",
    "a",
    "queue",
    "in",
    "memory",
]


def count(pattern, n, seed=0, extra=()):
    rng = random.Random(seed)
    counts = WordCounts()
    for _ in range(n):
        words = [*rng.sample(pattern, 10), *extra]
        rng.shuffle(words)
        counts.add([words])
    return counts


def test_counts_forms_documents_and_frequency():
    counts = WordCounts()
    counts.add([["pods", "run"], ["the", "pod"]])
    counts.add([["pods", ",", "x1", "a_b"]])
    use = counts.use("pod")
    assert (use.count, use.n_documents, use.forms) == (3, 2, ("pods", "pod"))
    assert use.per_million == pytest.approx(3e6 / 7)
    assert counts.use("absent").count == 0
    assert use.neighbours.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "token", ["ab", "ops", "the", "x1", "a_b", "caf\u00e9", "\u65e5\u672c\u8a9e", "a" * 41, "90", "pod\u2122"]
)
def test_what_cannot_be_a_word_is_left_out(token):
    assert not is_usable(token)


def test_parts_of_an_identifier_are_no_use_of_a_word():
    counts = WordCounts()
    counts.add([["the", "num", "_", "workers", "of", "every", "worker"], ["_", "pods"], ["pod", "_"]])
    assert counts.use("worker").count == 1
    assert "num" not in [use.word for use in counts.uses() if use.count]
    assert counts.use("pod").count == 0


def test_common_words_are_those_of_most_documents():
    ranked = rank_common(count(DOMAIN, 200), 3, MiningConfig(min_count=5))
    assert len(ranked) == 3 and ranked[0].score >= ranked[1].score
    assert all("% of documents" in candidate.reasons[0] for candidate in ranked)


def test_new_words_of_a_domain_stand_out_against_a_background():
    mined = rank_mined(count(DOMAIN, 200), 50, set(), {}, background=count(GENERAL, 200))
    words = [candidate.word for candidate in mined]
    assert {"schedul", "pod", "node", "flow", "queue"} <= set(words)
    assert all(candidate.kind == "new" for candidate in mined)
    assert not {"road", "peopl"} & set(words)


def test_a_known_word_used_far_more_often_is_shifted_and_one_used_as_before_is_not():
    counts = count(DOMAIN, 200)
    as_before = {w: KnownUse(counts.use(w).per_million, counts.use(w).neighbours) for w in ("node", "queue")}
    known_use = {**as_before, "pod": KnownUse(10.0, counts.use("pod").neighbours)}
    mined = {c.word: c for c in rank_mined(counts, 50, {"node", "queue", "pod"}, known_use, count(GENERAL, 200))}
    assert mined["pod"].kind == "shifted" and "in the text it was trained on" in mined["pod"].reasons[0]
    assert "node" not in mined and "queue" not in mined


def test_a_known_word_among_other_neighbours_is_shifted_though_no_more_frequent():
    counts = count(DOMAIN, 200)
    elsewhere = np.zeros(64, np.float32)
    elsewhere[np.argmin(counts.use("pod").neighbours)] = 1
    known_use = {"pod": KnownUse(counts.use("pod").per_million, elsewhere, n_neighbours=500)}
    (found,) = [c for c in rank_mined(counts, 50, {"pod"}, known_use, count(GENERAL, 200)) if c.word == "pod"]
    assert "neighbours moved" in found.reasons[1]


def test_words_that_people_search_for_come_first():
    counts, background = count(DOMAIN, 200), count(GENERAL, 200)
    weights = query_weights(["packets lost", "Packets?", "packet loss"])
    assert weights["packet"] == 3
    plain = [c.word for c in rank_mined(counts, 50, set(), {}, background)]
    weighted = rank_mined(counts, 50, set(), {}, background, weights)
    assert [c.word for c in weighted].index("packet") <= plain.index("packet")
    assert weighted[0].word == "packet" and "searched for 3 times" in weighted[0].reasons


def test_an_everyday_word_stands_above_a_name_used_as_often():
    counts = count(DOMAIN, 200)
    mined = {c.word: c for c in rank_mined(counts, 50, set(), {})}
    assert mined["node"].score > 2 * mined["kubelet"].score
    assert "rare in general English: likely one meaning" in mined["kubelet"].reasons


@pytest.mark.parametrize("n", [200, 600, 3000])
def test_two_samples_of_one_use_are_not_apart_and_of_two_uses_are(n):
    rng = np.random.default_rng(5)
    one, other = rng.dirichlet(np.ones(64), 2)

    def sample(p):
        return (rng.multinomial(n, p) / n).astype(np.float32)

    alike = [excess_divergence(sample(one), sample(one), n, n) for _ in range(40)]
    apart = [excess_divergence(sample(one), sample(other), n, n) for _ in range(40)]
    assert max(alike) < MiningConfig().min_divergence < min(apart)
    told_by_shares = excess_divergence(sample(one), sample(one))
    assert told_by_shares < MiningConfig().min_divergence


def test_divergence_is_zero_for_equals_and_one_for_strangers():
    one, other = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    assert divergence(one, one) == 0 and divergence(one, other) == pytest.approx(1)


def test_general_text_is_that_of_the_language_and_words_without_accents_are_those_that_had_them():
    german = open_language("de")
    counts = WordCounts(german)
    for _ in range(30):
        counts.add([["die", "hauser", "der", "stadt", "und", "ein", "kubelet"]])
    assert {use.word for use in counts.uses() if use.count} == {"haus", "stadt", "kubelet"}
    houses = counts.use("haus")
    assert houses.forms == ("hauser",)
    general, english = general_per_million(houses, None, german), general_per_million(houses)
    assert general > 30 and english < 5  # "häuser", as people write it
    mined = {c.word: c for c in rank_mined(counts, 9, set(), {})}
    assert any("general German" in reason for reason in mined["kubelet"].reasons)


def test_other_alphabets_are_words_in_other_languages():
    russian = open_language("ru")
    assert is_usable("\u0440\u0435\u043a\u0430", russian) and not is_usable("\u0440\u0435\u043a\u0430")
    assert is_usable("h\u00e4user", open_language("de")) and not is_usable("und", open_language("de"))
    assert query_weights(["H\u00e4user am Fluss"], language=open_language("de")) == {"haus": 1, "fluss": 1}
