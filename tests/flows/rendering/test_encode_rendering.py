"""What became of lines is told in figures, and every kind of bad line with the numbers of the first."""

from flows.rendering.encode_rendering import describe_encoding, show_encoding

ANSWER = {
    "model": "/models/7", "n_lines": 1200, "n_encoded": 1190, "bad": [], "n_repeated_ids": 0, "repeated_ids": [],
    "k": 1.2, "b": 0.75, "avg_len": 40.0, "output": None,
}  # fmt: skip


def test_counts_model_and_settings_are_one_line():
    assert list(describe_encoding(ANSWER)) == [
        "1,190 of 1,200 lines encoded with /models/7; k=1.2, b=0.75, avg_len=40.0",
    ]
    (line,) = describe_encoding({**ANSWER, "output": "v.parquet"})
    assert line.startswith("1,190 of 1,200 lines encoded to v.parquet with /models/7")


def test_bad_lines_and_repeated_ids_are_numbered_and_more_of_them_are_hinted_at():
    bad = [{"n": 2, "lines": [3, 9], "reason": "is no JSON"}, {"n": 7, "lines": [1, 2], "reason": "has no text"}]
    lines = list(describe_encoding({**ANSWER, "bad": bad, "n_repeated_ids": 3, "repeated_ids": [4, 5]}))
    assert lines[1:] == [
        "  2 bad: line 3, 9 is no JSON",
        "  7 bad: line 1, 2, ... has no text",
        '  3 with an id that an earlier line has (1 and "1" are one id): line 4, 5, ...',
    ]


def test_it_is_shown_as_it_is_described(capsys):
    show_encoding({**ANSWER, "model": "[bold]m"})
    assert capsys.readouterr().out.splitlines() == list(describe_encoding({**ANSWER, "model": "[bold]m"}))
