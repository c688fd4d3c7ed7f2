"""Whether encoder and role model fit what is there, asked before any work starts."""

from __future__ import annotations

import json
from pathlib import Path

from minicoil.errors import EncoderError
from minicoil.files import BundleLayout, read_shape
from tasks.models.bundles import Parent
from tasks.models.encoders import PACKAGED, RoleModel, find_encoder


def role_width(parent: Parent, role_model: str) -> int:
    """R, numbers per role-model vector; another model than the parent's encoder has to be asked."""
    if role_model == parent.facts.encoder:
        return parent.facts.width
    return int(RoleModel(role_model).encode(["width"]).shape[1])


def choose_role_model(asked: str, known: str | None) -> str:
    """The role model of a run: the lineage's, for which the default stands; else what was asked for.

    Args:
        asked: What was asked for.
        known: What the parent's words were trained on, None where nobody said.

    Raises:
        EncoderError: another than the lineage's: its prior and its ceilings would mean something else.
    """
    if known is None or asked == known:
        return asked
    if asked != PACKAGED:
        raise EncoderError(
            f"the channel's words were trained with role model '{known}', not '{asked}', which cannot be changed: "
            "leave --role-model out, or start another --channel"
        )
    return known


def check_encoder(parent: Parent, encoder: str) -> None:
    """Refuse an encoder that is not the one the parent's layers were made for.

    Args:
        parent: A release, a base, or the empty model of `encoder`.
        encoder: What was asked for; the default stands for whatever the parent has.

    Raises:
        EncoderError: another name, or another number of values per token, than the parent's layers take.
    """
    facts = parent.facts
    if parent.release is not None and encoder not in (facts.encoder, PACKAGED):
        raise EncoderError(
            f"the channel's model was made with encoder '{facts.encoder}', not '{encoder}', which cannot be changed: "
            "start another --channel"
        )
    _, taken, _, _ = read_shape(BundleLayout(parent.folder).stack)
    if facts.width != taken:
        raise EncoderError(
            f"encoder '{facts.encoder}' gives {facts.width} numbers a token, the layers of {parent.folder.name} take "
            f"{taken}; the files are of different models: pull the release again"
        )
    given = _width(facts.encoder)
    if given is not None and given != taken:
        raise EncoderError(
            f"encoder '{facts.encoder}' gives {given} numbers a token, the layers take {taken}; its folder was changed "
            "since the model was made: put the old encoder back, or start another --channel"
        )


def _width(encoder: str) -> int | None:
    """What the encoder's own configuration says; None where its files are not on this machine.

    Features then come from the graph in the model's folder, whose width is the folder's.
    """
    if encoder != PACKAGED and not Path(encoder).expanduser().is_dir():
        return None
    path = find_encoder(encoder) / "config.json"
    try:
        width = json.loads(path.read_text("utf-8")).get("hidden_size")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise EncoderError(f"{path} cannot be read ({error}); give a complete model folder") from error
    return width if isinstance(width, int) else None
