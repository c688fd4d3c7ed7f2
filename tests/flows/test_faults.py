"""Whole commands while the network between them and S3 fails: they finish, or say why and finish when run again.

By hand: `MINICOIL_FAULTS=200 pytest -m slow tests/flows/test_faults.py`; the seed is in the log, MINICOIL_SEED replays it.
"""

import logging
import os
import time

import pytest
from fault_proxy import FaultProxy, RandomFaults
from fault_trials import Weather, endure_all

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


def faults(seed, share, n_failed):
    """The share asked for, until a command was shown to fail clearly; then it must finish."""
    return RandomFaults(seed, share if n_failed < MOST_RUNS // 2 else SHARE)


def check_error(place, said):
    assert said["error"].startswith("Store"), said
    assert place.store_url in said["message"], said


def test_commands_finish_while_the_network_fails(homes, checker, undisturbed, proxy):
    weather = Weather("s3", faults, check_error, MOST_RUNS, {"MINICOIL_S3_ENDPOINT_URL": proxy.address})

    def enough(_runs):
        return proxy.injected.total() >= N_FAULTS

    shares = (SHARE, HARSH_SHARE)
    _, failures = endure_all(COMMANDS, SEED, shares, enough, weather, homes, checker, undisturbed, proxy, log)
    assert not failures, "\n\n".join(failures)
