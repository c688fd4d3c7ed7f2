"""A promotion is given up, and where none is under way nothing is changed."""

import pytest

from flows.abandon_promotion import abandon_promotion
from flows.forms.release_parameters import AbandonParameters
from tasks.catalogue.channels import move_current, read_channel, set_pending
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def test_a_channel_that_is_not_being_moved_is_left_as_it_is(tmp_path):
    answer = abandon_promotion(AbandonParameters(home=str(tmp_path)))
    assert answer.abandoned is None and answer.release is None and list(answer.collections) == []
    assert "total" in answer.seconds


def test_a_pending_release_is_given_up_and_the_channel_stays(tmp_path):
    store = Place.at(tmp_path).objects()
    set_pending(store, "production", 1, None)
    move_current(store, "production", 1)
    set_pending(store, "production", 2, 1)
    answer = abandon_promotion(AbandonParameters(home=str(tmp_path)))
    state = read_channel(store, "production")
    assert (answer.abandoned, answer.release) == (2, 1) and (state.current, state.pending) == (1, None)
