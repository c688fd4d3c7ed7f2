"""What is there: words, releases, channels; read-only, and quick to start."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from minicoil.errors import ReleaseError, UsageError
from minicoil.text import WordTokenizer
from minicoil.words import Ledger, WordRecord
from tasks.catalogue import (
    find_release,
    folder_to_fill,
    list_channels,
    open_release,
    pull_release,
    read_channel,
    read_sound,
    release_numbers,
    role_model_of,
    verify_release,
)
from tasks.hub import HubAddress, is_hub_address, pull_from_hub
from tasks.models import PACKAGED
from tasks.place import Place


def list_words(place: Place, channel: str, word: str | None, release: int | None = None) -> dict[str, Any]:
    """The ledger of the channel's release, or of another one, or one word of it.

    Raises:
        ReleaseError: the channel serves nothing yet, there is no such release, or it never looked at the word.
    """
    store = place.objects()
    current = read_channel(store, channel).current if release is None else release
    if current is None:
        raise ReleaseError(
            f"channel '{channel}' serves no release yet; `minicoil extend --common 1000 --corpus SPEC` makes one"
        )
    folder = open_release(store, current, place.cache)
    ledger = Ledger.read(folder)
    records = list(ledger.words.values())
    if word is not None:
        tokenizer = WordTokenizer.from_folder(folder)
        form = tokenizer.fold(word)
        wanted = {form, tokenizer.language.stem(form)}
        records = [record for record in records if record.word in wanted or form in record.forms]
        if not records:
            raise ReleaseError(
                f"word '{word}' is not in the ledger of release {current}; it is plain BM25, never trained"
            )
    rows = [{key: value for key, value in asdict(record).items() if key != "neighbours"} for record in records]
    answer: dict[str, Any] = {"release": current, "words": rows}
    if word is not None and records[0].release is not None:
        role_model = role_model_of(store, current) or PACKAGED
        answer |= _look_at(place, folder, records[0], current, role_model)
    return answer


def _look_at(place: Place, folder: Path, record: WordRecord, release: int, role_model: str) -> dict[str, Any]:
    """What the word's numbers separate, and its page under `HOME/words/`; a home without sentences says so."""
    from tasks.report.word_page import page_name, write_word_page
    from tasks.report.word_view import describe_word, view_word

    try:
        view = view_word(place, folder, record, role_model)
    except ReleaseError as error:
        return {"page": None, "message": str(error)}
    page = place.home / "words" / page_name(record.word)
    write_word_page(page, record, view, release)
    return {"page": str(page), "meaning": describe_word(view)}


def list_all_releases(place: Place) -> dict[str, Any]:
    """Every complete release, oldest first, with the channels that name it; a damaged manifest has empty columns."""
    store = place.objects()
    states, _ = list_channels(store)
    rows = []
    for number in release_numbers(store):
        manifest = read_sound(store, number)
        names = [state.name for state in states if state.current == number]
        names += [f"{state.name} (pending)" for state in states if state.pending == number]
        row: dict[str, Any] = {"parent": None, "created_at": "damaged", "n_words": None, "size_bytes": None}
        if manifest is not None:
            row = {
                "parent": manifest.parent,
                "created_at": manifest.created_at,
                "n_words": manifest.facts.get("n_words"),
                "size_bytes": sum(entry.size_bytes for entry in manifest.files.values()),
            }
        rows.append({"release": number, **row, "channels": names})
    return {"releases": rows}


def show_release(place: Place, name: str) -> dict[str, Any]:
    """One release: parent, files, facts; by a channel's name also the channel's state, and who moved it when."""
    manifest = find_release(place, name)
    files = {path: {"sha256": e.sha256, "size_bytes": e.size_bytes} for path, e in manifest.files.items()}
    answer = {**manifest.model_dump(exclude={"files"}), "files": files}
    if not name.isdecimal():
        state = read_channel(place.objects(), name)
        answer["channel"] = state.model_dump(exclude={"history"})
        answer["history"] = [row.model_dump() for row in state.history]
    return answer


def pull(place: Place, name: str, directory: str | None = None) -> dict[str, Any]:
    """Copy a release into a folder that FastEmbed and `minicoil.load` take.

    Args:
        place: Has the release, unless a hub has it.
        name: Its number, a channel, or `hf:owner/name@REVISION`.
        directory: The folder; None leaves what a hub has in the cache of the hub's client.

    Raises:
        UsageError: the folder holds something else, or was not given.
    """
    if is_hub_address(name):
        return pull_from_hub(HubAddress.read(name), directory)
    if directory is None:
        raise UsageError(f"release pull {name}: give the folder to copy it into, such as ./release-{name}")
    manifest = find_release(place, name)
    folder = pull_release(place.objects(), manifest.release, folder_to_fill(directory))
    return {"release": manifest.release, "folder": str(folder), "n_files": len(manifest.files)}


def verify(place: Place, name: str) -> dict[str, Any]:
    """Read and hash every file of a release again."""
    manifest = find_release(place, name)
    problems = verify_release(place.objects(), manifest.release)
    way_out = "restore these files from a backup, or let the channel go back: `minicoil release rollback`"
    return {
        "release": manifest.release,
        "n_files": len(manifest.files),
        "problems": problems,
        "refused": bool(problems),
        **({"message": f"release {manifest.release} is damaged: {way_out}"} if problems else {}),
    }
