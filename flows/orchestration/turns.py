"""A run's turn: one writer a channel and a home at a time, however many runs are asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from flows.orchestration.local_runs import under_prefect
from flows.orchestration.progress_artifacts import progress_on_page
from flows.orchestration.running import run_logger, server_address, tries
from minicoil.errors import BusyError, StoreError, StoreUnavailableError, UsageError
from tasks.disk import FREE_SOME, is_full, writer_lock
from tasks.place import Place
from tasks.store import named_damage

# A run that waits holds a process on its worker; one that waited this long says so and ends.
TURN_SECONDS = 3600.0
# The server frees a slot whose lease is not renewed: what a run killed together with its worker holds up at most.
LEASE_SECONDS = 60.0
# A server that is restarted answers again within this; a run that has not begun may as well wait.
SERVER_SECONDS = 300.0
_LOOK_AGAIN_SECONDS = 2.0


def limit_name(channel: str) -> str:
    """The global concurrency limit that lets one run at a time change `channel`."""
    return f"channel-{channel}"


@contextmanager
def take_turn(place: Place, channel: str, command: str, shared: bool = False) -> Iterator[None]:
    """Hold channel and home for one run, and show its long steps on the run's page.

    Args:
        place: Where.
        channel: What the run changes.
        command: For those who are told to wait.
        shared: Parts of one job run at once; the channel's compare-and-swap keeps them apart from others.

    Raises:
        BusyError: somebody else holds them; in this process at once, under a server after `TURN_SECONDS`.
        UsageError: the channel's limit was never set up.
        StoreError: the disk is full.
    """
    with ExitStack() as stack:
        if under_prefect():
            stack.enter_context(progress_on_page())
        if server_address() is not None:
            if not shared:
                _enter_slot(stack, channel)
            _enter_home(stack, place.home, command, shared)
        else:
            stack.enter_context(writer_lock(place.home, command, shared=shared))
        stack.enter_context(place.one_engine())
        with _naming_a_full_disk(place.home):
            yield
        if under_prefect():  # the command line says it by itself; people who look at a run's page read its log
            for damage in named_damage():
                run_logger().warning("passed over: %s", damage.message)


def _enter_slot(stack: ExitStack, channel: str) -> None:
    from prefect.concurrency import sync
    from prefect.concurrency._asyncio import ConcurrencySlotAcquisitionError  # the public module does not name it

    name = limit_name(channel)
    _await_server(name, channel)
    until, patience = time.monotonic() + TURN_SECONDS, _LOOK_AGAIN_SECONDS
    answered = time.monotonic()
    while time.monotonic() < until:
        try:
            # not strict about renewal: a server that restarts must not end hours of training; the channel's own
            # compare-and-swap guards what is written
            held = sync.concurrency(
                name,
                strict=True,
                timeout_seconds=max(min(patience, until - time.monotonic()), 0.1),
                lease_duration=LEASE_SECONDS,
                raise_on_lease_renewal_failure=False,
            )
            stack.enter_context(held)
            return
        except TimeoutError:
            answered, patience = time.monotonic(), TURN_SECONDS
            _tell_wait(
                f"channel '{channel}' is being changed by another run; waiting up to {TURN_SECONDS / 60:.0f} min"
            )
        except ConcurrencySlotAcquisitionError as error:  # the server went away in between: wait and ask again
            if time.monotonic() - answered > SERVER_SECONDS:
                raise StoreUnavailableError(
                    f"the Prefect server at {server_address()} does not give out '{name}' ({error}); "
                    "read its log, then run this again"
                ) from error
            time.sleep(_LOOK_AGAIN_SECONDS)
            _await_server(name, channel)
    raise BusyError(
        f"channel '{channel}' was being changed by another run for {TURN_SECONDS / 60:.0f} min; look at the running "
        "flow runs, cancel one, or run this again later"
    )


def _await_server(name: str, channel: str) -> None:
    """Wait for a server that is being started again, and for nothing else.

    Raises:
        UsageError: it answers, and has no such limit.
        StoreUnavailableError: it did not answer in time.
    """
    from prefect.client import orchestration
    from prefect.exceptions import ObjectNotFound

    until = time.monotonic() + SERVER_SECONDS
    while True:
        try:
            with orchestration.get_client(sync_client=True) as client:
                client.read_global_concurrency_limit_by_name(name)
            return
        except ObjectNotFound as error:
            raise UsageError(
                f"the server has no concurrency limit '{name}', without which two runs could change channel "
                f"'{channel}' at once; `minicoil deploy --channel {channel}` creates it"
            ) from error
        except httpx.HTTPError as error:
            if time.monotonic() > until:
                raise StoreUnavailableError(
                    f"the Prefect server at {server_address()} does not answer "
                    f"({type(error).__name__}); start it and run this again"
                ) from error
            time.sleep(_LOOK_AGAIN_SECONDS)


def _enter_home(stack: ExitStack, home: Path, command: str, shared: bool) -> None:
    """A home has one writer, whatever the channel: another channel's run is waited for."""
    until, told = time.monotonic() + TURN_SECONDS, False
    while True:
        try:
            stack.enter_context(writer_lock(home, command, shared=shared))
            return
        except BusyError as error:
            if time.monotonic() > until:
                raise
            if not told:
                _tell_wait(str(error))
            told = True
            time.sleep(_LOOK_AGAIN_SECONDS)


def _tell_wait(reason: str) -> None:
    """To those who look at the run's page, and to whoever sits before the command."""
    message = f"{reason}; waiting up to {TURN_SECONDS / 60:.0f} min"
    run_logger().warning(message)
    tries.warning(message)


@contextmanager
def _naming_a_full_disk(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise StoreError(f"no space left writing {error.filename or home}; {FREE_SOME}") from error
