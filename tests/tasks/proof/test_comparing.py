"""Two releases on the same points: what would change is told with the words that change it; what cannot be is refused."""

import numpy as np
import promotions
import pytest

from minicoil.errors import CollectionError, UsageError
from minicoil.retrieval import shift
from tasks.corpus.query_log import Query
from tasks.points import Hit
from tasks.proof.comparing import _row, _scale, _write_runs, compare_releases
from tasks.rewriting.promotion import promote


def test_two_releases_have_a_file_each_with_documents_and_queries_by_their_own_names(tmp_path):
    queries = [Query("first"), Query("second", None, "topic-7")]
    hits = [[Hit(5, 2.0, {"doc": "a"}), Hit(6, 2.0, {"doc": "b"}), Hit(7, 1.0, {"doc": "a"})], [Hit(5, 1.0, {})]]
    rows = [{"number": 1, "hits": hits}, {"number": 0, "hits": hits[::-1]}]
    written = _write_runs(str(tmp_path / "docs.run"), (6, 7), queries, rows)
    assert written == [str(tmp_path / f"docs.release-{n}.run") for n in (6, 7)]
    lines = (tmp_path / "docs.release-6.run").read_text().splitlines()
    assert lines == ["1 Q0 5 1 1 release-6", "topic-7 Q0 b 1 2 release-6", "topic-7 Q0 a 2 2 release-6"]
    assert _write_runs(None, (6, 7), queries, rows) == []


@pytest.fixture
def points(place, texts):
    """Two releases are readable on forty points."""
    with place.points() as points:
        promotions.serve(place, 1)
        promotions.index(place, points, texts[:40])
        promote(place, "production", 2)
        yield points


def write_queries(tmp_path, *lines):
    (tmp_path / "queries.txt").write_text("\n".join(lines))
    return str(tmp_path / "queries.txt")


def test_what_changes_is_told_first_with_the_words_that_change_it(place, points, tmp_path):
    file = write_queries(tmp_path, "bread", "shards of pods", "morning music", "zzyzx")
    answer = compare_releases(place, 1, 2, "docs", file, limit=5)
    assert (answer["one"], answer["other"], answer["n_queries"], answer["limit"]) == (1, 2, 4, 5)
    rows = answer["queries"]
    assert [row["overlap"] for row in rows] == sorted(row["overlap"] for row in rows)
    changed = next(row for row in rows if row["text"] == "shards of pods")
    same = next(row for row in rows if row["text"] == "bread")
    assert {entry["word"] for entry in changed["words"]} <= {"shard", "pod"} and changed["words"]
    assert same["words"] == [] and same["overlap"] == 1 and same["one"] == same["other"]
    assert all(len(row["one"]) <= 5 for row in rows)
    nothing = next(row for row in rows if row["text"] == "zzyzx")
    assert nothing["one"] == nothing["other"] == [] and not nothing["top_changed"]
    assert answer["fused"] is None and answer["why_not_fused"] == "the collection has no dense vector"
    assert answer["runs"] == [] and answer["problems"] == []


def test_a_release_against_itself_changes_nothing(place, points, tmp_path):
    answer = compare_releases(place, 2, 2, "docs", write_queries(tmp_path, "shards of pods", "graph"))
    assert all(row["overlap"] == 1 and not row["top_changed"] for row in answer["queries"])
    assert answer["sparse"]["score_ratio"] == 1.0


def test_what_cannot_be_compared_is_refused_with_what_can(place, points, tmp_path):
    file = write_queries(tmp_path, "pods")
    with pytest.raises(CollectionError) as said:
        compare_releases(place, 1, 3, "docs", file)
    assert str(said.value) == (
        "release 3 cannot be read from collection 'docs', which holds the cells of 1 and 2; both are there between an "
        "extension and its contraction; `minicoil release promote` brings one back"
    )
    empty = write_queries(tmp_path, "", "  ")
    with pytest.raises(UsageError) as said:
        compare_releases(place, 1, 2, "docs", empty)
    assert str(said.value) == f"{empty} holds no query; expected one a line, or JSON lines with text"
    with pytest.raises(UsageError, match="expected a file in a folder that exists"):
        compare_releases(place, 1, 2, "docs", file, run=str(tmp_path / "nowhere" / "x.run"))
    with pytest.raises(CollectionError, match="'nope' was not found"):
        compare_releases(place, 1, 2, "nope", file)


def test_scores_are_compared_by_their_best_and_by_nothing_where_nothing_was_found():
    rows = [{"hits": [[Hit(1, 2.0, {}), Hit(2, 1.0, {})], [Hit(1, 3.0, {})]]}, {"hits": [[], [Hit(1, 5.0, {})]]}]
    assert _scale(rows) == {"top_score_one": 2.0, "top_score_other": 4.0, "score_ratio": 2.0}
    assert _scale([{"hits": [[], []]}]) == {"top_score_one": None, "top_score_other": None, "score_ratio": None}
    assert _scale([{"hits": [[Hit(1, 0.0, {})], [Hit(1, 1.0, {})]]}])["score_ratio"] is None


def test_a_row_has_what_a_person_and_a_program_read():
    hits = [[Hit(1, 2.00006, {})], [Hit(2, float(np.float32(1.5)), {})]]
    row = _row({"text": "q", "hits": hits, "shift": shift([1], [2], 10), "fused": shift([1], [1], 10)})
    assert row == {
        "text": "q",
        "overlap": 0.0,
        "top_changed": True,
        "words": [],
        "one": [{"id": 1, "score": 2.0001}],
        "other": [{"id": 2, "score": 1.5}],
        "fused_overlap": 1.0,
    }
