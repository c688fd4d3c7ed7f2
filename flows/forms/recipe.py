"""What was asked for, spelled as the command that asks for it again; nothing of this machine is in it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from flows.forms.parameters import ExtendParameters, RemoveParameters, RetrainParameters, WordsParameters
from flows.forms.said import Said
from tasks.releases import source_names

# where it ran, and what became of the release: nothing in the release depends on them
_ELSEWHERE = {"home", "store", "qdrant_url", "channel", "collections", "promote", "points_budget", "window"}
_ELSEWHERE |= {"approval_days", "text_in_report", "dry_run", "profile"}
_SPECS = {"corpus", "also", "background"}
_MOST_WORDS = 100  # spelled out; more are read in the card's own table


def spell_recipe(parameters: WordsParameters | RemoveParameters) -> str:
    r"""The command that makes a release again, of paths only their last part.

    >>> spell_recipe(ExtendParameters(words=["pod"], corpus=["/home/me/my texts"], sample=500))
    "minicoil extend pod --corpus 'my texts' --sample 500"
    """
    commands = ((ExtendParameters, "extend"), (RetrainParameters, "retrain"), (RemoveParameters, "remove"))
    command = next(name for form, name in commands if isinstance(parameters, form))
    words = list(getattr(parameters, "words", ()))
    named = shlex.join(words) if len(words) <= _MOST_WORDS else f"{len(words)} WORDS, those below"
    said: list[str] = []
    for name, field in type(parameters).model_fields.items():
        value = getattr(parameters, name)
        if name == "words" or name in _ELSEWHERE or value in (None, []) or value == field.default:
            continue
        metadata = next((entry for entry in field.metadata if isinstance(entry, Said)), Said())
        said += _spell(metadata.option or f"--{name.replace('_', '-')}", value, name in _SPECS, metadata.is_path)
    return " ".join(filter(None, ("minicoil", command, named, shlex.join(said))))


def _spell(option: str, value: Any, is_spec: bool, is_path: bool) -> list[str]:
    if isinstance(value, bool):
        if option.startswith("--no-"):
            return [] if value else [option]
        return [option if value else f"--no-{option[2:]}"]
    said = []
    for entry in value if isinstance(value, list) else [value]:
        if is_spec:
            (entry,) = source_names([entry])
        elif is_path and (Path(entry).expanduser().exists() or Path(entry).is_absolute()):
            entry = Path(entry).name
        said += [option, str(entry)]
    return said
