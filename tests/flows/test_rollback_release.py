"""A channel goes back to the release before, at once, and says where there is none."""

import pytest

from flows.forms.release_parameters import RollbackParameters
from flows.rollback_release import rollback_release
from minicoil.errors import BusyError, ReleaseError
from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.disk.home_lock import writer_lock
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def test_a_channel_with_one_release_has_none_before_it(tmp_path):
    store = Place.at(tmp_path).objects()
    with pytest.raises(ReleaseError, match="production"):
        rollback_release(RollbackParameters(home=str(tmp_path)))
    set_pending(store, "production", 1, None)
    move_current(store, "production", 1)
    with pytest.raises(ReleaseError, match="production"):
        rollback_release(RollbackParameters(home=str(tmp_path)))
    assert read_channel(store, "production").current == 1


def test_whoever_is_at_work_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("flows.orchestration.turns.TURN_SECONDS", 0.1)
    with writer_lock(tmp_path, "extend"), pytest.raises(BusyError, match="`minicoil extend`|minicoil extend"):
        rollback_release(RollbackParameters(home=str(tmp_path)))
