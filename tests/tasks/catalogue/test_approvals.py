import pytest

from minicoil.errors import ReleaseError
from tasks.catalogue.approvals import check_approval, finish_waiting, hold_release, list_waiting, read_waiting
from tasks.releases.pruning import needed_releases
from tasks.store.local_store import LocalStore


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


def test_a_release_waits_once_and_keeps_its_time(store):
    first = hold_release(store, "production", 3, ["too low"], 14)
    again = hold_release(store, "production", 3, ["another reason"], 1)
    assert again == first and not first.has_expired
    assert [row.release for row in list_waiting(store, "production")] == [3]
    assert list_waiting(store, "other") == []


def test_a_waiting_release_is_kept_from_pruning_until_it_expires(store):
    hold_release(store, "production", 3, ["too low"], 14)
    hold_release(store, "production", 2, ["too low"], -1)
    assert needed_releases(store) == {3: "waits for approval on channel 'production'"}


def test_an_expired_one_is_refused_with_the_next_step_unless_forced(store):
    hold_release(store, "production", 3, ["mean ordering too low"], -1)
    with pytest.raises(ReleaseError, match="has expired .mean ordering too low.; run the extension again"):
        check_approval(store, "production", 3)
    check_approval(store, "production", 3, force=True)
    check_approval(store, "production", 4)


def test_a_promoted_one_waits_no_longer(store):
    hold_release(store, "production", 3, ["too low"], 14)
    finish_waiting(store, "production", 3)
    finish_waiting(store, "production", 3)
    assert read_waiting(store, "production", 3) is None


def test_a_damaged_record_is_named(store):
    store.write("waiting/production/3.json", b"{")
    with pytest.raises(ReleaseError, match="waiting/production/3.json is damaged"):
        read_waiting(store, "production", 3)
