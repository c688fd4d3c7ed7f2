"""A notice is told from all others by its kind and what it is about, and the most urgent ones stand first."""

from itertools import permutations

from tasks.watch.notices import ORDER, Notice, in_order


def test_the_same_thing_looked_at_another_time_has_the_same_key():
    before, after = (
        Notice("due", "docs", "5 points"),
        Notice("due", "docs", "9 points", "minicoil reencode", is_alert=True),
    )
    assert before.key == after.key == "due:docs"
    assert len({before.key, Notice("due", "other", "").key, Notice("ids", "docs", "").key}) == 3
    assert after.row() == {
        "kind": "due",
        "about": "docs",
        "message": "9 points",
        "command": "minicoil reencode",
        "since": None,
        "is_alert": True,
        "key": "due:docs",
    }


def test_alerts_stand_first_then_the_most_urgent_kinds_then_names():
    wanted = [
        Notice("failure", "b", "", is_alert=True),
        Notice("lock", "a", "", is_alert=True),
        Notice("unsafe", "a", ""),
        Notice("readers", "a", ""),
        Notice("readers", "b", ""),
    ]
    assert all(in_order(some) == wanted for some in permutations(wanted))


def test_kinds_are_ordered_from_what_fails_now_to_what_only_works_here():
    assert (ORDER[0], ORDER[-1]) == ("unsafe", "lock") and len(set(ORDER)) == len(ORDER)
