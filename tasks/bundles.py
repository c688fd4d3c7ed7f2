"""Model folders at hand: the release a channel serves, a base, or the empty model that everything starts from."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from minicoil.bundle import BundleFacts, check_bundle, create_empty_bundle, read_facts
from minicoil.errors import BundleError, EncoderError, ReleaseError, UsageError
from minicoil.ledger import Ledger
from minicoil.vocabulary import Vocabulary
from tasks.channels import read_channel
from tasks.encoders import find_encoder
from tasks.place import Place
from tasks.progress import progress
from tasks.releases import open_release, read_manifest


@dataclass(frozen=True)
class Parent:
    """The model that a new release grows from.

    Attributes:
        folder: Its files.
        release: Its number; None for the empty model or a base that is no release yet.
    """

    folder: Path
    release: int | None
    facts: BundleFacts
    vocabulary: Vocabulary
    ledger: Ledger


def open_empty(place: Place, encoder: str, dims: int) -> Path:
    """Folder of the empty model of an encoder, made once per home."""
    source = find_encoder(encoder)
    name = "".join(c if c.isalnum() else "-" for c in encoder)[-60:]
    folder = place.cache / f"empty-{name}-{dims}"
    try:
        check_bundle(folder)
    except BundleError:  # not made yet, or half-made
        with progress("exporting the encoder", 1, "model") as advance:
            folder.parent.mkdir(parents=True, exist_ok=True)
            create_empty_bundle(source, folder, dims, encoder)
            advance(1)
    return folder


def open_model(place: Place, release: int, encoder: str, dims: int) -> Path:
    """Folder of a release; number 0 is the empty model of `encoder`."""
    if release == 0:
        return open_empty(place, encoder, dims)
    return open_release(place.objects(), release, place.cache)


def open_parent(place: Place, channel: str, encoder: str, dims: int, base: str | None) -> Parent:
    """What an extension of `channel` grows from: its current release, else `base`, else the empty model.

    Raises:
        UsageError: a base is given for a channel that has a release already.
        BundleError: the base is not a complete model folder.
    """
    current = read_channel(place.objects(), channel).current
    if current is not None:
        if base is not None:
            raise UsageError(
                f"channel '{channel}' is at release {current} already; --base is for a channel's first release: "
                "leave it out, or name another --channel"
            )
        return _parent(open_release(place.objects(), current, place.cache), current)
    if base is not None:
        return _parent(_base_folder(base), None)
    return _parent(open_empty(place, encoder, dims), None)


def _parent(folder: Path, release: int | None) -> Parent:
    _, vocabulary = check_bundle(folder)
    return Parent(folder, release, read_facts(folder), vocabulary, Ledger.read(folder))


def _base_folder(base: str) -> Path:
    folder = Path(base).expanduser()
    if folder.is_dir():
        check_bundle(folder)
        return folder
    if base.count("/") != 1 or base.startswith((".", "~", "/")):
        raise BundleError(f"base '{base}': no such folder; give a FastEmbed model folder or a Hugging Face id")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(base))
    except Exception as error:  # the hub's client raises its own, requests' and the disk's classes
        raise EncoderError(
            f"base '{base}' cannot be had from the Hugging Face hub ({type(error).__name__}); check the id and the "
            "network, or give a local folder"
        ) from error


def is_ancestor(place: Place, older: int, newer: int) -> bool:
    """Whether release `newer` grew from `older`, directly or not; everything grew from 0."""
    number: int | None = newer
    while number is not None and number != older:
        try:
            number = read_manifest(place.objects(), number).parent
        except ReleaseError:
            return False
    return older == 0 or number == older


def remove_work(folder: Path) -> None:
    """Remove a finished run's intermediate files."""
    shutil.rmtree(folder, ignore_errors=True)
