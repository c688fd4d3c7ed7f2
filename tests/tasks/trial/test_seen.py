"""What is shown of a word's meanings, and how it is counted."""

from tasks.trial.seen import FirstLook, SeenHit, SeenQuery, SeenSense, SeenWord


def query(sense, bm25, minicoil, text="a pool of workers"):
    hits = [tuple(SeenHit("text", found) for found in row) for row in (bm25, minicoil)]
    right = [sum(found == sense for found in row) for row in (bm25, minicoil)]
    return SeenQuery("pool", text, sense, *hits, max(len(bm25), 1), *right)


def word(*queries):
    senses = (SeenSense(("worker",), 9, ("one",)), SeenSense(("image",), 5, ("two",)))
    return SeenWord("pool", "pool", senses, queries)


def test_a_ranking_is_right_where_the_asked_meaning_comes_first():
    asked = query(1, (0, 1), (1, None))
    assert (asked.is_bm25_right, asked.is_minicoil_right) == (False, True)
    assert asked.gain == 0.005  # one of two has it under both; the first place breaks the tie
    assert query(1, (0, 0), (1, 1)).gain == 1.015
    assert not query(0, (), (None,)).is_minicoil_right


def test_of_each_meaning_the_query_whose_rankings_differ_most_is_shown_and_all_are_counted():
    same, better, other = query(0, (0, 0), (0, 0)), query(0, (1, 1), (0, 0)), query(1, (1,), (0,))
    seen = word(same, better, other)
    assert seen.shown() == (better, other)
    assert (seen.n_bm25, seen.n_minicoil) == (2, 2)
    assert (seen.n_looked, seen.of_bm25, seen.of_minicoil) == (5, 3, 4)
    look = FirstLook((seen,), 3)
    row = look.row()
    assert (row["n_asked"], row["n_bm25"], row["n_minicoil"], row["n_one_meaning"]) == (3, 2, 2, 3)
    assert (row["n_looked"], row["of_bm25"], row["of_minicoil"]) == (5, 3, 4)
    assert [entry["sense"] for entry in row["words"][0]["shown"]] == [0, 1]


def test_a_query_that_both_answer_alike_is_shown_only_where_no_other_tells_them_apart():
    alike, lost, told = query(0, (0, 1), (0, 1)), query(0, (0, 1), (1, 0)), query(1, (0, 1), (1, 0))
    assert [one.is_telling for one in (alike, lost, told)] == [False, True, True]
    assert word(alike, lost, told).shown() == (lost, told)
    assert word(alike, told).shown(1) == (told,)
    assert word(alike).shown() == (alike,)


def test_a_difference_that_chance_explains_is_no_gain():
    better, worse = query(0, (1,), (0,)), query(0, (0,), (1,))
    assert not FirstLook().is_better
    assert not FirstLook((word(better, better, better, better, better),)).is_better  # 5 of 5: .06
    assert FirstLook((word(*[better] * 6),)).is_better
    assert not FirstLook((word(*[better] * 6, worse),)).is_better
    assert not FirstLook((word(*[worse] * 6),)).is_better
