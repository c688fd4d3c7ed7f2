"""Contests: which documents BM25 puts beside the one that is asked for, and which pairs teach nothing."""

import numpy as np
import pytest

from minicoil.config import Bm25Config
from minicoil.importance.document_words import DocumentWords
from minicoil.importance.rivals import Pair, find_contests, make_pool, teaches
from minicoil.sparse.cells import term_frequency


def document(**counts):
    n = np.asarray([*counts.values()], np.int64)
    return DocumentWords(tuple(counts), {}, n, np.zeros((len(n), 4), np.float32))


DOCUMENTS = [
    document(pod=2, node=1, run=1),
    *(document(pod=1 + i % 2, other=1, **{f"filler{i}": i + 1}) for i in range(8)),
    *(document(river=1, **{f"bank{i}": 2}) for i in range(30)),
]


def test_entries_weigh_what_bm25_gives_them():
    pool = make_pool(DOCUMENTS)
    lengths = [entry.counts.sum() for entry in DOCUMENTS]
    tf = term_frequency(np.array([2.0]), 4, Bm25Config(avg_len=float(np.mean(lengths))))
    n, df = len(DOCUMENTS), 9
    assert pool.base[0] == pytest.approx(float(tf[0]) * np.log(1 + (n - df + 0.5) / (df + 0.5)))
    assert pool.owners.tolist()[:6] == [0, 0, 0, 1, 1, 1]


def test_the_own_document_comes_first_whatever_its_score_and_rivals_share_a_word():
    pool = make_pool(DOCUMENTS)
    (contest,) = find_contests(pool, [Pair(("node", "pod"), 0)])
    assert contest.n_candidates == 9
    own = contest.entries[contest.candidates == 0].tolist()
    assert own == [0, 1]
    assert set(pool.words[contest.entries].tolist()) == {pool.numbers["pod"], pool.numbers["node"]}


def test_at_most_so_many_rivals_and_those_that_bm25_likes_best():
    pool = make_pool(DOCUMENTS)
    (contest,) = find_contests(pool, [Pair(("node", "pod"), 0)], n_rivals=5)
    best = {pool.owners[entry] for entry in contest.entries} - {0}
    scores = {place: pool.base[pool.offsets[place]] for place in range(1, 9)}
    assert len(best) == 5 and min(scores[place] for place in best) >= max(scores[p] for p in scores if p not in best)


@pytest.mark.parametrize(
    "stems",
    [("pod",), ("pod", "unheard"), ("node", "run"), ("river", "bank1"), ()],
    ids=["one", "gone", "none", "common", "no"],
)
def test_pairs_that_teach_nothing_are_left_out(stems):
    """One shared word, unknown words, no rivals, words that nearly every document has, no words at all."""
    assert find_contests(make_pool(DOCUMENTS), [Pair(stems, 0)]) == []


def test_halves_are_by_words_and_about_equal():
    taught = [teaches(f"a title about number {i}") for i in range(1000)]
    assert 430 < sum(taught) < 570
    assert teaches("Nodes, and (pods)!") == teaches("nodes and pods")
