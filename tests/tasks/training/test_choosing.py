"""Words are taken up in the order of what was asked for, each once, as far as there are ids, and the others are told."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from minicoil.errors import UsageError
from minicoil.folder.bundle import BundleFacts
from minicoil.words.ledger import Ledger, WordRecord
from minicoil.words.mining import Candidate
from minicoil.words.vocabulary import Vocabulary
from minicoil.words.word_counts import BUCKETS, WordCounts, WordUse
from tasks.documents.corpus_report import CorpusReport
from tasks.models.bundles import Parent
from tasks.training.choosing import (
    DEFAULT_MINED,
    WordRequest,
    check_max_points,
    check_words,
    choose_words,
    forms_of,
    known_use,
    within_ids,
)

SENTENCES = (
    *("the pod runs on a node", "a kernel schedules pods", "the scheduler sees the quorum of the nodes"),
    *("pods of the quorum wait", "the kernel of the node waits", "kernels and pods and nodes"),
)


@pytest.fixture(scope="module")
def counts():
    counts = WordCounts()
    for _ in range(20):
        for sentence in SENTENCES:
            counts.add([sentence.split()])
    return counts


@pytest.fixture
def parent(encoder_folder):
    vocabulary, _ = Vocabulary.empty(capacity=50).apply({"pod": ["pod", "pods"]})
    ledger = Ledger().updated([WordRecord("pod", "accepted", "", per_million=5.0)], "r", 1)
    return Parent(encoder_folder, 1, BundleFacts("minilm", "0" * 64, 4, 384), vocabulary, ledger)


def choose(request, parent, counts, min_sentences=5):
    chosen, refused = choose_words(request, parent, counts, None, min_sentences, CorpusReport())
    return [(candidate.word, candidate.kind) for candidate in chosen], refused


def test_named_words_come_first_as_they_were_written_and_each_once(parent, counts):
    request = WordRequest(words=("Quorums", "kernel", "quorum", "absent"), common=2)
    chosen, refused = choose_words(request, parent, counts, None, 5, CorpusReport())
    found = [(candidate.word, candidate.kind) for candidate in chosen]
    assert found[:3] == [("quorum", "named"), ("kernel", "named"), ("absent", "named")] and refused == []
    assert [kind for _, kind in found[3:]] == ["frequent"] * len(found[3:])
    assert len({word for word, _ in found}) == len(found)
    use = chosen[0].use
    assert {"quorum", "quorums"} <= set(use.forms) and use.count == 40  # a form that the corpus lacks is looked for too
    assert chosen[2].use.count == 0 and chosen[2].use.forms == ("absent",)
    assert forms_of(chosen[:1]) == {"quorum": use.forms}


def test_common_words_are_the_most_frequent_that_have_no_layer_yet(parent, counts):
    found, _ = choose(WordRequest(common=3), parent, counts)
    assert "pod" not in {word for word, _ in found} and {word for word, _ in found} >= {"node", "kernel"} - {"pod"}
    assert choose(WordRequest(common=3), parent, counts, min_sentences=10**6)[0] == []


def test_without_a_word_about_words_those_that_stand_out_are_mined(parent, counts, monkeypatch):
    asked = []

    def rank(counts, n, *rest):
        asked.append(n)
        return []

    monkeypatch.setattr("tasks.training.choosing.rank_mined", rank)
    choose(WordRequest(), parent, counts)
    choose(WordRequest(mine=7, common=1), parent, counts)
    for request in (WordRequest(words=("node",)), WordRequest(common=1), WordRequest(ambiguous=3)):
        choose(request, parent, counts)
    assert asked == [DEFAULT_MINED, 7]


def test_a_line_of_a_file_that_is_no_word_costs_itself_alone(parent, counts, tmp_path):
    (tmp_path / "w.txt").write_text("kernel\nthe\nquorum")
    found, refused = choose(WordRequest(words_file=str(tmp_path / "w.txt")), parent, counts)
    assert [word for word, _ in found] == ["kernel", "quorum"] and [entry.word for entry in refused] == ["the"]


@pytest.mark.parametrize(
    "request_",
    [
        WordRequest(words=("two words",)),
        WordRequest(words_file="/nowhere/w.txt"),
        WordRequest(queries="/nowhere/q.txt"),
    ],
)
def test_what_is_no_word_and_no_file_is_refused_before_anything_is_read(request_):
    with pytest.raises(UsageError):
        check_words(request_)


def candidates(n):
    use = WordUse("w", 9, 9, ("w",), 1.0, np.zeros(BUCKETS))
    return [Candidate(f"w{i}", "named", 0.0, (), use) for i in range(n)]


@given(st.integers(0, 12), st.none() | st.integers(0, 15), st.integers(0, 15))
def test_the_first_words_are_taken_as_far_as_ids_go_and_the_others_are_told(n, most, left):
    kept, refused = within_ids(candidates(n), most, left)
    assert [c.word for c in kept] + [entry.word for entry in refused] == [f"w{i}" for i in range(n)]
    assert len(kept) == min(n, left, left if most is None else most)


def test_what_bounds_them_is_said():
    assert within_ids(candidates(3), 2, 1000)[1][0].reason == (
        "this run may take 2 word ids (max_ids), and better words took them"
    )
    for most in (None, 2000):
        assert within_ids(candidates(1001), most, 1000)[1][0].reason == (
            "1,000 word ids are left, and better words take them; a larger base needs a new collection"
        )


def test_ids_bound_what_is_chosen(parent, counts):
    found, refused = choose(WordRequest(words=("kernel", "quorum"), max_ids=1), parent, counts)
    assert found == [("kernel", "named")] and [entry.word for entry in refused] == ["quorum"]


def test_a_bound_on_points_without_a_collection_is_refused():
    check_max_points(None, [])
    check_max_points(5, ["a collection"])
    with pytest.raises(UsageError) as said:
        check_max_points(0, [])
    assert str(said.value) == (
        "--max-points counts points of the channel's collections, and it has none; leave it out, or create one with "
        "`minicoil index NAME --corpus SPEC`"
    )


def test_how_a_word_was_used_is_what_its_record_says():
    shares = np.full(BUCKETS, 1 / BUCKETS, np.float32)
    record = WordRecord("pod", "accepted", "", per_million=7.5, neighbours=WordRecord.code_neighbours(shares))
    use = known_use(record)
    assert use.per_million == 7.5 and np.allclose(use.neighbours, shares, atol=1e-4)
    assert known_use(WordRecord("pod", "accepted", "")) == type(use)(0.0, None)
