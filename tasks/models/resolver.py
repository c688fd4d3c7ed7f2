"""Addresses of releases for `minicoil.load`: `s3://bucket/prefix@production`, `file:///folder@3`, `hf:owner/name@3`."""

from __future__ import annotations

from pathlib import Path

from minicoil.errors import UsageError
from tasks.catalogue import find_release, open_release
from tasks.hub import HubAddress, find_folder
from tasks.place import Place
from tasks.settings import Settings


def resolve(address: str) -> Path:
    """Folder of the release that an address names, pulled where it is not on this machine.

    Args:
        address: A store's URL, "@", and a release number or channel.

    Raises:
        UsageError: there is no "@".
        ReleaseError: there is no such release.
    """
    store, name = split_address(address)
    place = Place.at(Settings().home, store)
    return open_release(place.objects(), find_release(place, name).release, place.cache)


def resolve_hub(address: str) -> Path:
    """Folder of a model that a hub has, in the cache of its client.

    Args:
        address: `hf:owner/name`, or with `@` and a release's number, a branch or a commit.

    Raises:
        UsageError: it is no such address.
        ReleaseError: see `tasks.hub.find_folder`.
    """
    return find_folder(HubAddress.read(address))


def split_address(address: str) -> tuple[str, str]:
    """A store's URL, and the release number or channel after the last "@".

    Raises:
        UsageError: one of the two is missing.
    """
    store, separator, name = address.rpartition("@")
    if not separator or not name:
        raise UsageError(f"'{address}': expected STORE@CHANNEL or STORE@NUMBER, such as s3://bucket/prefix@production")
    return store, name
