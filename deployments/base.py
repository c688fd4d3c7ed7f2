"""A base of common words out of the docstrings of installed packages: what `make base` builds.

Only packages are read whose own metadata name a licence that lets anybody pass on what was learned from their text.
The words are taught by the command that a person would type, in a home of its own; the same command goes on where it
was stopped.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import tarfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageMetadata, distributions
from pathlib import Path
from typing import Any

from deployments.own_commands import run_command, say
from minicoil import __version__
from minicoil.errors import BundleError
from tasks.catalogue import open_release, read_manifest
from tasks.models import pack_base
from tasks.place import Place

MAX_BYTES = 14 * 10**6  # of the packed file
# SPDX names of licences that ask for no more than a notice, which the card gives
ALLOWED = {
    *("Apache-2.0 WITH LLVM-exception", "BSL-1.0", "CNRI-Python"),
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU"),
    *("PSF-2.0", "Python-2.0", "Unlicense", "Zlib"),
}
# what older metadata say instead; "BSD License" is of two or three clauses, both of which are allowed
_OLDER = {
    "apache software license": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "bsd": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}
_OLDER |= {name.lower(): name for name in ALLOWED}
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Source:
    """An installed package whose text may teach.

    Attributes:
        package: Its distribution's name.
        version: Of it.
        licence: SPDX expression.
        modules: Import names, without those that only it needs.
    """

    package: str
    version: str
    licence: str
    modules: tuple[str, ...]


def read_licence(metadata: PackageMetadata) -> str:
    """SPDX expression of a distribution's licence, "" where its metadata name none that is known.

    Its expression counts; where it has none its classifiers, then the text of its licence field.
    """
    said = metadata.get_all("License-Expression") or []
    if said:
        return str(said[0])
    classified = [entry.rsplit(" :: ", 1)[-1] for entry in metadata.get_all("Classifier") or [] if "License" in entry]
    classified = [entry for entry in classified if entry not in ("OSI Approved", "DFSG approved")]
    names = {_OLDER.get(entry.lower(), "") for entry in classified or metadata.get_all("License") or []}
    return " AND ".join(sorted(names)) if "" not in names else ""


def is_allowed(licence: str) -> bool:
    """Whether every licence of an SPDX expression is an allowed one, those behind an OR included.

    >>> [is_allowed(text) for text in ("MIT", "BSD-3-Clause AND (MIT OR Apache-2.0)", "MIT AND GPL-3.0-only", "")]
    [True, True, False, False]
    """
    names = [name for name in re.split(r"\s+(?:AND|OR)\s+|[()]", licence) if name.strip()]
    return bool(names) and all(name.strip() in ALLOWED for name in names)


def find_sources(installed: Iterable[Distribution]) -> list[Source]:
    """Distributions whose licence is allowed and that bring Python source, by name; this project itself left out."""
    found: dict[str, Source] = {}
    for distribution in installed:
        metadata = distribution.metadata
        name, licence = str(metadata["Name"] or ""), read_licence(metadata)
        if name and name != "minicoil-service" and is_allowed(licence) and (modules := _modules(distribution)):
            found.setdefault(name.lower(), Source(name, distribution.version, licence, modules))
    return [found[key] for key in sorted(found)]


def _modules(distribution: Distribution) -> tuple[str, ...]:
    """Import names of its packages and modules; what is beside them, such as tests at the top, is no documentation."""
    tops = set()
    for path in distribution.files or ():
        top = path.parts[0].removesuffix(".py")
        if path.suffix == ".py" and _NAME.fullmatch(top) and not top.startswith("_") and top not in ("tests", "docs"):
            is_package = len(path.parts) == 2 and path.name == "__init__.py"
            if is_package or len(path.parts) == 1:
                tops.add(top)
    return tuple(sorted(tops))


def main(arguments: Sequence[str] | None = None) -> None:
    """Teach the words, then write the base's folder and its packed file beside it; ends with their sizes."""
    parser = argparse.ArgumentParser(prog="python -m deployments.base", description=__doc__)
    parser.add_argument("--home", default=".minicoil-base", help="where it works, and goes on after a stop")
    parser.add_argument("--out", default="dist/base", help="folder of the base; the packed file lies beside it")
    parser.add_argument("--words", type=int, default=1500, help="the most frequent ones")
    parser.add_argument("--sentences", type=int, default=200, help="most that a word is taught on")
    parser.add_argument("--packages", help="read these alone, by distribution name, separated by commas")
    asked = parser.parse_args(arguments)
    started = time.monotonic()
    sources = _choose(find_sources(distributions()), asked.packages)
    for source in sources:
        say(f"{source.package} {source.version}: {source.licence}")
    say(f"{len(sources)} packages with an allowed licence are read")
    command = _command(sources, asked.words, asked.sentences)
    say(f"  $ minicoil {shlex.join(command)}")
    answer = _extend(command, asked.home)
    place = Place.at(Path(asked.home))
    release, facts = int(answer["release"]), read_manifest(place.objects(), int(answer["release"])).facts
    out = Path(asked.out)
    card = base_card(sources, facts, command)
    try:
        pack_base(open_release(place.objects(), release, place.cache), str(facts.get("role_model")), out, card)
    except BundleError as error:
        _stop(str(error))
    archive = pack_archive(out)
    size = archive.stat().st_size
    say(f"{out}: {facts['n_words']:,} words; {archive.name}: {size / 10**6:.1f} MB")
    say(f"{time.monotonic() - started:.0f} s in all")
    if size > MAX_BYTES:
        _stop(f"{archive} has {size:,} bytes, at most {MAX_BYTES:,} were expected; take fewer --words")


def _choose(found: list[Source], packages: str | None) -> list[Source]:
    if packages is None:
        return found
    wanted = {name.strip().lower() for name in packages.split(",") if name.strip()}
    if missing := sorted(wanted - {source.package.lower() for source in found}):
        _stop(f"{', '.join(missing)}: not installed, without Python source, or under a licence that is not allowed")
    return [source for source in found if source.package.lower() in wanted]


def _command(sources: Sequence[Source], words: int, sentences: int) -> list[str]:
    corpus = "pydocs:" + ",".join(sorted({module for source in sources for module in source.modules}))
    options = ["--max-sentences", str(sentences), "--rounding", "float16", "--judge-at-most", "300", "--no-text"]
    return ["extend", "--common", str(words), "--corpus", corpus, *options]


def _extend(command: Sequence[str], home: str) -> Mapping[str, Any]:
    """Answer of the extension; ends the program where it failed or a gate holds the release back."""
    status, answer = run_command(command, home)
    if status or answer.get("release") is None or not answer.get("promoted"):
        _stop("no release was made, or a gate holds it back; the same command goes on", status or 1)
    return answer


def base_card(sources: Sequence[Source], facts: Mapping[str, Any], command: Sequence[str]) -> str:
    """README.md of the base: what it is, whose text it learned from and under which licence, and how good it is.

    Args:
        sources: Packages that were read.
        facts: Of the release's manifest.
        command: That taught the words, without the home.
    """
    packages = "\n".join(f"| {source.package} | {source.version} | {source.licence} |" for source in sources)
    verdicts = ", ".join(f"{count:,} {verdict.replace('_', ' ')}" for verdict, count in facts["verdicts"].items())
    return f"""---
language: en
license: apache-2.0
tags: [minicoil, sparse-retrieval]
---

# A miniCOIL base: {facts["n_words"]:,} common English words x {facts["dims"]} dimensions

Word layers without the encoder, which is the packaged one (all-MiniLM-L6-v2, Apache-2.0). To start from it:

    minicoil index docs --corpus YOUR_TEXTS --base THIS_FOLDER
    minicoil extend --mine 100 --corpus YOUR_TEXTS --base THIS_FOLDER

What grows from it is a whole model, which FastEmbed loads.

## Figures

Words looked at: {verdicts}. Mean held-out ordering accuracy {facts["mean_ordering_accuracy"]}, on layers whose numbers
are all float16 numbers.

## Where its text came from

Docstrings of these packages, whose licences let others pass on what is made of them. Their text is not in this folder.

| package | version | licence |
|---|---|---|
{packages}

## Make it again

    minicoil {shlex.join(command)}

With minicoil-service {__version__}; `make base` runs it and packs the folder.
"""


def pack_archive(folder: Path) -> Path:
    """The folder as one .tar.xz beside it; the same files give the same bytes, whoever packs them and when."""
    archive = folder.with_name(f"{folder.name}.tar.xz")
    part = archive.with_name(f"{archive.name}.part")
    with tarfile.open(part, "w:xz") as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            packed.add(path, f"{folder.name}/{path.relative_to(folder).as_posix()}", filter=_anonymous)
    part.replace(archive)
    return archive


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o644
    return entry


def _stop(text: str, status: int = 1) -> None:
    sys.stderr.write(f"error: {text}\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
