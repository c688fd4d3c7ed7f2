"""A collection's answer tells counts, the settings that are fixed for its life, and how sure they are."""

from flows.outcomes.collection_outcomes import IndexOutcome, describe_importance, describe_lengths

INDEX = {
    "collection": "docs", "n_points": 1200, "release": None, "k": 1.2, "b": 0.75, "avg_len": 40.04, "n_written": 1000,
    "n_skipped": 200, "n_deleted": 0, "n_clashes": 0, "unusable": [],
}  # fmt: skip
LENGTHS = {"standard_error": 0.25, "n_sampled": 1000, "n_texts": 20_000, "standard_deviation": 12.5}


def lines_of(capsys, **changed):
    IndexOutcome.of({**INDEX, **changed}).show()
    return capsys.readouterr().out.splitlines()


def test_counts_and_settings_stand_on_one_line(capsys):
    assert lines_of(capsys) == [
        "docs: 1,200 points; 1,000 written, 200 unchanged; k=1.2, b=0.75, avg_len=40.0",
    ]


def test_a_measured_length_says_how_sure_it_is_and_importance_by_what_words_are_weighed(capsys):
    (line,) = lines_of(capsys, lengths=LENGTHS, importance="a" * 64)
    assert line.endswith(
        "avg_len=40.0 +- 0.2 (measured on 1,000 of 20,000 texts, standard deviation 12.5), importance " + "a" * 12
    )
    assert describe_lengths(None) == describe_importance(None) == describe_importance("") == ""


def test_what_was_mended_and_what_could_not_be_used_follows(capsys):
    problem = {"n": 2, "reason": "no text", "examples": ["a:1"]}
    lines = lines_of(capsys, mended={"message": "the record was made anew"}, unusable=[problem])
    assert lines[1:] == ["the record was made anew", "  2 no text, such as a:1"]
