from minicoil.retrieval.comparison import fuse, shift, summarise


def test_fusion_adds_reciprocal_ranks():
    assert fuse([["a", "b", "c"], ["c", "a"]], 2) == ["a", "c"]  # 1/2 + 1/3 against 1/4 + 1/2
    assert fuse([[], []], 5) == []


def test_a_shift_counts_what_both_have():
    moved = shift(["a", "b", "c"], ["b", "a", "x"], 3)
    assert moved.overlap == 2 / 3 and moved.top_changed and not moved.is_zero
    assert shift([], [], 10).overlap == 1.0 and shift([], [], 10).is_zero
    assert shift(["a"], [], 10).overlap == 0.0
    same = shift(["a", "b"], ["a", "b"], 10)
    assert summarise([moved, same]) == {
        "overlap": 0.8333,
        "n_changed": 1,
        "n_top_changed": 1,
        "n_without_results_one": 0,
        "n_without_results_other": 0,
    }
