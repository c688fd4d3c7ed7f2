"""Commands while the network between them and a real Prefect server fails: they finish, or say so and finish when run again.

By hand: `MINICOIL_SERVER_FAULTS=100 pytest -m slow tests/flows/test_server_faults.py`; the seed is in the log,
MINICOIL_SEED replays it.
"""

import logging
import os
import time

import pytest
from crash_checks import CHANNEL, Checker, Undisturbed
from crash_homes import CrashHomes, CrashServer, make_encoder
from fault_proxy import FaultProxy, RandomFaults
from fault_trials import Weather, endure_all
from prefect_server import PrefectServer

from flows.orchestration.turns import limit_name

SEED = int(os.environ.get("MINICOIL_SEED", str(int(time.time()))))
N_FAULTS = int(os.environ.get("MINICOIL_SERVER_FAULTS", "0"))  # 0: what fits a minute
FEW = 6
SHARE, HARSH_SHARE = 0.1, 0.7  # of requests; with three tries of each, commands do fail for good under the second
MOST_RUNS = 8
COMMANDS = ("index", "extend")
# A slot that was given to somebody who never heard of it is free again after a minute, too long for the short run.
LOSES_A_SLOT = ("reset", "cut", "twice")
log = logging.getLogger(__name__)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = PrefectServer(tmp_path_factory.mktemp("server") / "home", (limit_name(CHANNEL),))
    yield server
    server.close()


@pytest.fixture(scope="module")
def proxy(server):
    proxy = FaultProxy(server.url)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def homes(server, proxy, tiny_encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("flows")
    prefect = {
        "PREFECT_API_URL": f"{proxy.address}/api",
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_PROFILES_PATH": str(folder / "prefect" / "profiles.toml"),
        "PREFECT_CLIENT_MAX_RETRIES": "2",  # enough for SHARE; the usual number only makes failing for good slow
    }
    crash_server = CrashServer(folder / "server.log", prefect)  # imports while the Prefect server starts
    server.wait()
    yield CrashHomes(folder, make_encoder(tiny_encoder, folder / "encoder"), crash_server, None, None)
    crash_server.close()


class Faults(RandomFaults):
    """Random ones; of those that lose a slot only as many as there is time for."""

    def __call__(self, method, path):
        fault = super().__call__(method, path)
        return None if not N_FAULTS and fault in LOSES_A_SLOT and "concurrency_limits" in path else fault


def faults(seed, share, n_failed):
    """The share asked for; once a command was shown to fail clearly, it must finish."""
    return Faults(seed + n_failed, SHARE if n_failed else share)


def check_error(_place, said):
    assert said["error"] == "StoreUnavailableError" and "the Prefect server at" in said["message"], said


def test_commands_finish_while_the_prefect_server_fails(homes, proxy, server):
    checker, weather = Checker(), Weather("file", faults, check_error, MOST_RUNS, {})
    undisturbed = Undisturbed(homes, checker)

    def enough(runs):
        return len(runs) >= len(COMMANDS) and proxy.injected.total() >= (N_FAULTS or FEW)

    shares = (SHARE, HARSH_SHARE)
    runs, failures = endure_all(COMMANDS, SEED, shares, enough, weather, homes, checker, undisturbed, proxy, log)
    assert not failures, "\n\n".join(failures)
    states = [run["state_type"] for run in server.post("/flow_runs/filter", {})]
    assert states.count("COMPLETED") >= len(runs)
