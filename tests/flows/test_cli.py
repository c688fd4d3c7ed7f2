"""The command answers for itself: its version once, and at once where nothing heavy is needed."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

import minicoil
from flows.cli import main

ROOT = Path(__file__).parents[2]


def call(*arguments, text=None):
    return CliRunner().invoke(main, list(arguments), input=text)


def test_the_version_is_said_once():
    answer = call("--version")
    assert answer.exit_code == 0 and answer.output == f"minicoil, version {minicoil.__version__}\n"
    assert version("minicoil-service") == minicoil.__version__


# -- light imports

LIGHT = """
import resource, sys
from flows.cli import main
for words in {commands}:
    try:
        main([*words.split(), "--home", {home!r}])
    except SystemExit:
        pass
heavy = {{"torch", "prefect", "transformers", "boto3", "onnx", "datasets", "sklearn", "scipy"}} & set(sys.modules)
print("heavy:", sorted(heavy), resource.getrusage(resource.RUSAGE_SELF).ru_utime)
"""


@pytest.mark.parametrize(
    "commands",
    [["--help"], ["words", "words pod"], ["release list", "release show 1", "release readers"], ["search docs pods"]],
)
def test_commands_that_only_look_start_without_torch_and_prefect(commands, tmp_path):
    code = LIGHT.format(commands=commands, home=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    (said,) = (line for line in done.stdout.splitlines() if line.startswith("heavy:"))
    assert said.startswith("heavy: []")
    assert float(said.split()[-1]) < 1.5  # seconds of CPU, of all of them together


def test_a_command_that_is_none_is_bad_usage_and_the_page_names_those_that_are():
    answer = call("no-such-command")
    assert answer.exit_code == 2 and "no-such-command" in answer.stderr
    page = call("-h").output
    assert all(f"\n  {name}" in page for name in main.commands)


@pytest.mark.parametrize(
    ("arguments", "flow"),
    [
        (["index", "docs", "--corpus", "x"], "index-collection"),
        (["extend", "pod", "--corpus", "x"], "extend-vocabulary"),
        (["retrain", "--corpus", "x"], "retrain-words"),
        (["remove", "pod"], "remove-words"),
        (["reencode", "docs"], "reencode-collections"),
        (["rebuild", "docs", "docs-2"], "rebuild-collection"),
        (["attach", "docs", "--vector", "v"], "attach-collection"),
        (["adopt", "docs"], "adopt-collection"),
    ],
)
def test_a_command_is_a_thin_door_to_its_flow(arguments, flow, monkeypatch, tmp_path):
    begun = []
    monkeypatch.setattr("flows.cli.run_flow", lambda name, values: begun.append((name, values)) or {})
    answer = call(*arguments, "--home", str(tmp_path))
    ((name, values),) = begun
    assert answer.exit_code == 0 and name == flow and values["home"] == str(tmp_path)
