"""A release pushed to a hub: one commit with all its files, then a tag of its number, which is what makes it there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from minicoil.errors import ReleaseError, UsageError
from tasks.catalogue import MANIFEST, Manifest, find_release, open_release, parse_manifest
from tasks.hub.address import MAIN, HubAddress
from tasks.hub.hub_client import open_client, telling
from tasks.place import Place
from tasks.progress import progress
from tasks.store import write_document

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_THEIRS = (".gitattributes",)  # the hub's own, made with the repository


def push_release(place: Place, address: HubAddress, name: str = "production", public: bool = False) -> dict[str, Any]:
    """Push a release to a repository, which is made where there is none.

    Files that the hub has are not sent again. Killed at any point, it leaves the repository as it was or with a commit
    without its tag; the same call finishes. A release that is there already is left alone, whatever was pushed since.

    Args:
        place: Has the release.
        address: Of the repository; it takes no revision, which is the release's number.
        name: Number of a release, or a channel.
        public: Everybody may see it; else a repository that is made is private, and one that is public is refused.

    Returns:
        `release`, `address`, `url`, `commit`, `private`, and `pushed`: False where it was there already.

    Raises:
        UsageError: the address has a revision.
        ReleaseError: the hub refuses, or has another release under this number.
    """
    if address.revision is not None:
        raise UsageError(f"'{address}': leave '@{address.revision}' out; a release is pushed under its own number")
    manifest = find_release(place, name)
    folder, client = open_release(place.objects(), manifest.release, place.cache), open_client()
    repository, tag = address.repository, str(manifest.release)
    with telling(address):
        url = str(client.create_repo(repository, private=not public, exist_ok=True))
        is_private = bool(client.model_info(repository).private)
        if not is_private and not public:
            raise ReleaseError(
                f"{address} is public, and a release's report quotes sentences of your corpus; push with --public if "
                "everybody may read them, or make the repository private"
            )
        refs = client.list_repo_refs(repository)
        there = {ref.name: ref.target_commit for ref in refs.tags}
        if tag in there:
            _check_same(client, address, manifest)
            commit = there[tag]
        else:
            head = next((ref.target_commit for ref in refs.branches if ref.name == MAIN), None)
            commit = _commit(client, repository, manifest, folder, head)
            client.create_tag(repository, tag=tag, revision=commit, exist_ok=True)
    return {
        "release": manifest.release,
        "address": f"{address}@{tag}",
        "url": url,
        "commit": commit,
        "private": is_private,
        "pushed": tag not in there,
        **({"message": f"release {tag} is there already: nothing to do"} if tag in there else {}),
    }


def _check_same(client: HfApi, address: HubAddress, manifest: Manifest) -> None:
    """Numbers are given out by a store: another store's release 7 must not be taken for this one's."""
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    tagged = HubAddress(address.repository, str(manifest.release))
    try:
        path = client.hf_hub_download(tagged.repository, MANIFEST, revision=tagged.revision)
    except LocalEntryNotFoundError:
        raise
    except EntryNotFoundError:
        found = None
    else:
        found = parse_manifest(Path(path).read_bytes(), f"the manifest of {tagged}").content_digest
    if found != manifest.content_digest:
        raise ReleaseError(
            f"{tagged} is another model than release {manifest.release} of this store; push to a "
            f"repository of its own: `minicoil release push hf:OWNER/NAME --release {manifest.release}`"
        )


def _commit(client: HfApi, repository: str, manifest: Manifest, folder: Path, head: str | None) -> str:
    """All files of the release in one commit, those of an earlier one that it has not taken out; the commit's name."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    files: dict[str, str | bytes] = {path: str(folder / path) for path in sorted(manifest.files)}
    files[MANIFEST] = write_document(manifest)
    left = set(client.list_repo_files(repository, revision=head)) - files.keys() - set(_THEIRS)
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        *(CommitOperationAdd(path, content) for path, content in files.items()),
        *(CommitOperationDelete(path) for path in sorted(left)),
    ]
    with progress(f"pushing release {manifest.release}", len(files), "files") as advance:
        # against this head alone: of two who push at once the second one is told
        made = client.create_commit(
            repository, operations, commit_message=f"Release {manifest.release}", revision=MAIN, parent_commit=head
        )
        advance(len(files))
    return str(made.oid)
