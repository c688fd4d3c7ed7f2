"""Reports without what they quote of a document: HTML of releases, JSON reports, copies and pages under a home."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from minicoil.errors import ObjectNotFoundError
from minicoil.files import parse_json, write_json
from minicoil.folder import file_digest
from minicoil.text import Quotes
from tasks.catalogue import (
    REPORT,
    FileEntry,
    Manifest,
    change_manifest,
    content_digest,
    describe_file,
    read_sound,
    release_key,
    release_numbers,
)
from tasks.store import ObjectStore


def redact_releases(store: ObjectStore, quotes: Quotes, work: Path, dry_run: bool = False) -> list[int]:
    """Take what reports of releases quote out of them; returns the releases whose report quoted something.

    A release stays verifiable at every moment: its manifest lets go of the report, the report is replaced, the manifest
    takes it up again with its new digest and says when that was. Model files are never touched. A report that still
    quotes after that is left out for good.

    Args:
        store: Where releases are.
        quotes: What must go.
        work: Folder for the new file, on this machine.
        dry_run: Only find them.
    """
    found = []
    for number in release_numbers(store):
        try:
            page = store.read(release_key(number, REPORT)).decode("utf-8", "replace")
        except ObjectNotFoundError:
            continue
        redacted, n = quotes.redact_html(page)
        if n or quotes.are_in(page):
            found.append(number)
            if not dry_run:
                _set_report(store, number, None)
                _replace_report(store, number, None if quotes.are_in(redacted) else redacted, work)
        elif not dry_run and (manifest := read_sound(store, number)) is not None and REPORT not in manifest.files:
            _replace_report(store, number, page, work)  # a run that was killed replaced it and went no further
    return found


def _replace_report(store: ObjectStore, number: int, page: str | None, work: Path) -> None:
    key = release_key(number, REPORT)
    if page is None:
        store.delete(key)
        return
    work.mkdir(parents=True, exist_ok=True)
    path = work / REPORT
    path.write_text(page, encoding="utf-8")
    store.upload(key, path, file_digest(path))
    _set_report(store, number, describe_file(path))
    path.unlink()


def _set_report(store: ObjectStore, number: int, entry: FileEntry | None) -> None:
    """Let a release's manifest name this report, or none; compare-and-swap, since somebody else may redact as well."""

    def change(manifest: Manifest) -> Manifest:
        files = {path: known for path, known in manifest.files.items() if path != REPORT}
        files |= {REPORT: entry} if entry else {}
        if files == manifest.files:
            return manifest
        facts = {**manifest.facts, "redacted_at": datetime.now(UTC).isoformat(timespec="seconds")}
        digest = content_digest(files, manifest.parent, facts)
        return manifest.model_copy(update={"files": files, "facts": facts, "content_digest": digest})

    change_manifest(store, number, change)


def redact_reports(store: ObjectStore, quotes: Quotes, dry_run: bool = False) -> list[str]:
    """Take what JSON reports under `reports/` quote out of them; returns the keys of those that did."""
    found = []
    for entry in store.list("reports/"):
        text = store.read(entry.key).decode("utf-8", "replace")
        try:
            document, n = quotes.redact_values(parse_json(text))
        except ValueError:  # no JSON: somebody else's file, or a damaged one
            document, n = None, int(quotes.are_in(text))
        if not n:
            continue
        found.append(entry.key)
        if dry_run:
            continue
        if document is None:
            store.delete(entry.key)
        else:
            store.write(entry.key, write_json(document, indent=1).encode())
    return found


def remove_copies(home: Path, quotes: Quotes, dry_run: bool = False) -> list[str]:
    """Remove a home's pages of words and trials and pulled releases that quote: made again when they are asked for."""
    pages: Sequence[Path] = [*sorted((home / "words").rglob("*.html")), *sorted(home.glob("try-*.html"))]
    pulled = sorted((home / "cache" / "releases").glob(f"*/*/{REPORT}"))
    found = []
    for path in (*pages, *pulled):
        text = path.read_text("utf-8", "replace")
        if quotes.are_in(text) or quotes.redact_html(text)[1]:
            target = path.parent if path.name == REPORT else path
            found.append(target.relative_to(home).as_posix())
            if not dry_run and target.is_dir():
                shutil.rmtree(target)
            elif not dry_run:
                target.unlink()
    return found
