"""Options and arguments made of the forms: one name, default, bound and text for the command line, the UI and Python.

A form is read when its command is: pydantic and the forms take longer to import than a search takes, so that a command
keeps a place for its form's fields (`FormFields`) until somebody asks for its parameters.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.shell_completion import CompletionItem

from flows.command_line.completion import COMPLETERS
from minicoil.files import MOST

if TYPE_CHECKING:
    from flows.forms import Said

Command = TypeVar("Command", bound=Callable[..., Any])
# in a form a field is empty, on a command line an option is left out; a form is read on a worker, a command line here
_TERMS = ((r"\bempty: ", "default: "), (r"^Empty: ", "Default: "), (r"^On the worker[;:] (.)", lambda m: m[1].upper()))


@dataclass(frozen=True)
class FormFields:
    """The place of a form's fields among the parameters of a command.

    Attributes:
        form: Name of a form of `flows.forms`.
        arguments: Those of its fields that are arguments, in their order; all others are options.
    """

    form: str
    arguments: tuple[str, ...]

    def parameters(self, by_hand: set[str]) -> list[click.Parameter]:
        """An argument or an option for each field, in the form's order.

        Args:
            by_hand: Names that the command says itself; the place of work is said by every command (`common_options`).
        """
        from flows.forms import PlaceParameters, Said

        model = getattr(import_module("flows.forms"), self.form)
        elsewhere = by_hand.union(PlaceParameters.model_fields)
        schema = model.model_json_schema()
        made: list[click.Parameter] = []
        for name in self.arguments:
            made.append(_argument(name, schema["properties"][name], name in schema.get("required", ())))
        for name, entry in schema["properties"].items():
            if name not in self.arguments and name not in elsewhere:
                said = [entry for entry in model.model_fields[name].metadata if isinstance(entry, Said)]
                made.append(_option(name, entry, name in schema.get("required", ()), said[0] if said else None))
        return made


def options_of(form: str, *arguments: str) -> Callable[[Command], Command]:
    """Gives a command of class `FormCommand` an option for each field of a form, and these `arguments`.

    A parameter that the command has by hand, of a field's name, is used instead of one made of the field.
    """

    def decorate(command: Command) -> Command:
        given = command.__dict__.setdefault("__click_params__", [])  # where click's own decorators leave theirs
        given.append(FormFields(form, arguments))
        return command

    return decorate


class FormCommand(click.Command):
    """A command that reads its form when its parameters are asked for.

    Attributes:
        form: Its name in `flows.forms`; empty for a command that has none.
    """

    form = ""
    _given: list[click.Parameter | FormFields]

    @property
    def params(self) -> list[click.Parameter]:
        """By hand and from the form, in the order of their decorators."""
        if any(isinstance(entry, FormFields) for entry in self._given):
            by_hand = {str(entry.name) for entry in self._given if isinstance(entry, click.Parameter)}
            self._given = [made for entry in self._given for made in _made_of(entry, by_hand)]
        return cast("list[click.Parameter]", self._given)

    @params.setter
    def params(self, given: list[click.Parameter]) -> None:
        """Parameters as decorators leave them, a place kept for those of a form."""
        self._given = [*given]
        self.form = next((entry.form for entry in self._given if isinstance(entry, FormFields)), self.form)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Without aliases: who has the option's own name before them needs no other."""
        aliases = {option.alias for option in self.params if isinstance(option, FormOption)}
        return [item for item in super().shell_complete(ctx, incomplete) if item.value not in aliases]


class CommandGroup(click.Group):
    """A group whose commands may have options of forms."""

    command_class = FormCommand


class FormOption(click.Option):
    """An option of a field: its help tells the bounds that the form checks.

    Attributes:
        bounds: As in `x>=1`; empty where there are none.
        alias: A spelling that is taken and not shown: the field's name, where the option has another.
    """

    def __init__(self, *args: Any, bounds: str = "", alias: str = "", **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.bounds, self.alias = bounds, alias

    def get_help_extra(self, ctx: click.Context) -> Any:
        """Default and bounds."""
        extra = super().get_help_extra(ctx)
        return {**extra, "range": self.bounds} if self.bounds else extra

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Without the alias."""
        if self.alias not in self.opts:
            return super().get_help_record(ctx)
        shown = copy.copy(self)
        shown.opts = [option for option in self.opts if option != self.alias]
        return shown.get_help_record(ctx)


class _WholeChoice(click.Choice):  # type: ignore[type-arg]  # generic since click 8.2 only
    """One of some whole numbers."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return int(super().convert(str(value), param, ctx))


def _made_of(entry: click.Parameter | FormFields, by_hand: set[str]) -> Sequence[click.Parameter]:
    return entry.parameters(by_hand) if isinstance(entry, FormFields) else [entry]


def _argument(name: str, entry: Mapping[str, Any], required: bool) -> click.Argument:
    kind, many = _kind(name, entry)
    return click.Argument(
        [name],
        type=_type(kind, None),
        nargs=-1 if many else 1,
        required=required,
        shell_complete=COMPLETERS.get(name),
    )


def _option(name: str, entry: Mapping[str, Any], required: bool, said: Said | None) -> FormOption:
    kind, many = _kind(name, entry)
    default, spelling = entry.get("default"), f"--{name.replace('_', '-')}"
    declared = (said.option if said else "") or spelling
    attributes: dict[str, Any] = {"help": _help(entry, said, many), "required": required, "default": default}
    if kind["type"] == "boolean":
        if declared.startswith("--no-"):
            attributes |= {"is_flag": True, "flag_value": False}
        elif default is not False and "/" not in declared:
            declared = f"{spelling}/--no-{spelling[2:]}"
        attributes |= {"is_flag": True, "show_default": default is True and "/" in declared}
        return FormOption([declared, name], **attributes)
    alias = "" if declared == spelling else spelling
    attributes |= {"default": None if many else default, "multiple": many, "type": _type(kind, said)}
    if required:  # click takes a default of None for a value, and then nothing is ever missing
        del attributes["default"]
    return FormOption(
        [entry for entry in (declared, alias, name) if entry],
        **attributes,
        show_default=default not in (None, "", []),
        shell_complete=COMPLETERS.get(name),
        bounds=_bounds(kind),
        alias=alias,
    )


def _kind(name: str, entry: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """The schema of one value of a field that may be empty or a list, and whether it is a list."""
    kinds = [kind for kind in entry.get("anyOf", [entry]) if kind.get("type") != "null"]
    many = kinds[0].get("type") == "array"
    kind = kinds[0]["items"] if many else kinds[0]
    if len(kinds) != 1 or kind.get("type") not in _TYPES:
        raise TypeError(f"no option can be made of the field '{name}' by itself; give the command one by hand")
    return kind, many


_TYPES: dict[str, click.ParamType[Any, Any]] = {
    "integer": click.INT,
    "number": click.FLOAT,
    "string": click.STRING,
    "boolean": click.BOOL,
}  # bounds are the form's: its message names the field, what was expected and what was found, in JSON where asked


def _type(kind: Mapping[str, Any], said: Said | None) -> click.ParamType[Any, Any]:
    choices = kind.get("enum", [kind["const"]] if "const" in kind else None)
    if choices is not None:
        return (_WholeChoice if kind["type"] == "integer" else click.Choice)([str(choice) for choice in choices])
    return click.Path() if said is not None and said.is_path else _TYPES[kind["type"]]


def _bounds(kind: Mapping[str, Any]) -> str:
    """As click writes them: `1<=x<=100`, `x>0`."""
    low, above, high = kind.get("minimum"), kind.get("exclusiveMinimum"), kind.get("maximum")
    if high is None or high >= MOST:
        return f"x>{above}" if above is not None else f"x>={low}" if low is not None else ""
    return f"{above}<x<={high}" if above is not None else f"{low}<=x<={high}"


def _help(entry: Mapping[str, Any], said: Said | None, many: bool) -> str:
    text = (said.help if said else "") or entry["description"]
    for pattern, instead in _TERMS:
        text = re.sub(pattern, instead, text)
    return f"{text}; repeatable." if many else f"{text}."
