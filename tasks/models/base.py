"""A published model to start from: its folder found, checked, and imported as a channel's first release, untouched."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from minicoil.encoder import TokenEncoder
from minicoil.errors import BundleError, EncoderError, UsageError
from minicoil.files import BundleLayout
from minicoil.folder import check_bundle, read_facts
from minicoil.text import WordTokenizer
from minicoil.training import PRIOR_FILE
from minicoil.words import Vocabulary
from tasks.catalogue import (
    language_fact,
    move_current,
    publish_release,
    read_channel,
    read_manifest,
    read_registry,
    set_pending,
)
from tasks.hub import HubAddress, find_folder, is_hub_address
from tasks.models.languages import check_language
from tasks.models.packed_base import ROLE_MODEL, base_digest_of, complete_base, lacks_encoder
from tasks.place import Place

_LICENCE = re.compile(r"^license:\s*['\"]?([\w.+-]+)", re.MULTILINE)
_UNREACHABLE_SHOWN = 20


@dataclass(frozen=True)
class Base:
    """A model folder that FastEmbed loads, checked.

    Attributes:
        name: What it was asked for by, without any path of this machine.
        digest: Of its stack and vocabulary; tells whether a channel grew from it.
        role_model: What its words were trained on, where it came without an encoder; None: nobody said.
    """

    folder: Path
    name: str
    digest: str
    licence: str
    vocabulary: Vocabulary
    role_model: str | None = None


def open_base(place: Place, base: str) -> Base:
    """The base `base` names: a folder, or a repository of a hub in FastEmbed's layout, as `hf:owner/name@7` or its id.

    One that was packed without its encoder is completed in the home, see `tasks.models.packed_base`.

    Raises:
        BundleError: not a complete model, or its files contradict each other.
        EncoderError: the hub cannot be reached, or its tokenizer is not WordPiece.
        ReleaseError: there is no such address of a hub, see `tasks.hub.find_folder`.
    """
    from minicoil.folder import read_graph  # brings onnx in

    folder, name = _find(base)
    licence, role_model = _licence(folder), None
    if lacks_encoder(folder):
        folder, role_model = complete_base(place, folder, name, licence), ROLE_MODEL
    _, vocabulary = check_bundle(folder)
    layout = BundleLayout(folder)
    read_graph(layout.encoder)
    width, held = TokenEncoder(layout.encoder).width, read_facts(folder).width
    if width != held:
        raise BundleError(
            f"base '{base}': its encoder gives {width} numbers a token, its layers take {held}; the files are of "
            "different models; get the folder anew"
        )
    WordTokenizer.from_folder(folder)
    return Base(folder, name, base_digest_of(folder), licence, vocabulary, role_model)


def _find(base: str) -> tuple[Path, str]:
    folder = Path(base).expanduser()
    if folder.is_dir():
        return folder, folder.absolute().name
    if is_hub_address(base):
        address = HubAddress.read(base)
        return find_folder(address), address.repository
    if base.count("/") != 1 or base.startswith((".", "~", "/")):
        raise BundleError(f"base '{base}': no such folder; give a FastEmbed model folder or a Hugging Face id")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(base)), base
    except Exception as error:  # the hub's client raises its own, requests' and the disk's classes
        raise EncoderError(
            f"base '{base}' cannot be had from the Hugging Face hub ({type(error).__name__}); check the id and the "
            "network, or give a local folder"
        ) from error


def _licence(folder: Path) -> str:
    try:
        found = _LICENCE.search((folder / "README.md").read_text("utf-8", errors="replace")[:4000])
    except OSError:
        return ""
    return found.group(1) if found else ""


def import_base(place: Place, channel: str, base: str, language: str | None = None) -> int:
    """Make a base the first release of a channel, its files as they are, and let searches use it.

    Points that were encoded with the base stay valid: its ids and rows are the release's. The same base given again
    finds it there.

    Args:
        place: Has the channel.
        channel: Its name.
        base: See `open_base`.
        language: That was asked for; None: whatever the base has.

    Returns:
        Number of the release that the channel serves.

    Raises:
        UsageError: the channel grew from something else, or has collections that did; the base is of another language.
        BundleError: see `open_base`.
    """
    store, found = place.objects(), open_base(place, base)
    check_language(f"base '{base}'", found.vocabulary.language.code, language)
    current = read_channel(store, channel).current
    if current is not None:
        if base_digest(place, current) == found.digest:
            return current
        raise UsageError(
            f"channel '{channel}' is at release {current} already, which did not grow from '{base}'; leave --base out, "
            "or name another --channel"
        )
    registry = read_registry(store, channel)
    if names := [record.name for record in registry.records] + [lost.name for lost in registry.damaged]:
        raise UsageError(
            f"collection {', '.join(names)} was indexed on channel '{channel}' without a base, and its cells are not "
            f"those of '{base}'; index into a new collection with --base and another --channel"
        )
    folder = place.work / f"base-{found.digest[:16]}"
    _copy(found, folder)
    facts = {
        "base": {"name": found.name, "digest": found.digest, "licence": found.licence},
        "dims": found.vocabulary.dims,
        "n_words": len(found.vocabulary.known_words),
        "ids_left": found.vocabulary.ids_left,
        "unreachable": len(found.vocabulary.unreachable),
        **language_fact(found.vocabulary.language.code),
        "unreachable_words": list(found.vocabulary.unreachable[:_UNREACHABLE_SHOWN]),
        "vocabulary_digest": found.vocabulary.digest,
    }
    if found.role_model is not None:
        facts["role_model"] = found.role_model
    manifest = publish_release(store, folder, None, facts)
    set_pending(store, channel, manifest.release, None)
    move_current(store, channel, manifest.release)
    shutil.rmtree(folder, ignore_errors=True)
    return manifest.release


def base_digest(place: Place, release: int) -> str | None:
    """Digest of the base that a release's lineage started from, None where it started from nothing."""
    store = place.objects()
    facts = read_manifest(store, release).facts.get("base")
    return None if facts is None else str(facts["digest"])


def _copy(base: Base, out: Path) -> None:
    """The base's own files, byte for byte, and `minicoil.json` where it has none."""
    shutil.rmtree(out, ignore_errors=True)
    layout = BundleLayout(base.folder)
    beside = [layout.card]
    if base.role_model is not None:  # a prior is of one role model's vectors: of no use where nobody says which
        beside.append(base.folder / PRIOR_FILE)
    beside = [path for path in beside if path.is_file()]
    for path in (*layout.carried(), layout.stack, layout.vocabulary, *beside):
        target = out / path.relative_to(base.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    if not layout.facts.is_file():
        found = read_facts(base.folder)
        facts = replace(found, encoder=base.name, base=base.name, base_digest=base.digest, base_licence=base.licence)
        facts.write(BundleLayout(out).facts)
