"""The first check that is wrong is the one to fix."""

from tasks.doctor.check import Check, first_to_fix


def test_the_first_that_is_wrong_is_the_one_to_fix():
    good, odd = Check("a", "good", ""), Check("b", "odd", "", "x")
    assert first_to_fix([good, odd]) is None
    assert first_to_fix([good, odd, Check("c", "wrong", "", "y"), Check("d", "wrong", "", "z")]).name == "c"
