"""What may pass by itself is tried again after a wait that no two runs share; what will not is not."""

from types import SimpleNamespace

import pytest

from flows.orchestration import retries
from minicoil.errors import CollectionError, EngineUnavailableError, StoreError, StoreUnavailableError, UsageError


def test_a_busy_store_and_an_engine_that_restarts_may_pass_and_nothing_else_does():
    for error in (StoreUnavailableError("x"), EngineUnavailableError("x")):
        assert retries.is_transient(error)
    for error in (StoreError("x"), CollectionError("x"), UsageError("x"), OSError("x"), KeyboardInterrupt()):
        assert not retries.is_transient(error), error


@pytest.mark.parametrize(("attempt", "base"), [(1, 5), (2, 20), (3, 20), (9, 20)])
def test_waits_grow_to_the_last_and_no_two_are_alike(attempt, base):
    state = SimpleNamespace(attempt_number=attempt)
    waits = {retries.wait_between(state) for _ in range(50)}
    assert all(base <= wait <= base * (1 + retries.JITTER) for wait in waits) and len(waits) > 40
