"""Every command's help ends with examples that parse, and with what its exit status says."""

import click
import pytest
from click.testing import CliRunner
from command_lines import check_commands

from flows.cli import main
from flows.command_line.help_pages import EXAMPLES, STATUS, add_examples, every_command

COMMANDS = dict(every_command(main))


def call(*arguments, text=None):
    return CliRunner().invoke(main, list(arguments), input=text)


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


def test_commands_are_walked_with_the_words_that_call_them():
    inner = click.Group("inner", commands={"b": click.Command("b"), "a": click.Command("a")})
    program = click.Group("program", commands={"inner": inner, "last": click.Command("last")})
    assert [path for path, _ in every_command(program)] == ["", "inner", "inner a", "inner b", "last"]
    add_examples(program)
    assert all(command.epilog.endswith(STATUS) for _, command in every_command(program))
