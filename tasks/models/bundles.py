"""Model folders at hand: the release a channel serves, a base, or the empty model that everything starts from."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from minicoil.folder import BundleFacts, check_bundle, read_facts
from minicoil.words import Ledger, Vocabulary
from tasks.catalogue import CollectionRecord, open_release, read_channel, read_manifest, release_numbers
from tasks.models.base import open_base
from tasks.models.empty import open_empty
from tasks.models.encoders import PACKAGED
from tasks.models.languages import check_language, settle_language
from tasks.place import Place

_GONE = ".gone-"  # a folder that is being removed


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


def open_model(place: Place, release: int, encoder: str, dims: int, language: str = "en") -> Path:
    """Folder of a release; number 0 is the empty model of `encoder` for texts of `language`."""
    if release == 0:
        return open_empty(place, encoder, dims, language)
    return open_release(place.objects(), release, place.cache)


def open_model_of(place: Place, record: CollectionRecord, release: int) -> Path:
    """Folder of one of a collection's releases; number 0 is the empty model that it was made with."""
    return open_model(place, release, record.encoder, record.dims, record.language)


def open_parent(
    place: Place,
    channel: str,
    encoder: str = PACKAGED,
    dims: int = Vocabulary.dims,
    base: str | None = None,
    language: str | None = None,
) -> Parent:
    """What an extension of `channel` grows from: its current release, else `base`, else the empty model.

    Args:
        place: Where.
        channel: Whose release.
        encoder: Of the empty model.
        dims: Of the empty model.
        base: Only looked at, for a dry run; `import_base` makes one a release.
        language: That was asked for; None: whatever the channel has.

    Raises:
        UsageError: the channel, or the base, is of another language.
    """
    current = read_channel(place.objects(), channel).current
    if current is not None:
        found = _parent(open_release(place.objects(), current, place.cache), current)
        check_language(f"channel '{channel}' is at release {current}, which", found.facts.language, language)
        return found
    if base is not None:
        found = _parent(open_base(place, base).folder, None)
        check_language(f"base '{base}'", found.facts.language, language)
        return found
    return _parent(open_empty(place, encoder, dims, settle_language(place, channel, language)), None)


def _parent(folder: Path, release: int | None) -> Parent:
    _, vocabulary = check_bundle(folder)
    return Parent(folder, release, read_facts(folder), vocabulary, Ledger.read(folder))


def is_ancestor(place: Place, older: int, newer: int) -> bool:
    """Whether release `newer` is `older` or grew from it, directly or not; everything grew from 0."""
    return older in (0, newer) or older in read_manifest(place.objects(), newer).ancestors


def lineage(place: Place, release: int) -> tuple[int, ...]:
    """A release's ancestors, oldest first from the empty model 0, and itself last."""
    return (0, *read_manifest(place.objects(), release).ancestors, release) if release else (0,)


def remove_work(folder: Path) -> None:
    """Remove a finished run's intermediate files: all at once, for whoever looks into the folder."""
    if folder.is_dir():
        gone = folder.with_name(f"{_GONE}{uuid.uuid4().hex}")
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def remove_published_work(place: Place) -> None:
    """Remove intermediate files of runs that were killed after they had published: nothing of theirs is left to do."""
    numbers = set(release_numbers(place.objects()))
    for path in list(place.work.glob("*/release-*")):
        if _release_number(path) in numbers:
            remove_work(path.parent)
    for left in place.work.glob(f"{_GONE}*"):
        shutil.rmtree(left, ignore_errors=True)


def _release_number(folder: Path) -> int | None:
    number = folder.name.removeprefix("release-")
    return int(number) if number.isdecimal() else None
