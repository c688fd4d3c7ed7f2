"""One command under faults of the network, run until it ends well, and many of them one after another."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from crash_checks import CHANNEL, differences
from crash_homes import last_answer
from fault_proxy import no_fault

from tasks.catalogue.channels import read_channel


@dataclass(frozen=True)
class Weather:
    """What the network does to a command, and how a command may fail under it.

    Attributes:
        store: "file" or "s3".
        faults: (seed, share, failed runs so far) -> faults of the next run.
        check_error: Told the place and what a failed run said; raises where that is no clear error.
        most_runs: Until a command has to end well.
        environment: Of each run.
    """

    store: str
    faults: Callable
    check_error: Callable
    most_runs: int
    environment: dict


def endure(name, share, seed, weather, homes, checker, expected, proxy):
    """Run a command under faults until it ends well; how often it had to be run.

    Raises:
        AssertionError: it ended otherwise than by a clear error, or what came of it is wrong.
    """
    scenario = homes.scenarios[name]
    place = homes.copy(scenario, weather.store)
    current = read_channel(place.objects(), CHANNEL).current
    for n_failed in range(weather.most_runs):
        proxy.fault = weather.faults(seed, share, n_failed)
        answer = homes.run(place, scenario.arguments, may_fail=True, environment=weather.environment)
        current = checker.check(place, current)
        if answer["status"] == 0:
            break
        text = place.home.with_suffix(".log").read_text(errors="replace")
        assert answer["status"] == 1 and "{" in text, text[-3000:]
        weather.check_error(place, last_answer(place))
    else:
        raise AssertionError(f"'{name}' did not finish in {weather.most_runs} runs")
    proxy.fault = no_fault
    wrong = differences(checker.snapshot(place), expected)
    assert not wrong, "; ".join(wrong)[:2000]
    homes.discard(place)
    return n_failed + 1


def endure_all(commands, seed, shares, enough, weather, homes, checker, undisturbed, proxy, log):
    """One command after another until `enough(runs)`; how often each had to be run, and what failed.

    Args:
        shares: Of requests that fail: usually, and every third time.
    """
    rng, failures, runs = random.Random(seed), [], []
    while not enough(runs):
        name, own_seed = commands[len(runs) % len(commands)], rng.randrange(10**9)
        share = shares[0] if len(runs) % 3 else shares[1]
        expected = undisturbed(name, weather.store)[1]
        runs.append(0)
        try:
            runs[-1] = endure(name, share, own_seed, weather, homes, checker, expected, proxy)
        except Exception as error:
            failures.append(f"{name} under seed {own_seed}, share {share}: {type(error).__name__}: {str(error)[:3000]}")
            log.warning("%s", failures[-1])
        finally:
            proxy.fault = no_fault
    n, injected = proxy.injected.total(), dict(proxy.injected)
    log.warning("seed %s: %d faults, %s, in %d commands, run %s times", seed, n, injected, len(runs), runs)
    return runs, failures
