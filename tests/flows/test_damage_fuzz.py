"""Commands on damaged homes, stores and corpora: one line that names what is damaged and what to do; nothing is changed.

`MINICOIL_FUZZ=20000 pytest tests/flows/test_damage_fuzz.py` tries more combinations; `MINICOIL_FUZZ_SEED` says which.
"""

import os
import random
import re
import shlex
import shutil

import click
import pytest
from click.testing import CliRunner
from command_lines import check_usage
from damaged_homes import KINDS, Command, Damaged, commands, make_home, make_models, strangers
from without_prefect import without_prefect

from flows.cli import main
from flows.failures import UNEXPECTED

COMBINATIONS = int(os.environ.get("MINICOIL_FUZZ", "500"))
SEED = int(os.environ.get("MINICOIL_FUZZ_SEED", "20261128"))
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(max(600, COMBINATIONS * 3))]
# words of a next move that is no command
MOVES = re.compile(
    r"restore|pull the release again|copy the folder again|\bgive\b|\bremove\b|delete|\bset it\b|check the path|roll back|run the same|use another|install"
)


@pytest.fixture(scope="module")
def home(tiny_encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    with without_prefect():
        made = make_home(folder / "fuzz", make_models(folder / "models", tiny_encoder), tiny_encoder)
        yield made
        made.stop_engine()


def run(home, command: Command):
    answer = CliRunner().invoke(main, [*command.arguments, "--home", str(home.place.home)], input=command.stdin)
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer


def faults_of(answer, names) -> list[str]:
    """What is wrong with how a command failed."""
    lines = answer.stderr.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    others = [line for line in lines if not line.startswith(("error: ", "passed over: ", "  "))]
    faults = []
    if not errors and answer.stdout:  # a verdict: the answer itself says what is wrong
        errors = [" ".join(answer.stdout.splitlines())]
    if len(errors) != 1 or others:
        faults.append("is told in more or less than one line")
    said = " ".join(errors)
    if UNEXPECTED in answer.stderr or "Traceback" in answer.stderr:
        faults.append("is called ours to mend")
    if not any(name in said for name in names):
        faults.append(f"names none of {', '.join(names)}")
    quoted = re.findall(r"`(minicoil [^`]+)`", said)
    if not quoted and not MOVES.search(said):
        faults.append("gives no next move")
    for text in quoted:
        try:
            check_usage(["9" if word in ("N", "X") else word for word in shlex.split(text)[1:]])
        except click.UsageError as error:
            faults.append(f"recommends what does not parse: {text} ({error.format_message()})")
    return faults


def test_every_command_is_content_with_a_sound_home(home, tmp_path):
    tree, points = home.tree(home.inputs), home.points()
    for command in commands(home, tmp_path / "out"):
        answer = run(home, command)
        assert answer.exit_code == 0, (command.arguments, answer.stderr)
    assert strangers(tree, home.tree(home.inputs)) == [] and strangers(points, home.points()) == []


def test_damage_is_named_with_the_way_out_and_nothing_is_changed(home, tmp_path):
    rng, out = random.Random(SEED), tmp_path / "out"
    pairs = [(command, name) for command in commands(home, out) for name in command.objects]
    points, found = home.points(), {}
    n_refused = 0
    for number in range(COMBINATIONS):
        command, name = rng.choice(pairs)
        kind = rng.choice(KINDS)
        path = home.objects[name]
        is_engine = name == "engine's schema"
        if is_engine:
            if number % 8:  # each costs a start of the engine
                continue
            home.stop_engine()
        before = home.tree(path)
        what = f"{' '.join(command.arguments[:2])} | {name} | {kind}"
        with Damaged(path, kind, rng):
            try:
                answer = run(home, command)
            except AssertionError as error:
                found.setdefault(f"{what}: {error}", "")
                continue
            if is_engine:
                home.stop_engine()
            changed = strangers(before, home.tree(path))
            if command.arguments[0] == "index" and name == "record":  # which mends it, and keeps what was there
                changed = [key for key in changed if not key.startswith("damaged/")]
        faults = [f"changes {', '.join(changed[:3])}"] if changed else []
        if answer.exit_code:
            n_refused += 1
            faults += faults_of(answer, home.names[name])
            if answer.exit_code not in (1, 2):
                faults.append(f"ends with status {answer.exit_code}")
        elif UNEXPECTED in answer.stderr:
            faults.append("is called ours to mend, and goes on")
        shutil.rmtree(out, ignore_errors=True)
        for fault in faults:
            found.setdefault(
                f"{what}: {fault}", answer.stderr.strip().splitlines()[-1][:600] if answer.stderr.strip() else ""
            )
    assert strangers(points, home.points()) == []
    assert not found, "\n".join(f"{what}\n    {said}" for what, said in sorted(found.items()))
    assert n_refused > COMBINATIONS // 8
