"""What the shell offers after TAB where a collection, channel, release or word is meant.

Names come from a store on this disk only: nobody who presses TAB wants to wait for a network.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from minicoil.errors import MiniCoilError
from tasks.store import ObjectStore

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def complete_collections(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Registered collections that begin with what was typed."""
    from tasks.catalogue import list_collections

    return _offer(context, begun, lambda store: (record.name for record in list_collections(store)))


def complete_channels(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Channels that were moved at least once."""
    from tasks.catalogue import channel_names

    return _offer(context, begun, channel_names)


def complete_releases(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Numbers of complete releases."""
    from tasks.catalogue import release_numbers

    return _offer(context, begun, lambda store: map(str, release_numbers(store)))


def complete_releases_and_channels(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Whatever `release show|pull|verify` takes."""
    return complete_channels(context, parameter, begun) + complete_releases(context, parameter, begun)


# by the name of what is asked for: one noun is one idea on every command
COMPLETERS: dict[str, Completer] = {
    "channel": complete_channels,
    "collection": complete_collections,
    "collections": complete_collections,
    "source": complete_collections,
    "release": complete_releases,
    "one": complete_releases,
    "other": complete_releases,
    "acknowledged": complete_releases,
}


def _offer(context: click.Context, begun: str, names: Callable[[ObjectStore], Iterable[str]]) -> list[str]:
    from tasks.place import Place

    given = context.params
    home = given.get("home") or os.environ.get("MINICOIL_HOME") or ".minicoil"
    try:
        place = Place.at(home, given.get("store") or os.environ.get("MINICOIL_STORE"))
        if not place.store_url.startswith("file:") or not Path(place.store_url.removeprefix("file://")).is_dir():
            return []
        return [name for name in names(place.objects()) if name.startswith(begun)]
    except (MiniCoilError, OSError):  # a shell that completes has no place for a message
        return []
