"""What could not be used is counted by reason, with the first few places."""

from minicoil.problems import MAX_EXAMPLES, Problem, Problems


def test_problems_are_counted_by_reason_in_the_order_they_were_met():
    problems = Problems[str]()
    assert not list(problems) and str(problems) == ""
    for number in range(7):
        problems.note("not JSON", f"a:{number}")
    problems.count("too long", 3)
    problems.note("empty", "b:1")
    problems.count("too long", 2)
    assert [problem.row() for problem in problems] == [
        {"reason": "not JSON", "n": 7, "examples": [f"a:{number}" for number in range(MAX_EXAMPLES)]},
        {"reason": "too long", "n": 5, "examples": []},
        {"reason": "empty", "n": 1, "examples": ["b:1"]},
    ]
    assert str(problems) == "7 not JSON, such as a:0, 5 too long, 1 empty, such as b:1"


def test_a_problem_of_all_its_places_keeps_the_first():
    assert Problem.of("gone", [3, 1, 4, 1, 5, 9]) == Problem("gone", 6, (3, 1, 4, 1, 5))
    assert Problem.of("gone", []) == Problem("gone", 0)
