"""Who follows a channel is on the list while its lease runs, who was registered until somebody says otherwise."""

import os
import re
import time

import pytest

from minicoil.errors import UsageError
from tasks.readers import readers
from tasks.readers.readers import (
    FOREVER,
    LEASE_SECONDS,
    announce_reader,
    list_readers,
    look_for_readers,
    new_reader_name,
    register_reader,
    unregister_reader,
    withdraw_reader,
)
from tasks.store.damage import forget_damage, named_damage
from tasks.store.local_store import LocalStore

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets


def test_a_reader_is_listed_until_its_lease_ends_or_it_leaves(store, monkeypatch):
    reader = announce_reader(store, new_reader_name(), "production", 1)
    assert list_readers(store, "production") == [reader] and list_readers(store, "staging") == []
    with monkeypatch.context() as later:
        now = time.time()
        later.setattr(readers.time, "time", lambda: now + readers.LEASE_SECONDS + 1)
        assert list_readers(store) == []
    withdraw_reader(store, reader.name)
    assert list_readers(store) == []


@pytest.fixture
def folder_store(tmp_path):
    forget_damage()
    yield LocalStore(tmp_path / "store")
    forget_damage()


def test_a_lease_that_is_renewed_goes_on(folder_store, monkeypatch):
    now = time.time()
    for minutes in (0, 9, 18):
        monkeypatch.setattr(readers.time, "time", lambda minutes=minutes: now + 60 * minutes)
        announce_reader(folder_store, "host-1", "production", 1 + minutes)
    assert [(reader.release, reader.until) for reader in list_readers(folder_store)] == [
        (19, now + 60 * 18 + LEASE_SECONDS)
    ]


def test_a_name_of_this_process_says_where_it_runs_and_is_a_key(monkeypatch):
    monkeypatch.setattr(readers.socket, "gethostname", lambda: "my host/of.ours" + "x" * 80)
    names = {new_reader_name() for _ in range(50)}
    assert len(names) == 50
    assert all(re.fullmatch(rf"my-host-of-oursx{{25}}-{os.getpid()}-[0-9a-f]{{8}}", name) for name in names)


def test_a_registered_reader_stays_and_what_stood_there_before_is_told(folder_store, monkeypatch):
    first, before = register_reader(folder_store, "shop-api", "production", 1)
    assert (first.until, first.registered, before) == (FOREVER, True, None)
    second, before = register_reader(folder_store, "shop-api", "production", 3, days=0.5)
    assert before == first and second.until == pytest.approx(time.time() + 43_200, abs=60)
    announce_reader(folder_store, "shop-api", "staging", 2)  # of the same name, and another one
    assert [(r.name, r.channel, r.release, r.registered) for r in list_readers(folder_store)] == [
        ("shop-api", "production", 3, True),
        ("shop-api", "staging", 2, False),
    ]
    withdraw_reader(folder_store, "shop-api")
    assert [reader.release for reader in list_readers(folder_store)] == [3]
    assert unregister_reader(folder_store, "shop-api") == second and list_readers(folder_store) == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", "-x", "a b", "x" * 101, "registered/x", "ä"])
def test_a_name_that_is_no_key_is_refused(folder_store, name):
    for ask in (lambda: register_reader(folder_store, name, "c", 1), lambda: unregister_reader(folder_store, name)):
        with pytest.raises(UsageError) as said:
            ask()
        assert str(said.value) == (f"'{name}' cannot name a reader; use letters, digits, dots, - and _, at most 100")


@pytest.mark.parametrize("days", [0, -1, float("nan"), float("inf"), True, 1e9])
def test_days_that_are_none_are_refused_and_nothing_is_registered(folder_store, days):
    with pytest.raises(UsageError, match="days"):
        register_reader(folder_store, "x", "c", 1, days)
    assert list_readers(folder_store) == []


def test_nobody_who_is_not_registered_is_taken_off_the_list(folder_store):
    register_reader(folder_store, "shop-api", "production", 1)
    announce_reader(folder_store, "host-1", "production", 1)
    for name, known in (("host-1", "shop-api"), ("shop", "shop-api")):
        with pytest.raises(UsageError) as said:
            unregister_reader(folder_store, name)
        assert str(said.value) == (
            f"no reader '{name}' is registered; registered: {known}; `minicoil release readers` lists all, those that "
            "announce themselves too"
        )
    assert len(list_readers(folder_store)) == 2


def test_a_damaged_registration_is_named_and_one_that_announces_itself_is_passed_over(folder_store):
    """What a registered one reads nobody else will say again; the other does so within minutes."""
    register_reader(folder_store, "shop-api", "production", 1)
    for key in ("readers/registered/broken.json", "readers/host-9.json"):
        folder_store.write(key, b'{"name": 3}')
    for _ in range(2):
        found, damaged = look_for_readers(folder_store)
        assert [reader.name for reader in found] == ["shop-api"] and damaged == ["broken"]
    (told,) = named_damage()
    assert told.what == "readers/registered/broken.json"
    assert told.message.startswith("the registration of reader 'broken' (")
    assert told.message.endswith("; say again what it reads: `minicoil release readers --register broken --release N`")
    reader, before = register_reader(folder_store, "broken", "production", 2)  # which mends it
    assert before is None and look_for_readers(folder_store)[1] == [] and reader in list_readers(folder_store)


def test_a_damaged_registration_is_taken_off_the_list_too(folder_store):
    folder_store.write("readers/registered/broken.json", b"")
    assert unregister_reader(folder_store, "broken") is None
    assert look_for_readers(folder_store) == ([], [])
