"""Homes that a command is about to change, made once and copied for every kill; and what may be known of each."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from minicoil.files.layout import BundleLayout
from minicoil.files.stack import read_shape
from minicoil.folder.bundle import derive_bundle
from minicoil.words.vocabulary import Vocabulary
from tasks.place import Place

BIG_BYTES = 12 * 2**20  # more than two of the parts that are copied inside S3
SENSES = {
    "pod": ("container cluster node scheduler worker deployment volume", "whale ocean dolphin sea swim fin coast"),
    "bank": ("money loan account credit interest deposit payment", "river water shore mud fish willow flood"),
    "cell": (
        "battery power voltage charge circuit anode current",
        "blood tissue membrane protein nucleus enzyme organ",
    ),
    "pool": ("thread task queue process executor future job", "swimmer summer towel dive tile chlorine lane"),
    "kernel": ("system driver memory module linux interrupt page", "corn popcorn seed husk grain barley mill"),
}
FRAMES = (
    "The {word} has {0}, {1}, {2}, {3} and {4}.",
    "Without {0} or {1} the {word} lost {2}, {3} and {4}.",
    "Some {0}, {1} and {2} near a {word} with {3} and {4}.",
)
QUERIES = ("pod container cluster", "bank river", "cell battery", "pool thread queue", "kernel corn", "money of a bank")


@dataclass(frozen=True)
class Scenario:
    """A command, and those whose state it starts from."""

    name: str
    arguments: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()


def write_documents(path: Path, seed: int, n: int, senses: Sequence[int] = (0, 1)) -> None:
    """One sentence each, of a word in one of its senses."""
    rng = random.Random(seed)
    rows = []
    for number in range(n):
        word = rng.choice(sorted(SENSES))
        some = rng.sample(SENSES[word][rng.choice(senses)].split(), 5)
        rows.append(json.dumps({"_id": f"{path.stem}-{number}", "text": rng.choice(FRAMES).format(*some, word=word)}))
    path.write_text("\n".join(rows), encoding="utf-8")


def make_encoder(source: Path, folder: Path) -> Path:
    """An encoder that tells words apart by their embeddings alone, so that two senses of a word are far apart."""
    import torch
    from transformers import BertModel

    shutil.copytree(source, folder)
    model = BertModel.from_pretrained(source, add_pooling_layer=False)
    with torch.no_grad():
        model.embeddings.position_embeddings.weight.zero_()
        model.embeddings.token_type_embeddings.weight.zero_()
    model.save_pretrained(folder)
    return folder


def describe_scenarios(folder: Path, encoder: Path) -> dict[str, Scenario]:
    """Every command that changes something, with the corpora written to `folder`."""
    for number, name in enumerate(("first", "second")):
        write_documents(folder / f"{name}.jsonl", number, 300)
    write_documents(folder / "narrow.jsonl", 2, 250, senses=(0,))
    model = ("--encoder", str(encoder), "--role-model", str(encoder), "--no-evaluate")
    first, second, narrow = (("--corpus", str(folder / f"{name}.jsonl")) for name in ("first", "second", "narrow"))
    index = ("index", "docs", *first, "--encoder", str(encoder))
    start = (index, ("extend", "pod", "bank", "cell", *first, *model))
    learnt = (index, ("extend", "pod", "bank", "cell", *narrow, *model))
    grow = ("extend", "pool", "kernel", *second, *model)
    publish = ("release", "publish", str(folder / "grown-1"))
    again = ("release", "publish", str(folder / "grown-2"), "--promote", "no")
    rows = (
        Scenario("index", ("index", "docs", *second), start),
        Scenario("extend", grow, start),
        Scenario("retrain", ("retrain", *second, *model, "--below", "1.0"), learnt),
        Scenario("remove", ("remove", "bank"), start),
        Scenario("publish", again, (*start, publish)),
        Scenario("promote", ("release", "promote", "3"), (*start, publish, again)),
        Scenario("contract", ("reencode", "--contract"), (*start, grow)),
    )
    return {row.name: row for row in rows}


def grow_folder(parent: Path, folder: Path, number: int) -> None:
    """A model folder made elsewhere, with a word more than its parent and a large file that grows."""
    layout = BundleLayout(parent)
    word = ("water", "swim")[number - 1]
    vocabulary, fresh = Vocabulary.read(layout.vocabulary, 4).apply({word: [word]})
    rng, width = np.random.default_rng(number), read_shape(layout.stack)[1]
    rows = {i: rng.normal(scale=0.3, size=(width, 4)).astype(np.float32) for i in fresh.values()}
    derive_bundle(parent, folder, vocabulary, rows)
    big = random.Random(0).randbytes(BIG_BYTES) + random.Random(number).randbytes(2**20 * number)
    (folder / "grows.bin").write_bytes(big)


class CommandFailed(AssertionError):
    """A command that nobody killed did not end well."""


class Runner(Protocol):
    """Runs `minicoil`, and kills it if told to: `CrashServer`, `crash_command_line.CommandLine`."""

    def ask(self, **request: Any) -> dict[str, Any]: ...


class CrashServer:
    """The process of `crash_server`, asked for one command at a time; `prefect` names a Prefect server for its flows."""

    def __init__(self, log: Path, prefect: Mapping[str, str] | None = None) -> None:
        here = Path(__file__).parent
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(here), str(here.parents[1])))}
        environment |= prefect or {}
        command = [sys.executable, "-m", "crash_server"]
        self._log = log
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment, text=True
            )

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the crash server ended: {self._log.read_text()[-2000:]}"
        return json.loads(line)

    def close(self) -> None:
        self._process.communicate()


def on_command_line(place: Place, arguments: Sequence[str]) -> list[str]:
    """The words after `minicoil`."""
    return [*arguments, "--home", str(place.home), "--store", place.store_url, "--json"]


class CrashHomes:
    """Templates by scenario, and copies of them on a local store or on S3."""

    def __init__(self, folder: Path, encoder: Path, server: CrashServer, make_bucket: Any, s3_client: Any) -> None:
        self.scenarios = describe_scenarios(folder, encoder)
        self.server = server
        self._folder, self._make_bucket, self._s3 = folder, make_bucket, s3_client
        self._templates: dict[tuple[str, ...], Path] = {}
        self._numbers = count(1)

    def run(
        self,
        place: Place,
        arguments: Sequence[str],
        runner: Runner | None = None,
        may_fail: bool = False,
        **disturbance: Any,
    ) -> dict[str, Any]:
        """How a command ended; what it wrote is beside the home.

        Raises:
            CommandFailed: by itself and not well, where it may not.
        """
        log = place.home.with_suffix(".log")
        words = on_command_line(place, arguments)
        answer = (runner or self.server).ask(home=str(place.home), log=str(log), arguments=words, **disturbance)
        if not may_fail and (answer["status"] > 0 or (answer["status"] and not disturbance)):
            text = log.read_text(errors="replace")[-3000:]
            raise CommandFailed(f"minicoil {' '.join(arguments)} ended with {answer['status']} ({disturbance}): {text}")
        return answer

    def copy(self, scenario: Scenario, kind: str) -> Place:
        """A home of its own in the state that the scenario starts from; `kind` is "file" or "s3"."""
        template = self._template(scenario.before)
        home = self._folder / f"trial-{next(self._numbers)}"
        copy_home(template, home, with_store=kind == "file")
        if kind == "file":
            return Place.at(home)
        bucket = self._make_bucket()
        for path in sorted((template / "store").rglob("*")):
            if path.is_file() and path.name != ".lock":
                self._s3.upload_file(str(path), bucket, f"models/{path.relative_to(template / 'store')}")
        return Place.at(home, f"s3://{bucket}/models")

    def discard(self, place: Place) -> None:
        """Everything of a trial that went well."""
        self.server.ask(home=str(place.home), forget=True)
        shutil.rmtree(place.home)
        for path in self._folder.glob(f"{place.home.name}.*"):
            path.unlink()
        if place.store_url.startswith("s3:"):
            bucket = place.store_url.split("/")[2]
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for row in page.get("Contents", ()):
                    self._s3.delete_object(Bucket=bucket, Key=row["Key"])

    def _template(self, before: tuple[tuple[str, ...], ...]) -> Path:
        if not before:
            return self._folder / "empty"
        if before not in self._templates:
            home = self._folder / f"template-{next(self._numbers)}"
            if before[:-1]:
                copy_home(self._template(before[:-1]), home)
            if before[-1][:2] == ("release", "publish"):
                self._make_folder(home, before[-1][2])
            self.run(Place.at(home), before[-1])
            self.server.ask(home=str(home), forget=True)
            self._templates[before] = home
        return self._templates[before]

    def _make_folder(self, home: Path, folder: str) -> None:
        number = int(folder[-1])
        if number == 1:
            grow_folder(home / "store" / "releases" / "1", Path(folder), 1)
            grow_folder(Path(folder), Path(folder).with_name("grown-2"), 2)


def copy_home(source: Path, target: Path, with_store: bool = True) -> None:
    """A home as it is on disk: what is only ever replaced by hard links, holes of the engine's files kept."""
    target.mkdir()
    for name in ("store", "cache") if with_store else ("cache",):
        shutil.copytree(source / name, target / name, copy_function=os.link)
    subprocess.run(["cp", "-r", "--sparse=always", str(source / "engine"), str(target / "engine")], check=True)


def last_answer(place: Place) -> Any:
    """What the last command of a trial answered, from its log."""
    lines = place.home.with_suffix(".log").read_text(errors="replace").splitlines()
    return json.loads(next(line for line in reversed(lines) if line.startswith("{")))
