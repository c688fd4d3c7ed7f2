"""Commands while the network between them and a real Prefect server fails: they finish, or say so and finish when run again.

By hand: `MINICOIL_SERVER_FAULTS=100 pytest -m slow tests/flows/test_server_faults.py`; the seed is in the log,
MINICOIL_SEED replays it.
"""

import logging
import os
import random
import time

import pytest
from crash_checks import CHANNEL, Checker, Undisturbed, differences
from crash_homes import CrashHomes, CrashServer, last_answer, make_encoder
from fault_proxy import FaultProxy, RandomFaults, no_fault
from prefect_server import PrefectServer

from flows.turns import limit_name
from tasks.channels import read_channel

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


def endure(name, share, homes, checker, expected, proxy, seed):
    """Run a command under faults until it ends well; how often it had to be run.

    Raises:
        AssertionError: it ended otherwise than by a clear error, or what came of it is wrong.
    """
    scenario = homes.scenarios[name]
    place = homes.copy(scenario, "file")
    current = read_channel(place.objects(), CHANNEL).current
    proxy.fault = Faults(seed, share)
    for n_runs in range(1, MOST_RUNS + 1):
        answer = homes.run(place, scenario.arguments, may_fail=True)
        current = checker.check(place, current)
        if answer["status"] == 0:
            break
        text = place.home.with_suffix(".log").read_text(errors="replace")
        assert answer["status"] == 1 and "{" in text, text[-3000:]
        said = last_answer(place)
        assert said["error"] == "StoreUnavailableError" and "the Prefect server at" in said["message"], text[-3000:]
        proxy.fault = Faults(seed + n_runs, SHARE)  # it was shown to fail clearly; now it must finish
    else:
        raise AssertionError(f"'{name}' did not finish in {MOST_RUNS} runs")
    proxy.fault = no_fault
    wrong = differences(checker.snapshot(place), expected)
    assert not wrong, "; ".join(wrong)[:2000]
    homes.discard(place)
    return n_runs


def test_commands_finish_while_the_prefect_server_fails(homes, proxy, server):
    checker = Checker()
    undisturbed = Undisturbed(homes, checker)
    rng, failures, runs = random.Random(SEED), [], []
    while len(runs) < len(COMMANDS) or proxy.injected.total() < (N_FAULTS or FEW):
        name, seed = COMMANDS[len(runs) % len(COMMANDS)], rng.randrange(10**9)
        share = SHARE if len(runs) % 3 else HARSH_SHARE
        expected = undisturbed(name, "file")[1]
        runs.append(0)
        try:
            runs[-1] = endure(name, share, homes, checker, expected, proxy, seed)
        except Exception as error:
            failures.append(f"{name} under seed {seed}, share {share}: {type(error).__name__}: {str(error)[:3000]}")
            log.warning("%s", failures[-1])
        finally:
            proxy.fault = no_fault
    n, injected = proxy.injected.total(), dict(proxy.injected)
    log.warning("seed %s: %d faults, %s, in %d commands, run %s times", SEED, n, injected, len(runs), runs)
    assert not failures, "\n\n".join(failures)
    states = [run["state_type"] for run in server.post("/flow_runs/filter", {})]
    assert states.count("COMPLETED") >= len(runs)
