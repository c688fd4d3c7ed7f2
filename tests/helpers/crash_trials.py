"""Trials: a scenario, where it runs, and when it is killed; written as one line, so that a failure can be replayed."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MOST_KILLS = 5  # in a row, before the command may finish
OWNER_SHARE = 1 / 3  # of kills take the engine's owner process along


@dataclass(frozen=True)
class Kill:
    """When: "step" N (before its Nth step outward), "seconds" S, or "owner" N (the owner alone, at an operation)."""

    kind: str
    value: float
    with_owner: bool = False

    @property
    def request(self) -> dict[str, Any]:
        """What the crash server is told."""
        key = {"step": "at_step", "seconds": "after_seconds", "owner": "owner_at_step"}[self.kind]
        value = self.value if self.kind == "seconds" else int(self.value)
        return {key: value, "with_owner": self.with_owner}

    def __str__(self) -> str:
        return f"{self.kind}:{self.value:g}{'+owner' if self.with_owner else ''}"

    @staticmethod
    def parse(text: str) -> "Kill":
        moment, _, owner = text.partition("+")
        kind, value = moment.split(":")
        return Kill(kind, float(value), owner == "owner")


@dataclass(frozen=True)
class Trial:
    """One home's fate, as `extend/s3/step:17,seconds:0.31+owner`."""

    scenario: str
    store: str
    kills: tuple[Kill, ...]

    def __str__(self) -> str:
        return f"{self.scenario}/{self.store}/{','.join(map(str, self.kills))}"

    @staticmethod
    def parse(text: str) -> "Trial":
        scenario, store, kills = text.split("/")
        return Trial(scenario, store, tuple(Kill.parse(kill) for kill in kills.split(",")))


@dataclass(frozen=True)
class Extent:
    """How long a command is when nobody disturbs it."""

    seconds: float
    steps: int


def draw_trials(
    rng: random.Random, places: Sequence[tuple[str, str]], measure: Callable[[str, str], Extent], n_kills: int
) -> Iterator[Trial]:
    """Trials with `n_kills` kills in all: by steps, spread over the whole command, by time, and of the owner alone."""
    n_drawn, number = 0, rng.randrange(1000)
    while n_drawn < n_kills:
        where = places[number % len(places)]
        extent = measure(*where)
        kills = []
        for turn in range(min(rng.randint(1, MOST_KILLS), n_kills - n_drawn)):
            with_owner = rng.random() < OWNER_SHARE
            kind = rng.choice(("step", "step", "step", "seconds", "seconds", "owner"))
            if kind == "seconds":
                kills.append(Kill(kind, round(rng.uniform(0, extent.seconds), 3), with_owner))
            elif kind == "step":
                # golden ratio: however many are drawn, they are spread evenly over the steps
                share = ((number + turn / MOST_KILLS) * 0.6180339887498949) % 1
                kills.append(Kill(kind, 1 + int(share * extent.steps), with_owner))
            else:
                kills.append(Kill(kind, rng.randint(1, max(extent.steps // 4, 2))))
        n_drawn += len(kills)
        number += 1
        yield Trial(*where, tuple(kills))


def draw_moments(
    rng: random.Random, places: Sequence[tuple[str, str]], longest: Callable[[], float], n_kills: int
) -> Iterator[Trial]:
    """Trials with `n_kills` kills by time alone, within what commands were seen to take so far."""
    number = rng.randrange(len(places))
    for n_left in range(n_kills, 0, -2):
        moments = [round(rng.uniform(1.0, longest()), 2) for _ in range(min(2, n_left))]
        yield Trial(
            *places[number % len(places)], tuple(Kill("seconds", m, rng.random() < OWNER_SHARE) for m in moments)
        )
        number += 1
