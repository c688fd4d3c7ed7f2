"""How a command that failed says so: one line, whatever went wrong; with `--debug` the traceback above it."""

from __future__ import annotations

import traceback

import click

from flows import screen
from minicoil.errors import MiniCoilError, StoreError, UsageError
from minicoil.extras import missing_extra
from tasks.disk import shown_name, way_out
from tasks.store import named_damage

_LONGEST = 300  # characters of somebody else's message
UNEXPECTED = "this is ours to mend"


def refuse(error: Exception, as_json: bool, with_traceback: bool = False) -> int:
    """Say what went wrong, on stderr and, with --json, as the answer; the exit status.

    Args:
        error: Raised on purpose, by the operating system, or by a fault of this program.
        as_json: Whether the answer is JSON.
        with_traceback: Show where it was raised, too.
    """
    if isinstance(error, ImportError):
        error = missing_extra(error, _command()) or error
    if with_traceback:
        screen.complain("".join(traceback.format_exception(error)).rstrip())
    message = describe_failure(error)
    if as_json:
        screen.answer_json({"error": type(error).__name__, "message": message})
    screen.complain(f"error: {message}", style="bold red")
    return 2 if isinstance(error, UsageError) else 1


def _command() -> str:
    context = click.get_current_context(silent=True)
    return f"`{context.command_path}`" if context else "this command"


def describe_failure(error: Exception) -> str:
    """What a person is told of an error."""
    if isinstance(error, MiniCoilError):
        return " ".join(str(error).split("\n"))  # it may quote somebody's message of several lines
    if isinstance(error, OSError) and error.strerror:  # the machine's, not ours: a right, a disk, a file that went away
        return str(_of_the_machine(error))
    said = " ".join(str(error).split())
    said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."
    return (
        f"{UNEXPECTED}: {type(error).__name__}: {said or 'without a word'}; to see where, run the same as "
        "`minicoil --debug ...` or with MINICOIL_DEBUG=1, and report what it shows to the project"
    )


def _of_the_machine(error: OSError) -> StoreError:
    names = [shown_name(str(name)) for name in (error.filename, error.filename2) if name is not None]
    where = f"{' and '.join(names)}: " if names else ""
    return StoreError(f"{where}{error.strerror}; {way_out(error)}, then run the same command again")


def tell_damage() -> None:
    """One line for each damaged document that the command passed over."""
    for damage in named_damage():
        screen.complain(f"passed over: {damage.message}", style="yellow")
