"""A release as people name it: by its number, or by the channel that serves it."""

from __future__ import annotations

from minicoil.errors import ReleaseError
from tasks.catalogue.channels import channel_names, read_channel
from tasks.catalogue.manifest import Manifest, read_manifest
from tasks.place import Place


def find_release(place: Place, name: str) -> Manifest:
    """The manifest of a release by number, or of what a channel serves.

    Raises:
        ReleaseError: there is none.
    """
    store = place.objects()
    if name.isdecimal():
        return read_manifest(store, int(name))
    current = read_channel(store, name).current
    if current is None:
        known = ", ".join(channel_names(store)) or "none"
        raise ReleaseError(
            f"'{name}' is neither a release number nor a channel that serves one; channels: {known}; "
            "`minicoil release list` shows all releases"
        )
    return read_manifest(store, current)
