"""Models of a hub on this machine: in the client's cache, or as a folder of one's own, each checked by its manifest."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from minicoil.errors import ReleaseError
from minicoil.files import replacing_folder
from minicoil.folder import check_bundle, file_digest
from tasks.catalogue import MANIFEST, Manifest, folder_to_fill, parse_manifest
from tasks.hub.address import MAIN, HubAddress
from tasks.hub.hub_client import open_client, telling

_NOT_OURS = shutil.ignore_patterns(".gitattributes", ".cache")


def find_folder(address: HubAddress) -> Path:
    """Folder of a model that a hub has, in the cache of its client: downloaded unless it is there and whole.

    A state of the repository has a folder of its own, so a client that caches models by their path never mixes two up.

    Raises:
        ReleaseError: there is no such repository or revision, the hub is not reached, or a file is not what the
            release's manifest says.
    """
    with telling(address):
        folder = Path(open_client().snapshot_download(address.repository, revision=address.revision or MAIN))
    manifest = read_manifest_in(folder, address)
    for path, entry in ({} if manifest is None else manifest.files).items():
        file = folder / path
        if not file.is_file() or file.stat().st_size != entry.size_bytes or file_digest(file) != entry.sha256:
            raise ReleaseError(
                f"{address}: {path} is missing there or is not what the release's manifest says; push the release "
                f"again, or, where the hub's copy is sound, remove {folder} and run the same command again"
            )
    return folder


def read_manifest_in(folder: Path, address: HubAddress) -> Manifest | None:
    """The manifest in a folder; None where nobody made it with this service.

    Raises:
        ReleaseError: it is damaged.
    """
    path = folder / MANIFEST
    return parse_manifest(path.read_bytes(), f"the manifest of {address}") if path.is_file() else None


def pull_from_hub(address: HubAddress, directory: str | None = None) -> dict[str, Any]:
    """Copy a model of a hub into a folder that FastEmbed and `minicoil.load` take.

    Args:
        address: Of the model.
        directory: The folder; None leaves it in the cache of the hub's client, and names it.

    Raises:
        UsageError: the folder holds something else.
        ReleaseError: see `find_folder`.
        BundleError: it is no complete model.
    """
    target = None if directory is None else folder_to_fill(directory)
    folder = find_folder(address)
    check_bundle(folder)
    manifest = read_manifest_in(folder, address)
    n_files = sum(1 for path in folder.rglob("*") if path.is_file() and path.name != ".gitattributes")
    if target is not None:
        with replacing_folder(target) as part:
            shutil.copytree(folder, part, ignore=_NOT_OURS)  # the files themselves, where the cache has links
        folder = target
    return {
        "release": None if manifest is None else manifest.release,
        "folder": str(folder),
        "n_files": n_files,
        "address": str(address),
    }
