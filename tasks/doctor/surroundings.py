"""Home, store, engine, disk and memory of a place: which address and why, whether it answers, whether it suffices."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from minicoil.encoder import cores, memory
from minicoil.errors import MiniCoilError
from minicoil.extras import install_line, missing_extra
from tasks.disk import free_bytes
from tasks.doctor.check import Check
from tasks.models import find_encoder
from tasks.place import Place
from tasks.qdrant import TESTED_VERSION, server_version

DOCUMENTS = 10_000  # planned for where nobody says how many
# of a 170-token document in an embedded home: text, cells, sentences, encoded sentences and texts
_DISK_BYTES_EACH = 60_000
_DISK_BYTES = 1.5 * 2**30  # encoder, two releases, the engine's own logs, whatever the number of documents
# in the object store alone: the text of 170 tokens as sentences in columns; two releases, an encoder in each
_STORE_BYTES_EACH = 2_000
_STORE_BYTES = 0.5 * 2**30
_MEMORY_BYTES = 2.5 * 2**30  # a run that trains, with its engine; docs/scaling.md
_MEMORY_BYTES_EACH = 13_000  # the engine while it merges
_GIB = 2**30


def check_surroundings(place: Place, named_by: Mapping[str, str], n_documents: int = DOCUMENTS) -> list[Check]:
    """Everything outside of this process that a run needs.

    Args:
        place: Where.
        named_by: "home", "store", "qdrant" -> who says so: an option, a variable of the environment, a default.
        n_documents: That are to be indexed and learned from.
    """
    return [
        _home(place, named_by["home"]),
        _store(place, named_by["store"]),
        _engine(place, named_by["qdrant"]),
        _encoder(),
        _disk(place, n_documents),
        *_disk_of_store(place, n_documents),
        _memory(place, n_documents),
    ]


def _home(place: Place, named_by: str) -> Check:
    found = f"{place.home} (by {named_by})"
    folder = _existing(place.home)
    if not folder.is_dir():
        return Check("home", "wrong", f"{found}: {folder} is a file", "give another --home")
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
            pass
    except OSError as error:
        return Check(
            "home",
            "wrong",
            f"{found}: {folder} cannot be written ({error.strerror})",
            f"make {folder} writable for this user, or give another --home",
        )
    there = "written and read" if place.home.is_dir() else "not there yet; it is made by the first command"
    return Check("home", "good", f"{found}, {there}")


def _existing(path: Path) -> Path:
    """The folder itself, else the one it will be made in."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def _store(place: Place, named_by: str) -> Check:
    address = f"{place.store_url} (by {named_by})"
    if place.store_url == (place.home / "store").as_uri() and not place.home.exists():
        return Check("object store", "good", f"{address}, made with the home")
    fix = "check --store or MINICOIL_STORE, MINICOIL_S3_ENDPOINT_URL and the keys; or leave --store out"
    return _answers("object store", address, fix, lambda: _write_probe(place))


def _write_probe(place: Place) -> str:
    key = f"doctor/{os.getpid()}-{time.time_ns()}"
    store = place.objects()
    store.write(key, b"minicoil doctor\n")
    store.delete(key)
    return "written and read"


def _engine(place: Place, named_by: str) -> Check:
    if place.qdrant_url is None:
        address = f"embedded in {place.home} (by {named_by})"
        if not place.home.exists():
            return Check("Qdrant", "good", f"{address}, starts with the first command")
    else:
        address = f"{place.qdrant_url} (by {named_by})"
    fix = "start the server, or check --qdrant-url, MINICOIL_QDRANT_URL and MINICOIL_QDRANT_API_KEY"
    if place.qdrant_url is None:
        fix = "wait for the command that uses this home, or give another --home"
    versions: list[str | None] = []
    check = _answers("Qdrant", address, fix, lambda: _collections(place, versions))
    if check.state == "good" and versions[0] not in (None, TESTED_VERSION):
        found = f"{check.found}; the tests ran with a server {TESTED_VERSION}"
        return Check("Qdrant", "odd", found, f"run qdrant/qdrant:v{TESTED_VERSION} if anything behaves oddly")
    return check


def _collections(place: Place, versions: list[str | None]) -> str:
    with place.points() as points:
        versions.append(None if place.qdrant_url is None else server_version(points))
        of = "" if versions[0] is None else f" as version {versions[0]}"
        return f"answers{of}, {len(points.names()):,} collections"


def _answers(name: str, address: str, fix: str, ask: Callable[[], str]) -> Check:
    started = time.monotonic()
    try:
        said = ask()
    # whatever a client raises is what there is to say: a page about what is broken must not break
    except Exception as error:
        told = str(error) if isinstance(error, MiniCoilError) else f"{type(error).__name__}: {error}"
        return Check(name, "wrong", f"{address}: {told}", fix)
    return Check(name, "good", f"{address}, {said} in {time.monotonic() - started:.1f} s")


def _encoder() -> Check:
    try:
        folder = find_encoder("minilm")
    except ImportError as error:
        if missing_extra(error, "a first index"):
            return Check(
                "encoder", "odd", "the packaged one is not installed; a first index needs it", install_line("train")
            )
        return Check("encoder", "wrong", f"the packaged one cannot be found ({error})", "make install")
    except MiniCoilError as error:
        return Check("encoder", "wrong", f"the packaged one cannot be found ({error})", "make install")
    return Check("encoder", "good", f"minilm, packaged, at {folder}; no network is needed")


def _disk(place: Place, n_documents: int) -> Check:
    needed, free = _DISK_BYTES + n_documents * _DISK_BYTES_EACH, free_bytes(_existing(place.home))
    found = f"{free / _GIB:.1f} GiB free at {place.home}; {n_documents:,} documents take about {needed / _GIB:.1f} GiB"
    if free < needed:
        fix = "free some space (`minicoil release prune`, old caches), give another --home, or plan fewer documents"
        return Check("disk", "wrong", found, fix)
    return Check("disk", "good", found)


def _disk_of_store(place: Place, n_documents: int) -> list[Check]:
    """Of a store that is a folder outside the home; one inside is the home's disk, one in a cloud has none."""
    parts = urlsplit(place.store_url)
    folder = Path(unquote(parts.path))
    if parts.scheme != "file" or folder.is_relative_to(place.home.absolute()):
        return []
    needed, free = _STORE_BYTES + n_documents * _STORE_BYTES_EACH, free_bytes(_existing(folder))
    found = f"{free / _GIB:.1f} GiB free at {folder}; {n_documents:,} documents take {needed / _GIB:.1f} GiB there"
    if free < needed:
        fix = "free some space (`minicoil release prune`), give another --store, or plan fewer documents"
        return [Check("disk of the store", "wrong", found, fix)]
    return [Check("disk of the store", "good", found)]


def _memory(place: Place, n_documents: int) -> Check:
    granted, each = memory(), 0 if place.qdrant_url else _MEMORY_BYTES_EACH
    needed = _MEMORY_BYTES + n_documents * each
    found = (
        f"{cores():g} cores and {granted / _GIB:.1f} GiB are granted; {n_documents:,} documents take about "
        f"{needed / _GIB:.1f} GiB"
    )
    if granted < needed:
        return Check("memory", "wrong", found, "grant more memory, use a Qdrant server elsewhere, or --sample")
    return Check("memory", "good", found)
