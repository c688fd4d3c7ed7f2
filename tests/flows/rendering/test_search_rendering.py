"""A search shows its results, both rankings where they were compared, and a score taken apart word by word."""

from flows.rendering.search_rendering import show_search

RESULT = {"query": "pod [bold]x", "release": 3, "results": [{"score": 1.5, "text": "a pod\nof it"}]}


def lines_of(capsys, **changed):
    show_search({**RESULT, **changed})
    return capsys.readouterr().out.splitlines()


def test_results_stand_on_a_line_each_below_the_query(capsys):
    assert lines_of(capsys) == ["pod [bold]x  (release 3)", "   1.500  a pod of it"]
    assert lines_of(capsys, release=None, results=[]) == ["pod [bold]x  (plain BM25, no release yet)"]


def word(name, meaning, is_known=True, importance=1):
    return {
        "word": name, "idf": 2.0, "tf": 0.5, "importance": importance, "meaning": meaning,
        "score": 1.0 if meaning else 0.0, "is_known": is_known,
    }  # fmt: skip


def test_a_score_is_taken_apart(capsys):
    words = [word("pod", 0.75), word("whale", 1.0, is_known=False), word("bank", None)]
    lines = lines_of(capsys, explanation={"id": 17, "score": 2.0, "sum": 2.0, "words": words})
    assert "17 scores 2.0000" in lines and lines[-1] == "sum 2.0000"
    table = lines[lines.index("17 scores 2.0000") + 1 : -1]
    assert table[0].split() == ["word", "idf", "tf", "meaning", "score"]
    assert [row.split() for row in table[1:]] == [
        ["pod", "2.000", "0.500", "0.750", "1.000"],
        ["whale", "2.000", "0.500", "1.000", "1.000", "plain", "BM25"],
        ["bank", "2.000", "0.500", "-", "0.000", "not", "in", "it"],
    ]


def test_importance_is_a_column_only_where_something_weighs_words(capsys):
    words = [word("pod", 0.75, importance=1.5), word("node", 0.75)]
    lines = lines_of(capsys, explanation={"id": 17, "score": 2.0, "sum": 2.0, "words": words})
    assert any(line.split()[:4] == ["word", "idf", "tf", "importance"] for line in lines)


def test_two_rankings_name_each_others_places_and_what_moved_a_document(capsys):
    one = {"score": 3.0, "text": "first", "minicoil_rank": 2, "moved_by": []}
    gone = {"score": 2.0, "text": "second", "minicoil_rank": None, "moved_by": []}
    new = {"score": 1.5, "text": "third", "bm25_rank": 2, "moved_by": [{"word": "pod", "meaning": 0.5}]}
    page = "\n".join(lines_of(capsys, bm25=[one, gone], results=[new]))
    assert "BM25" in page and "miniCOIL" in page
    for part in ("3.00 (now 2)  first", "2.00 (now not shown)  second", "1.50 (was 2)  third", "pod 0.50"):
        assert part in page, part
