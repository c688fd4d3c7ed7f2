"""The command line as people meet it: help, version, completion, exit status, what a terminal and a pipe get."""

import json
import os
import pty
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from command_lines import check_commands

import minicoil
from flows.cli import main
from flows.command_line.help_pages import EXAMPLES, STATUS, every_command
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.registry import CollectionRecord, register_collection
from tasks.place import Place
from tasks.readers.readers import register_reader
from tasks.store.audit import record_deed

ROOT = Path(__file__).parents[3]
COMMANDS = dict(every_command(main))


def call(*arguments, text=None):
    return CliRunner().invoke(main, list(arguments), input=text)


@pytest.fixture
def home(tmp_path):
    """Two collections, registered, and a channel that was moved; nothing else."""
    store = Place.at(tmp_path).objects()
    for name in ("docs", "drafts"):
        row = {"name": name, "channel": "production", "k": 1.2, "b": 0.75, "avg_len": 40.0, "dims": 4, "shift": 64000}
        register_collection(store, CollectionRecord(**row, encoder="minilm", encoder_digest="0" * 64))
    set_pending(store, "staging", 1, None)
    move_current(store, "staging", 1)
    return tmp_path


# -- help and version


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_every_help_has_examples_that_parse_and_the_exit_status(path):
    shown = call(*path.split(), "--help")
    assert shown.exit_code == 0
    assert STATUS in " ".join(shown.output.split())
    assert EXAMPLES[path] and all(line in shown.output for line in EXAMPLES[path])
    for line in EXAMPLES[path]:
        assert check_commands(line) == 1 and path in line


def test_there_are_examples_of_nothing_else():
    assert set(EXAMPLES) == set(COMMANDS)


def test_every_command_and_option_says_what_it_is_for():
    silent = [path for path, command in COMMANDS.items() if not command.help]
    for path, command in COMMANDS.items():
        silent += [f"{path} {p.opts[0]}" for p in command.params if p.param_type_name == "option" and not p.help]
    assert not silent


def test_the_version_is_said_once():
    answer = call("--version")
    assert answer.exit_code == 0 and answer.output == f"minicoil, version {minicoil.__version__}\n"
    assert version("minicoil-service") == minicoil.__version__


# -- completion


def complete(home, *words, begun=""):
    arguments = [*words[:1], "--home", str(home), *words[1:]]
    found = ShellComplete(main, {}, "minicoil", "_MINICOIL_COMPLETE").get_completions(arguments, begun)
    return [item.value for item in found]


def test_the_shell_completes_commands_options_and_names(home):
    asked = {"COMP_WORDS": "minicoil re", "COMP_CWORD": "1", "_MINICOIL_COMPLETE": "bash_complete"}
    done = subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main(prog_name='minicoil')"],
        env={**os.environ, **asked},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        f"plain,{name}" for name in ("rebuild", "reencode", "release", "remove", "retrain")
    ]
    assert complete(home, "search", begun="d") == ["docs", "drafts"]
    assert complete(home, "reencode", "docs", begun="dr") == ["drafts"]
    assert complete(home, "words", "--channel", begun="st") == ["staging"]
    assert "--common" in complete(home, "extend", begun="--co")


def test_completion_looks_at_no_network_and_never_complains(home, monkeypatch):
    monkeypatch.setenv("MINICOIL_STORE", "s3://nowhere/x")
    assert complete(home, "search", begun="d") == []
    monkeypatch.setenv("MINICOIL_STORE", (home / "absent").as_uri())
    assert complete(home, "search", begun="d") == [] and not (home / "absent").exists()
    monkeypatch.delenv("MINICOIL_STORE")
    (home / "store" / "collections" / "docs.json").write_text("{")
    assert complete(home, "search", begun="d") == ["drafts"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_library_writes_the_completion_script_of_each_shell(shell):
    answer = CliRunner(env={"_MINICOIL_COMPLETE": f"{shell}_source"}).invoke(main, [], prog_name="minicoil")
    assert "minicoil" in answer.output and f"{shell}_complete" in answer.output


# -- exit status


@pytest.mark.parametrize(
    ("status", "arguments"),
    [
        (0, ["release", "list"]),
        (0, ["release", "waiting"]),
        (1, ["search", "nowhere", "pods"]),
        (1, ["words"]),
        (1, ["release", "show", "7"]),
        (2, ["try", "/nowhere"]),
        (2, ["search", "docs"]),
        (2, ["search", "docs", "pods", "--limit", "0"]),
        (2, ["words", "--no-such-option"]),
        (2, ["words", "--quiet", "--verbose"]),
        (2, ["no-such-command"]),
        (2, ["release", "list", "--store", "s3://me:secret@bucket/x"]),
    ],
)
def test_the_exit_status_says_what_the_help_says(status, arguments, tmp_path):
    place = ["--home", str(tmp_path)] if arguments[0] != "no-such-command" else []
    answer = call(*arguments, *place)
    assert answer.exit_code == status, answer.output
    assert bool(answer.stderr) == (status != 0)
    if status == 1:
        said = json.loads(call(*arguments, *place, "--json").stdout)
        assert set(said) == {"error", "message"} and said["message"] in answer.stderr


def test_a_result_that_was_refused_and_an_interruption_end_with_1(bundle, tmp_path, monkeypatch):
    encode = ("encode", "--model", str(bundle), "--home", str(tmp_path), "--format", "jsonl")
    assert call(*encode, text='{"text": "pods"}\n').exit_code == 0
    refused = call(*encode, "--quiet", text="nothing\n")
    assert refused.exit_code == 1 and "1 bad: line 1" in refused.stderr  # what was lost is said even then
    monkeypatch.setattr("tasks.report.list_words", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    interrupted = call("words", "--home", str(tmp_path), "--quiet")
    assert interrupted.exit_code == 1 and "interrupted" in interrupted.stderr


def test_quiet_leaves_the_answer_alone(bundle, tmp_path):
    encode = ("encode", "--model", str(bundle), "--home", str(tmp_path))
    loud, quiet = call(*encode, text="pods\n"), call(*encode, "--quiet", text="pods\n")
    assert loud.stdout == quiet.stdout and "1 of 1 lines encoded" in loud.stderr and not quiet.stderr


def test_who_deleted_what_is_listed(home):
    assert "nothing was forgotten" in call("release", "audit", "--home", str(home)).stdout
    record_deed(Place.at(home).objects(), "prune", {"pruned": [1, 6], "abandoned": [], "freed_bytes": 5})
    said = call("release", "audit", "--home", str(home)).stdout
    assert "prune" in said and "pruned 1, 6; freed_bytes 5" in said and "abandoned" not in said
    (deed,) = json.loads(call("release", "audit", "--home", str(home), "--json").stdout)["deeds"]
    assert deed["facts"]["pruned"] == [1, 6] and deed["who"] and deed["at"]


def test_readers_that_say_nothing_are_registered_declared_and_listed(home):
    def said(*arguments):
        answer = call("release", "readers", "--home", str(home), *arguments, "--json")
        assert answer.exit_code == 0, answer.stderr
        return json.loads(answer.stdout)

    assert [row["all_readers_known"] for row in said()["collections"]] == [True, True]  # nobody else can search a home
    assert "docs: readers may say nothing" in said("--unknown", "--collection", "docs")["message"]
    rows = {row["collection"]: row for row in said()["collections"]}
    assert not rows["docs"]["all_readers_known"] and rows["drafts"]["all_readers_known"]
    assert said("--ack", "all")["message"].startswith("nothing to confirm")
    refused = call("release", "readers", "--home", str(home), "--ack", "7")
    assert refused.exit_code == 2 and "no collection here holds the cells of release 7" in refused.stderr
    absent = call("release", "readers", "--home", str(home), "--register", "shop", "--release", "7")
    assert absent.exit_code == 1 and "release 7 was not found" in absent.stderr
    assert call("release", "readers", "--home", str(home), "--register", "shop").exit_code == 2
    register_reader(Place.at(home).objects(), "shop", "production", 7)
    table = call("release", "readers", "--home", str(home)).stdout
    assert "shop" in table and "registered" in table and "not all known" in table
    assert said("--unregister", "shop")["readers"] == []
    assert "unregister-reader" in call("release", "audit", "--home", str(home)).stdout


# -- terminals and pipes

TABLE = (
    "from flows import screen; screen.set_up(False); screen.say('[bold red]title[/bold red]');"
    "screen.show_table(('word', 'why'), [('pod', 'long ' * 60), ('node', 'short')]);"
    "screen.show_side_by_side('BM25', 'miniCOIL', [('[cyan]left[/cyan]', 'right')])"
)


def in_terminal(code, **environment):
    """What a terminal of 80 columns would be sent."""
    ours, theirs = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLUMNS": "80", **environment}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=theirs, cwd=ROOT, env={**os.environ, **settings}
    ) as done:
        os.close(theirs)
        said = b""
        try:
            while chunk := os.read(ours, 65536):
                said += chunk
        except OSError:  # the other side is closed
            pass
        assert done.wait() == 0
    os.close(ours)
    return said.decode()


def test_a_terminal_gets_colours_unless_no_color_is_set():
    coloured, plain = in_terminal(TABLE), in_terminal(TABLE, NO_COLOR="1")
    assert "\x1b[" in coloured and "title" in coloured
    assert "\x1b[" not in plain and "title" in plain
    assert max(map(len, plain.splitlines())) <= 80


def test_a_pipe_gets_plain_text_with_a_row_on_each_line():
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    done = subprocess.run(
        [sys.executable, "-c", TABLE], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    lines = done.stdout.splitlines()
    assert "\x1b" not in done.stdout and done.stdout.isascii()
    assert [line.split()[0] for line in lines[:4]] == ["title", "word", "pod", "node"]
    assert lines[2].count("long") == 60 and max(map(len, lines[4:])) <= 120


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
