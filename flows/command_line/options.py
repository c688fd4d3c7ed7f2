"""What every command shares: the options that no form has, how it answers, and how it reaches a flow.

Exit status: 0 done (also when there was nothing to do), 1 refused, failed or interrupted, 2 bad usage. With --json the
answer is one JSON document on stdout; everything else goes to stderr.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import Any

import click

from flows import screen
from flows.command_line.completion import complete_channels
from flows.rendering import describe_interruption, newest_run, refuse, show_result, tell_damage
from minicoil.encoder import keep_to_cores
from minicoil.extras import require_extra
from tasks.disk import shown_name
from tasks.store import forget_damage, named_damage

Command = Callable[..., Any]

channel_option = click.option(  # of commands that have no form
    "--channel",
    default="production",
    show_default=True,
    shell_complete=complete_channels,
    help="Named pointer to the release that is served.",
)


def common_options(command: Command) -> Command:
    """What every command takes: where it works, as one `place` mapping, and how it answers."""

    @click.option(
        "--home",
        default=".minicoil",
        show_default=True,
        envvar="MINICOIL_HOME",
        type=click.Path(),
        help="Folder of all state.",
    )
    @click.option("--store", envvar="MINICOIL_STORE", help="Object store: file:///path or s3://bucket/prefix.")
    @click.option("--qdrant-url", envvar="MINICOIL_QDRANT_URL", help="Qdrant server; default: embedded in --home.")
    @click.option(
        "--prefect-url",
        help="API of the Prefect server that keeps the run, '' for none; default: PREFECT_API_URL, your profile, "
        "a service that runs on --home, else none.",
    )
    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, logs on stderr.")
    @click.option("-v", "--verbose", is_flag=True, help="Show log lines too; under a Prefect server its own as well.")
    @click.option(
        "--log-json",
        is_flag=True,
        envvar=screen.LOG_JSON,
        help="stderr gets one JSON object a line, log lines too.",
    )
    @click.option("-q", "--quiet", is_flag=True, help="Only the answer and errors: no progress, no hints.")
    @functools.wraps(command)
    def wrapped(
        home: str,
        store: str,
        qdrant_url: str,
        prefect_url: str | None,
        as_json: bool,
        verbose: bool,
        log_json: bool,
        quiet: bool,
        **arguments: Any,
    ) -> None:
        if verbose and quiet:
            raise click.UsageError("--verbose and --quiet contradict each other; give one of them")
        screen.set_up(verbose, quiet, log_json)
        keep_to_cores()
        # lines that Prefect itself writes are no JSON; a run that it keeps has its log on its page
        shows_prefect = verbose and not log_json
        click.get_current_context().meta.update(prefect_url=prefect_url, verbose=shows_prefect, as_json=as_json)
        place = {"home": home, "store": store, "qdrant_url": qdrant_url}
        place, given = _from_shell(place), _from_shell(arguments)
        before, is_dry = newest_run(), bool(given.get("dry_run"))

        def describe() -> str:
            return describe_interruption(command.__name__, place["home"], is_dry, before)

        _answer(lambda: command(place=place, **given), as_json, command.__name__, describe)

    return wrapped


def _from_shell(value: Any) -> Any:
    """What a shell handed over, as text: its words are bytes, and those that are no UTF-8 can be sent nowhere."""
    if isinstance(value, str):
        return shown_name(value)
    if isinstance(value, tuple):
        return tuple(map(_from_shell, value))
    return {key: _from_shell(entry) for key, entry in value.items()} if isinstance(value, dict) else value


def _answer(run: Callable[[], Any], as_json: bool, command: str, interrupted: Callable[[], str]) -> None:
    forget_damage()
    try:
        result = run()
        _show(result, as_json, command)
    except KeyboardInterrupt:
        screen.complain(interrupted())
        sys.exit(1)
    # the edge of the program: nobody stands behind it who could make more of an error than a line for a person
    except Exception as error:
        tell_damage()
        sys.exit(refuse(error, as_json, click.get_current_context().meta.get("debug", False)))
    if isinstance(result, Mapping) and result.get("refused"):
        sys.exit(1)


def _show(result: Any, as_json: bool, command: str) -> None:
    """The answer, and what was passed over on the way to it."""
    damaged = [damage.row() for damage in named_damage()]
    if result is None:  # it ran until it was told to stop, and said what it had to say
        pass
    elif isinstance(result, Mapping) and result.get("silent"):
        pass  # what was asked for is on stdout already
    elif as_json:
        screen.answer_json({**result, "damaged": damaged} if damaged and isinstance(result, Mapping) else result)
    else:
        show_result(command, result)
    tell_damage()


# what reads a corpus long before it trains, judges or assembles: without the extra nothing of it is begun
_TRAINING_FLOWS = {"extend-vocabulary", "retrain-words", "remove-words", "evaluate-retrieval"}


def run_flow(name: str, values: Mapping[str, Any]) -> Any:
    """Check `values` against a flow's parameter model, then run the flow in this process.

    Raises:
        MissingExtraError: it trains or judges, and the extra [train] is not installed.
    """
    if name in _TRAINING_FLOWS:
        needs_training()
    from flows.orchestration import run  # brings pydantic and the forms in, which `search` and `words` do without

    given = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
    said = click.get_current_context().meta
    return run(name, given, said["prefect_url"], said["verbose"])


def needs_training() -> None:
    """Nothing where the extra [train] is installed.

    Raises:
        MissingExtraError: it is not; the message names the command that was called.
    """
    require_extra("train", f"`{click.get_current_context().command_path}`")


def open_place(values: Mapping[str, Any]) -> Any:
    """The `tasks.place.Place` that the common options name."""
    from tasks.place import Place

    return Place.at(values["home"], values["store"], values["qdrant_url"])
