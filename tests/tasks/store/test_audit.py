"""Every deed is one row that nobody overwrites, read back oldest first; a damaged one hides no other."""

import getpass
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from tasks.store import audit
from tasks.store.audit import current_user, list_deeds, record_deed
from tasks.store.damage import forget_damage, named_damage
from tasks.store.local_store import LocalStore


class Clock:
    """Gives the moments it was made with, one after the other."""

    def __init__(self, *moments):
        self._moments = list(moments)

    def now(self, zone):
        return self._moments.pop(0).astimezone(zone)


def test_deeds_come_back_oldest_first_with_who_did_them(tmp_path, monkeypatch):
    store = LocalStore(tmp_path)
    moments = [
        datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC),
        datetime(2026, 5, 4, 1, tzinfo=timezone(timedelta(hours=-4))),  # 05:00 in UTC
        datetime(2026, 5, 4, 4, tzinfo=UTC),
    ]
    monkeypatch.setattr(audit, "datetime", Clock(*moments))
    facts = {"pruned": [1, 2], "freed_bytes": 5}
    for action in ("prune", "forget", "detach"):
        made = record_deed(store, action, facts)
    assert made == audit.Deed(at="2026-05-04T04:00:00+00:00", who=getpass.getuser(), action="detach", facts=facts)
    assert [(deed.action, deed.at[11:16]) for deed in list_deeds(store)] == [
        ("prune", "03:02"),
        ("detach", "04:00"),
        ("forget", "05:00"),
    ]


def test_deeds_of_one_second_are_all_kept(tmp_path):
    store = LocalStore(tmp_path)
    for number in range(20):
        record_deed(store, "prune", {"number": number})
    assert sorted(deed.facts["number"] for deed in list_deeds(store)) == list(range(20))


def test_a_deed_that_cannot_be_read_is_named_once_and_the_others_are_listed(tmp_path):
    forget_damage()
    store = LocalStore(tmp_path)
    record_deed(store, "prune", {})
    store.write("audit/0-damaged.json", b'{"at": 3}')
    for _ in range(2):
        assert [deed.action for deed in list_deeds(store)] == ["prune"]
    assert [damage.what for damage in named_damage()] == ["audit/0-damaged.json"]
    forget_damage()


def test_a_deed_is_not_changed_afterwards(tmp_path):
    deed = record_deed(LocalStore(tmp_path), "prune", {})
    with pytest.raises(ValidationError, match="frozen"):
        deed.who = "somebody else"


@pytest.mark.parametrize("error", [KeyError("getpwuid(): uid not found: 4711"), OSError("No username set")])
def test_a_process_whose_user_has_no_name_is_unknown(monkeypatch, error):
    def nobody():
        raise error

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert current_user() == "unknown"
