"""kill -9 of every command at any moment: what is published stays, search stays right, the same command finishes.

By hand: `MINICOIL_KILLS=500 MINICOIL_COMMAND_KILLS=50 pytest -m slow tests/flows/test_crashes.py`; a failure names what
replays it.
"""

import logging
import os
import random
import time

import pytest
from crash_checks import CHANNEL, differences
from crash_command_line import CommandLine
from crash_trials import Trial, draw_moments, draw_trials

from tasks.catalogue.channels import read_channel

SEED = int(os.environ.get("MINICOIL_SEED", str(int(time.time()))))
N_KILLS = int(os.environ.get("MINICOIL_KILLS", "12"))
N_COMMAND_KILLS = int(os.environ.get("MINICOIL_COMMAND_KILLS", "2"))
REPLAY = os.environ.get("MINICOIL_REPLAY")

log = logging.getLogger(__name__)


def suffer(trial, homes, checker, expected, died, runner=None):
    """Kill, check, and let the same command finish; what was really killed is added to `died`.

    Raises:
        AssertionError: an invariant does not hold, or the end is another than the undisturbed one.
    """
    scenario = homes.scenarios[trial.scenario]
    place = homes.copy(scenario, trial.store)
    current = read_channel(place.objects(), CHANNEL).current
    for kill in trial.kills:
        answer = homes.run(place, scenario.arguments, runner, **kill.request)
        if answer["status"] < 0 or kill.kind == "owner":
            died.append(kill)
        current = checker.check(place, current)
    homes.run(place, scenario.arguments, runner)
    checker.check(place, current)
    wrong = differences(checker.snapshot(place), expected)
    assert not wrong, "; ".join(wrong)[:2000]
    homes.discard(place)


def suffer_all(trials, homes, checker, undisturbed, runner=None):
    """Every trial, whatever became of those before it; the last line of the log counts them."""
    failures, died, n_trials = [], [], 0
    for trial in trials:
        n_trials += 1
        try:
            suffer(trial, homes, checker, undisturbed(trial.scenario, trial.store)[1], died, runner)
        except Exception as error:
            failures.append(f"MINICOIL_REPLAY='{trial}': {type(error).__name__}: {str(error)[:3000]}")
            log.warning("%s", failures[-1])
        log.info("%d kills in %d trials; the last was %s", len(died), n_trials, trial)
    n_owners = sum(kill.with_owner or kill.kind == "owner" for kill in died)
    log.warning(
        "seed %s: %d kills (%d of the engine's owner too) in %d trials, %d failed",
        SEED, len(died), n_owners, n_trials, len(failures),
    )  # fmt: skip
    assert not failures, "\n\n".join(failures)


PLACES = [
    (name, store)
    for name in ("index", "extend", "retrain", "remove", "publish", "promote", "contract")
    for store in ("file", "s3")
]


@pytest.mark.slow
@pytest.mark.timeout(14400)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets
def test_every_command_survives_kill_nine_at_any_step(homes, checker, undisturbed):
    drawn = draw_trials(random.Random(SEED), PLACES, lambda *where: undisturbed(*where)[0], N_KILLS)
    suffer_all([Trial.parse(REPLAY)] if REPLAY else drawn, homes, checker, undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(14400)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_command_line_survives_kill_nine_of_all_that_it_started(homes, checker, undisturbed):
    rng, runner = random.Random(SEED), CommandLine()
    drawn = draw_moments(rng, PLACES, lambda: runner.longest, N_COMMAND_KILLS)
    suffer_all([Trial.parse(REPLAY)] if REPLAY else drawn, homes, checker, undisturbed, runner)
