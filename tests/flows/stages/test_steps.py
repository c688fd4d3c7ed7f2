"""Steps have names of their own on a run's page, and a clock adds up what each of them took."""

import ast
import inspect
import re

import pytest

from flows.stages import steps
from flows.stages.steps import Clock


def test_seconds_of_a_step_that_runs_twice_add_up():
    clock = Clock()
    for _ in range(2):
        with clock.timing("reading"):
            pass
    assert list(clock.seconds) == ["reading"] and clock.seconds["reading"] >= 0


def test_every_step_has_a_name_of_its_own():
    tree = ast.parse(inspect.getsource(steps))
    made = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)]
    found = {node.targets[0].id: node.value.args[1].value for node in made if node.value.func.id == "step"}
    assert len(found) > 40 and len(set(found.values())) == len(found)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in found.values()), found


def test_a_clock_counts_what_failed_too_and_the_cpu_of_this_process():
    clock = Clock()
    with pytest.raises(ValueError, match="broken"), clock.timing("reading"):
        raise ValueError("broken")
    assert clock.seconds["reading"] >= 0 and 0 <= clock.cpu_minutes < 5
