"""Public judged sets by name, `beir:scifact`, `nanobeir:scifact`: read from the hub once and kept as BEIR folders."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from minicoil.errors import CorpusError, UsageError
from minicoil.extras import require_extra
from minicoil.files import finite, replacing_folder, write_json
from minicoil.retrieval import RetrievalSet
from tasks.progress import progress
from tasks.proof.beir import BEIR_FILES, read_beir

# as the hub spells them; cqadupstack, twelve sets in one, has another layout
_BEIR = [
    "arguana",
    "climate-fever",
    "dbpedia-entity",
    "fever",
    "fiqa",
    "hotpotqa",
    "msmarco",
    "nfcorpus",
    "nq",
    "quora",
    "scidocs",
    "scifact",
    "trec-covid",
    "webis-touche2020",
]
_NANO = [
    "ArguAna",
    "ClimateFEVER",
    "DBPedia",
    "FEVER",
    "FiQA2018",
    "HotpotQA",
    "MSMARCO",
    "NFCorpus",
    "NQ",
    "QuoraRetrieval",
    "SCIDOCS",
    "SciFact",
    "Touche2020",
]
_SETS = {"beir": {name.lower(): name for name in _BEIR}, "nanobeir": {name.lower(): name for name in _NANO}}
_REVISION = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
_MAIN = "main"
_CONVERTED = "refs/convert/parquet"  # the hub's own copy of what its owner left as a script, CONFIG/SPLIT/*.parquet
_SPLITS = ("test", "validation", "dev")
_DEV_FIRST = ("validation", "dev", "test")  # MS MARCO's test has 43 queries; what is published is on its 6,980 of dev
_PAIR = ("query-id", "corpus-id")
_INSTEAD = f"give a BEIR folder in its place: {', '.join(BEIR_FILES)}"


@dataclass(frozen=True)
class PublicSet:
    """A judged set of the hub, and the state of it.

    >>> PublicSet.read("BEIR:SciFact")
    PublicSet(family='beir', name='scifact', revision='main', judged_at='main')
    >>> str(PublicSet.read("nanobeir:scifact@a1b2c3"))
    'nanobeir:scifact@a1b2c3'

    Attributes:
        family: `beir` or `nanobeir`.
        name: As the hub spells it.
        revision: Branch, tag or commit of the texts.
        judged_at: The same of BEIR's judgements, which are a repository of their own.
    """

    family: str
    name: str
    revision: str = _MAIN
    judged_at: str = _MAIN

    @staticmethod
    def read(address: str) -> PublicSet:
        """The set that `beir:NAME[@REVISION[,REVISION]]` or `nanobeir:NAME[@REVISION]` names, in any case.

        Raises:
            UsageError: there is no such set, or what follows `@` is no revision.
        """
        family, _, rest = address.partition(":")
        name, at, revisions = rest.partition("@")
        family = family.lower()
        known = _SETS[family]
        if name.lower() not in known:
            raise UsageError(
                f"'{address}': no such set; known are {', '.join(sorted(known))}, as {family}:scifact; for another "
                f"one {_INSTEAD}"
            )
        revision, comma, judged_at = revisions.partition(",")
        given = [revision] * bool(at) + [judged_at] * bool(comma)
        if not all(map(_REVISION.fullmatch, given)) or (comma and family != "beir"):
            raise UsageError(
                f"'{address}': expected a branch, tag or commit after '@', as {family}:scifact@main"
                + ("; a second one, after a comma, is of the judgements' repository" if family == "beir" else "")
            )
        return PublicSet(family, known[name.lower()], revision or _MAIN, judged_at or _MAIN)

    def __str__(self) -> str:
        judged_at = f",{self.judged_at}" if self.judged_at != _MAIN else ""
        at = f"@{self.revision}{judged_at}" if judged_at or self.revision != _MAIN else ""
        return f"{self.family}:{self.name.lower()}{at}"

    @property
    def folder_name(self) -> str:
        """Of its copy: `beir-scifact@main`."""
        judged_at = f",{self.judged_at}" if self.judged_at != _MAIN else ""
        return f"{self.family}-{self.name.lower()}@{quote(self.revision + judged_at, safe=',')}"

    @property
    def texts(self) -> _Source:
        """Where its documents and queries are."""
        owner = "BeIR/" if self.family == "beir" else "zeta-alpha-ai/Nano"
        return _Source(self, f"{owner}{self.name}", self.revision)

    @property
    def judgements(self) -> _Source:
        """Where its judgements are."""
        if self.family == "nanobeir":
            return self.texts
        return _Source(self, f"BeIR/{self.name}-qrels", self.judged_at)


def is_public_set(name: str) -> bool:
    """Whether a name is one of a public set; what exists as a path is that path.

    >>> is_public_set("beir:scifact"), is_public_set("NanoBEIR:nq"), is_public_set("sets/scifact")
    (True, True, False)
    """
    return ":" in name and name.partition(":")[0].lower() in _SETS and not os.path.exists(name)


def open_set(name: str, cache: Path) -> RetrievalSet:
    """The judged set of a BEIR folder, or of a public set's name, which is read from the hub the first time.

    Args:
        name: A folder, or `beir:NAME` or `nanobeir:NAME`, with or without `@REVISION`.
        cache: Folder of things that can be made again; it keeps what was read, under `sets`, whole or not at all.

    Raises:
        CorpusError: the folder has no such set, the hub is not reached or has it not, or no query can be judged.
        UsageError: there is no public set of this name.
        MissingExtraError: it has to be read from the hub, and the library that does is not installed.
    """
    if not is_public_set(name):
        return read_beir(Path(name))
    asked = PublicSet.read(name)
    folder = cache / "sets" / asked.folder_name
    if not all((folder / path).is_file() for path in BEIR_FILES):
        require_extra("hf", str(asked))
        with replacing_folder(folder) as part:
            _copy(asked, part)
    return replace(read_beir(folder), name=str(asked))


def _copy(asked: PublicSet, folder: Path) -> None:
    """The set as a BEIR folder; rows that cannot be used are kept as they are, for whoever reads them to count."""
    (folder / "qrels").mkdir(parents=True)
    with progress(f"reading {asked}", None, "rows") as advance:
        grades = list(_grades(asked, advance))  # first: the smallest, and the likeliest to be missing
        for config in ("corpus", "queries"):
            split = config if asked.family == "beir" else "train"
            with (folder / f"{config}.jsonl").open("w", encoding="utf-8") as file:
                for row in asked.texts.rows(config, (split,), advance):
                    kept = {key: finite(row.get(key)) for key in ("_id", "title", "text") if key in row}
                    file.write(write_json(kept, compact=True) + "\n")
    with (folder / "qrels" / "test.tsv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow([*_PAIR, "score"])
        table.writerows(grades)


def _grades(asked: PublicSet, advance: Callable[[int], None]) -> Iterator[list[str]]:
    """Query, document, grade; of NanoBEIR, which names what is relevant and nothing else, 1."""
    if asked.family == "nanobeir":
        for row in asked.judgements.rows("qrels", ("train",), advance):
            yield [_field(row.get(key)) for key in _PAIR] + [_field(row.get("score", 1))]
        return
    splits = _DEV_FIRST if asked.name == "msmarco" else _SPLITS
    for row in asked.judgements.rows(None, splits, advance, as_text=(*_PAIR, "score")):
        yield [_field(row.get(key)) for key in (*_PAIR, "score")]


def _field(value: Any) -> str:
    return "" if value is None else str(value)


@dataclass(frozen=True)
class _Source:
    """A repository of data sets, in one state."""

    asked: PublicSet
    repository: str
    revision: str

    def rows(
        self,
        config: str | None,
        splits: Sequence[str],
        advance: Callable[[int], None],
        as_text: Sequence[str] | None = None,
    ) -> Iterator[Any]:
        """Rows of the first of `splits` that is there, streamed.

        Args:
            config: Of the repository; None where it has but one.
            splits: Names, the best first.
            advance: Told of each thousand rows.
            as_text: All the columns of a table of text, none of which is to be taken for numbers: "007" is an id.

        Raises:
            CorpusError: it is not there, or not reached.
            UsageError: a folder here has the repository's name.
        """
        if Path(self.repository).is_dir():
            raise UsageError(
                f"{self.asked}: the folder {self.repository} would be read in place of what the hub has; run it in "
                f"another folder, or {_INSTEAD}"
            )
        try:
            yield from self._rows(config, splits, advance, as_text)
        except CorpusError:
            raise
        except Exception as error:  # offline, unknown, gated, cut off: the hub's libraries raise a dozen classes
            raise CorpusError(f"{self.asked}: {self._told(error)}") from error

    def _rows(
        self, config: str | None, splits: Sequence[str], advance: Callable[[int], None], as_text: Sequence[str] | None
    ) -> Iterator[Any]:
        found = self._open(config, splits[0], as_text)
        split = next((name for name in splits if name in found), None)
        if split is None:
            raise CorpusError(
                f"{self.asked}: {self.repository} has no split {' or '.join(splits)}, but {', '.join(found)}; name "
                f"another revision with @, or {_INSTEAD}"
            )
        for number, row in enumerate(found[split], 1):
            yield row
            if number % 1000 == 0:
                advance(1000)

    def _open(self, config: str | None, split: str, as_text: Sequence[str] | None) -> Any:
        """Split -> its rows."""
        from datasets import Features, Value, load_dataset

        features = None if as_text is None else Features({name: Value("string") for name in as_text})
        revision = self.revision
        try:
            return load_dataset(self.repository, config, revision=revision, streaming=True, features=features)
        except RuntimeError:  # it is a script, which that library runs no more
            if config is None or revision != _MAIN:
                raise
            revision = _CONVERTED
        except ValueError:  # no such configuration: so it is in a commit of the converted copy, which has no card
            if config is None:
                raise
        files = {split: f"{config}/{split}/*.parquet"}  # beside it, `partial-` is what a large set begins with
        return load_dataset(self.repository, revision=revision, data_files=files, streaming=True)

    def _told(self, error: BaseException) -> str:
        """What happened, and what to do."""
        from datasets.exceptions import DatasetNotFoundError
        from huggingface_hub import constants

        said = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        if isinstance(error, DatasetNotFoundError):
            return (
                f"the hub has no {self.repository} at revision {self.revision}, or your token may not see it; check "
                f"the revision and HF_TOKEN, or {_INSTEAD}"
            )
        if constants.is_offline_mode():
            return f"HF_HUB_OFFLINE is set, and the set was not read here before; unset it, or {_INSTEAD}"
        if isinstance(error, ConnectionError | TimeoutError) or _is_of_network(error):
            return (
                f"the hub at {constants.ENDPOINT} does not answer ({said}), and the set was not read here before; with "
                f"no network, {_INSTEAD}"
            )
        return f"{self.repository} cannot be read ({said}); run it again, name another revision with @, or {_INSTEAD}"


def _is_of_network(error: BaseException) -> bool:
    import httpx
    from huggingface_hub.errors import LocalEntryNotFoundError

    return isinstance(error, httpx.TransportError | LocalEntryNotFoundError)
