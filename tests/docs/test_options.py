"""docs/options.md: every option of every command, with its default, as `--help` has them; written by this file.

MINICOIL_WRITE_OPTIONS=1 pytest tests/docs/test_options.py renews the page.
"""

import os
from pathlib import Path

import click
import pytest

from flows.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "options.md"
HEAD = """# Options

Every option of every command with its default; `minicoil COMMAND --help` says the same with examples. What commands do:
[docs/commands.md](commands.md). Written by `tests/docs/test_options.py` from the commands themselves.

## Of every command

{common}
"""


def walk(group, names=()):
    """Commands that do something, with their names, in the order of `--help`."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from walk(command, (*names, name))
        else:
            yield " ".join((*names, name)), command


def row(option):
    """One option as a row of a table."""
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    default = option.default() if callable(option.default) else option.default
    is_said = not option.is_flag and default not in (None, False, (), "") and not str(default).startswith("Sentinel.")
    shown = f"`{' '.join(map(str, default)) if isinstance(default, tuple | list) else default}`" if is_said else ""
    names += f" (or `{option.envvar}`)" if option.envvar else ""
    return f"| {names} | {shown} | {' '.join((option.help or '').split()).replace('|', chr(92) + '|')} |"


def table(rows):
    return "\n".join(["| option | default | what it says |", "|---|---|---|", *rows])


def options_page():
    commands = {
        name: [row(one) for one in command.params if isinstance(one, click.Option) and not one.hidden]
        for name, command in walk(main)
    }
    common = [one for one in next(iter(commands.values())) if all(one in rows for rows in commands.values())]
    parts = [HEAD.format(common=table(common))]
    for name, command in walk(main):
        own = [one for one in commands[name] if one not in common]
        usage = " ".join([name, *(f"{one.make_metavar(click.Context(command))}" for one in arguments(command))])
        parts.append(f"## {usage}\n\n{table(own) if own else 'None of its own.'}\n")
    return "\n".join(parts)


def arguments(command):
    return [one for one in command.params if isinstance(one, click.Argument)]


def test_the_page_of_options_has_every_option_of_every_command():
    page = options_page()
    if os.environ.get("MINICOIL_WRITE_OPTIONS"):
        PAGE.write_text(page, "utf-8")
    if PAGE.read_text("utf-8") != page:
        pytest.fail("docs/options.md is not what the commands say; MINICOIL_WRITE_OPTIONS=1 writes it anew")


def test_every_command_and_every_option_is_on_it():
    page, n = PAGE.read_text("utf-8"), 0
    for name, command in walk(main):
        assert f"## {name}" in page
        for option in command.params:
            for said in option.opts if isinstance(option, click.Option) and not option.hidden else ():
                assert f"`{said}`" in page, (name, said)
                n += 1
    assert n > 200
