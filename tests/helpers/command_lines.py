"""Lines of a shell as documents show them, read without running them: which commands they hold, and whether these parse."""

import re
import shlex

import click

from flows.cli import main

_ENDS = {"|", "||", "&&", ";", "&"}
_REDIRECTIONS = {"<", ">", ">>"}


def commands_in(text: str) -> list[list[str]]:
    """The words of each simple command, without comments, redirections and variables set before it."""
    text = "\n".join(_without_comment(line) for line in text.replace("\\\n", " ").splitlines())
    lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split, lexer.commenters = True, ""
    commands: list[list[str]] = [[]]
    words = iter(lexer)
    for word in words:
        if word in _ENDS:
            commands.append([])
        elif word in _REDIRECTIONS:
            next(words)
        elif commands[-1] or not re.match(r"\w+=", word):
            commands[-1].append(word)
    return [command for command in commands if command]


def _without_comment(line: str) -> str:
    quoted = ""
    for at, character in enumerate(line):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        elif character == "#" and (at == 0 or line[at - 1].isspace()):
            return line[:at]
    return line


def check_usage(arguments: list[str]) -> None:
    """Parse the words after `minicoil` as the program would.

    Raises:
        click.UsageError: an option is unknown, a value is none of its choices, or something required is missing.
    """
    command: click.Command = main
    context: click.Context | None = None
    rest = list(arguments)
    try:
        while isinstance(command, click.Group):
            context = command.make_context("minicoil", rest, parent=context)
            _, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
            assert found is not None
            command = found
        command.make_context(command.name or "", rest, parent=context)
    except click.exceptions.Exit:  # --help and --version
        pass


def check_commands(text: str) -> int:
    """Parse every `minicoil` of a shell text; how many there were."""
    n = 0
    for words in commands_in(text):
        if words[0].rsplit("/", 1)[-1] == "minicoil":
            try:
                check_usage(words[1:])
            except click.UsageError as error:
                raise AssertionError(f"minicoil {' '.join(words[1:])}: {error.format_message()}") from error
            n += 1
    return n
