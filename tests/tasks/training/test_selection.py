"""Words by expected gain per point: order, bound, and what the first of them bring."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from minicoil.text.folding import fold_text
from minicoil.words.ledger import Ledger, WordRecord
from minicoil.words.mining import Candidate
from minicoil.words.vocabulary import Vocabulary
from minicoil.words.word_counts import WordCounts
from minicoil.words.worth import Spread
from tasks.collections.drawn_points import DrawnPoints
from tasks.documents.corpus_report import CorpusReport
from tasks.training import selection
from tasks.training.selection import measured_meanings, select_words, untaught_meanings

POINTS_OF = {"cell": range(60), "pod": range(50, 60), "node": range(60, 70), "kubelet": range(70, 72)}
N_POINTS = 100


@dataclass
class Points:
    """A collection in which words are where `POINTS_OF` says, as the engine counts them."""

    records: tuple = ("docs",)

    def count_all(self, forms):
        return len(set().union(*(POINTS_OF[word] for word in forms)))


@pytest.fixture
def counts():
    counts = WordCounts()
    for n in range(N_POINTS):
        counts.add([[word for word, points in POINTS_OF.items() if n in points]])
    return counts


@pytest.fixture
def select(monkeypatch, counts):
    def draw(carriers, forms, language):
        pairs = [(number, point) for number, word in enumerate(forms) for point in POINTS_OF[word]]
        words, points = (np.asarray(column, np.int64) for column in zip(*pairs, strict=True))
        n = N_POINTS if carriers.records else 0
        return DrawnPoints(Spread(words, points, np.ones(N_POINTS)), n, ("which pod", "a pod and a node"))

    monkeypatch.setattr(selection, "draw_points", draw)

    def run(meanings, max_points=None, named=(), carriers=None, queries=None):
        candidates = [
            Candidate(word, "named", float("inf") if word in named else meanings[word], (), counts.use(word))
            for word in meanings
        ]
        tokenizer = SimpleNamespace(fold=fold_text)
        given = (carriers or Points(), counts, tokenizer, queries, max_points, CorpusReport())
        return select_words(candidates, meanings, *given)

    return run


ALIKE = dict.fromkeys(POINTS_OF, 0.1)


def names(found):
    return [candidate.word for candidate in found.kept]


def test_without_a_bound_every_word_is_kept_in_the_order_of_worth(select):
    found = select(ALIKE)
    assert set(names(found)) == set(ALIKE) and found.left_out == ()
    assert names(found)[0] == "pod" and names(found)[-1] == "cell"  # asked most; and 50 points that only it has
    assert found.asked_by == "2 titles and first sentences"


def test_the_frontier_ends_with_all_words_and_their_union(select):
    rows = select(ALIKE).frontier
    assert (rows[-1].n_words, rows[-1].n_points, rows[-1].share_of_gain) == (4, 72, 1.0)
    assert [row.n_points for row in rows] == sorted(row.n_points for row in rows)
    assert [row.share_of_gain for row in rows] == sorted(row.share_of_gain for row in rows)
    rows = select({**ALIKE, "cell": 0.001}).frontier
    assert any(row.share_of_gain >= 0.8 and row.n_points < 36 for row in rows)


@pytest.mark.parametrize("most", [0, 1, 2, 9, 10, 21, 22, 71, 72, 1000])
def test_no_more_points_than_may_change_carry_the_kept_words(select, most):
    found = select(ALIKE, most)
    assert Points().count_all(names(found)) <= most
    assert {*names(found), *(c.word for c in found.left_out)} == set(ALIKE)
    assert (len(found.kept) == 4) == (most >= 72)
    assert found.frontier == select(ALIKE).frontier, "of all that there is to choose from"


def test_a_word_that_is_too_much_makes_way_for_cheaper_ones(select):
    assert names(select({**ALIKE, "cell": 90.0}, 12)) == ["pod", "kubelet"]


def test_what_the_engine_counts_is_kept_to_where_drawn_points_say_less(select, monkeypatch):
    found = select(ALIKE, 22)
    more = SimpleNamespace(records=("docs",), count_all=lambda forms: 2 * Points().count_all(forms))
    assert len(select(ALIKE, 22, carriers=more).kept) < len(found.kept)


def test_what_was_asked_for_by_name_comes_first_and_is_never_left_out_silently(select):
    found = select(ALIKE, 15, named=["cell", "kubelet"])
    assert names(found)[0] == "kubelet" and "cell" not in names(found)
    (refused,) = found.refused(15)
    assert refused.word == "cell" and "more than 15 points (max_points)" in refused.reason
    assert names(select(ALIKE, 60, named=["cell"])) == ["cell", "pod"]  # its points are paid for
    assert select(ALIKE, 5).refused(5) == []


def test_a_query_log_says_what_is_asked(select, tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("nodes\n" * 200)
    found = select(ALIKE, queries=str(log))
    assert names(found)[0] == "node" and found.asked_by == "200 queries of the log"


def test_without_collections_words_are_ordered_and_no_frontier_is_drawn(select):
    found = select(ALIKE, carriers=SimpleNamespace(records=(), count_all=None))
    assert len(found.kept) == 4 and found.frontier == ()


def test_where_nothing_would_be_gained_there_is_no_frontier(select):
    assert select(dict.fromkeys(POINTS_OF, -0.1)).frontier == ()


def test_a_measured_shortfall_is_drawn_to_the_mean_and_one_above_its_ceiling_counts_as_none():
    found = measured_meanings({"cell": 0.3, "pod": 0.1, "node": -0.2})
    mean = 0.4 / 3
    assert found == pytest.approx({"cell": 0.075 + 0.75 * mean, "pod": 0.025 + 0.75 * mean, "node": 0.75 * mean})
    assert measured_meanings({}) == {}


def test_new_words_gain_what_layers_usually_reach_and_served_ones_a_usual_rise(counts):
    record = WordRecord("pod", "accepted", "", release=1, ordering_accuracy=0.8)
    vocabulary, _ = Vocabulary.empty(capacity=10).apply({"pod": ["pods"]})
    candidates = [Candidate(word, "new", 1.0, (), counts.use(word)) for word in ("pod", "node")]
    parent = SimpleNamespace(ledger=Ledger().updated([record], "a", 1), vocabulary=vocabulary)
    assert untaught_meanings(candidates, parent) == pytest.approx({"pod": 0.06, "node": 0.3})
    parent = SimpleNamespace(ledger=Ledger(), vocabulary=Vocabulary.empty(capacity=10))
    assert untaught_meanings(candidates, parent) == pytest.approx({"pod": 0.25, "node": 0.25})
