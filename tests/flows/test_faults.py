"""Whole commands while the network between them and S3 fails: they finish, or say why and finish when run again.

By hand: `MINICOIL_FAULTS=200 pytest -m slow tests/flows/test_faults.py`; the seed is in the log, MINICOIL_SEED replays it.
"""

import logging
import os
import random
import time

import pytest
from crash_checks import CHANNEL, differences
from crash_homes import last_answer
from fault_proxy import FaultProxy, RandomFaults

from tasks.channels import read_channel

SEED = int(os.environ.get("MINICOIL_SEED", str(int(time.time()))))
N_FAULTS = int(os.environ.get("MINICOIL_FAULTS", "20"))
SHARE = 0.08  # of requests; with four tries of each, one in some ten thousand fails for good
HARSH_SHARE = 0.45  # so many that commands do fail for good
MOST_RUNS = 12
COMMANDS = ("extend", "publish", "promote", "contract", "retrain", "remove", "index")
log = logging.getLogger(__name__)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(7200),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # moto's own sockets
]


@pytest.fixture
def proxy(s3_environment):
    proxy = FaultProxy(s3_environment)
    yield proxy
    proxy.close()


def endure(name, share, homes, checker, expected, proxy, seed):
    """Run a command under faults until it ends well; how often it had to be run.

    Raises:
        AssertionError: it ended otherwise than by a clear error, or what came of it is wrong.
    """
    scenario = homes.scenarios[name]
    place = homes.copy(scenario, "s3")
    current = read_channel(place.objects(), CHANNEL).current
    proxy.fault = RandomFaults(seed, share)
    for n_runs in range(1, MOST_RUNS + 1):
        answer = homes.run(
            place, scenario.arguments, may_fail=True, environment={"MINICOIL_S3_ENDPOINT_URL": proxy.address}
        )
        current = checker.check(place, current)
        if answer["status"] == 0:
            break
        said = last_answer(place)
        assert answer["status"] == 1 and said["error"].startswith("Store"), said
        assert place.store_url in said["message"], said
        if n_runs >= MOST_RUNS // 2:  # it was shown to fail clearly; now it must finish
            proxy.fault = RandomFaults(seed, SHARE)
    else:
        raise AssertionError(f"'{name}' did not finish in {MOST_RUNS} runs")
    wrong = differences(checker.snapshot(place), expected)
    assert not wrong, "; ".join(wrong)[:2000]
    homes.discard(place)
    return n_runs


def test_commands_finish_while_the_network_fails(homes, checker, undisturbed, proxy):
    rng, failures, runs = random.Random(SEED), [], []
    while proxy.injected.total() < N_FAULTS:
        name, seed = COMMANDS[len(runs) % len(COMMANDS)], rng.randrange(10**9)
        share = SHARE if len(runs) % 3 else HARSH_SHARE
        expected = undisturbed(name, "s3")[1]
        runs.append(0)
        try:
            runs[-1] = endure(name, share, homes, checker, expected, proxy, seed)
        except Exception as error:
            failures.append(f"{name} under seed {seed}, share {share}: {type(error).__name__}: {str(error)[:3000]}")
            log.warning("%s", failures[-1])
    log.warning("seed %s: %s in %d commands, run %s times", SEED, dict(proxy.injected), len(runs), runs)
    assert not failures, "\n\n".join(failures)
