"""A check is a line, and one thing is to fix."""

from flows.rendering.doctor_rendering import show_doctor

GOOD = {"name": "packages", "state": "good", "found": "as tested", "fix": ""}
ODD = {"name": "memory", "state": "odd", "found": "2 GiB", "fix": "4 GiB are better"}
WRONG = {"name": "engine", "state": "wrong", "found": "does not answer", "fix": "start it"}


def lines_of(capsys, checks, fix):
    show_doctor({"checks": checks, "fix": fix})
    return capsys.readouterr().out.splitlines()


def test_checks_are_lines_and_what_is_odd_says_what_would_be_better(capsys):
    lines = lines_of(capsys, [GOOD, ODD, WRONG], WRONG)
    assert lines == [
        "good   packages      as tested",
        "odd    memory        2 GiB",
        " " * 21 + "4 GiB are better",
        "wrong  engine        does not answer",
        "",
        "to fix: engine: start it",
    ]


def test_where_nothing_is_wrong_it_says_how_to_begin(capsys):
    lines = lines_of(capsys, [GOOD, {**ODD, "fix": ""}], None)
    assert lines[-1] == "nothing keeps work from being done here; begin with `minicoil try ./texts`"
    assert len(lines) == 3
