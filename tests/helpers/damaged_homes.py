"""A home with everything in it, files to damage, ways to damage them, and commands that come across them."""

import gzip
import json
import os
import random
import re
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from crash_command_line import owner_of

from minicoil.files.layout import BundleLayout
from minicoil.files.stack import read_shape
from minicoil.folder.bundle import create_empty_bundle, derive_bundle
from minicoil.text.stemming import stem
from minicoil.words.ledger import Ledger, WordRecord
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.approvals import hold_release
from tasks.catalogue.channels import move_current, set_pending
from tasks.catalogue.releases import publish_release
from tasks.collections.indexing import IndexRequest, index_documents
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.telling_apart import StoredOwners
from tasks.place import Place
from tasks.readers.readers import register_reader
from tasks.rewriting.promotion import promote
from tasks.store.audit import record_deed

WORDS = [
    "pods",
    "node",
    "kernel",
    "cells",
    "bank",
    "rivers",
    "pool",
    "flow",
    "workers",
    "series",
    "graphs",
    "cats",
    "weather",
    "music",
    "garden",
    "window",
]


def _sentences(n: int) -> list[str]:
    rng = random.Random(5)
    return [f"The {' and the '.join(rng.choices(WORDS, k=4))} were seen on day {i}." for i in range(n)]


@dataclass
class Home:
    """One home, and the inputs of its commands.

    Attributes:
        objects: Path of everything that may be damaged, by what a person calls it.
        names: What of each a message may say, beside the file's name.
    """

    place: Place
    inputs: Path
    encoder: Path
    objects: dict[str, Path] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def tree(self, without: Path) -> dict[str, Any]:
        """Which file every object of the store is, as the system tells files apart, but for what was damaged."""
        store = self.place.home / "store"
        files = {}
        for path in sorted(store.rglob("*")):
            if path != without and without not in path.parents and path.is_file() and path.name != ".lock":
                status = path.stat()
                files[str(path.relative_to(store))] = (status.st_ino, status.st_size, status.st_mtime_ns)
        return files

    def points(self) -> dict[str, Any]:
        """Every point of the collections."""
        with self.place.points() as points:
            rows = {}
            for name in ("docs", "other"):
                for page in points.scroll(name, vectors=True):
                    for point in page:
                        cells = {key: str(sorted(v.as_dict().items())) for key, v in point.vectors.items()}
                        rows[f"{name}/{point.id}"] = (sorted(point.payload.items(), key=str), cells)
            return json.loads(json.dumps(rows, default=str))

    def stop_engine(self) -> None:
        """End the engine's owner process and wait for it: its files are read anew by the next."""
        pid = owner_of(str(self.place.home))
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        for _ in range(200):
            if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]:
                return
            time.sleep(0.02)


def make_home(folder: Path, models: Path, encoder: Path) -> Home:
    """A home of three releases, two collections, and something of every kind of document.

    Args:
        folder: Created.
        models: Holds `model-1` to `model-3`, each grown from the one before.
        encoder: What they were made from.
    """
    folder.mkdir(parents=True)
    inputs = folder / "inputs"
    home = Home(Place.at(folder / "home"), inputs, encoder)
    store = home.place.objects()
    ledger = Ledger()
    for number in (1, 2, 3):
        model = folder / f"model-{number}"
        shutil.copytree(models / f"model-{number}", model)
        rows = [
            WordRecord(word, "accepted", "why", forms=(word,), n_sentences=40, ordering_accuracy=0.8)
            for word in ("pod", "node")
        ]
        ledger = ledger.updated(rows, f"r{number}", number)
        ledger.write(model)
        publish_release(store, model, number - 1 or None, {"dims": 4, "n_words": 16})
        shutil.rmtree(model)
    set_pending(store, "production", 1, None)
    move_current(store, "production", 1)
    _write_inputs(inputs, _sentences(30))
    with home.place.points() as points:
        for name in ("docs", "other"):
            report, request = CorpusReport(), IndexRequest(name, "production", str(encoder), 4, 1.2, 0.75, None)
            documents = read_corpora([str(inputs / "c.jsonl")], report, owners=StoredOwners(points, name))
            index_documents(home.place, points, request, documents, report)
    promote(home.place, "production", 2)
    register_reader(store, "shop", "production", 1)
    hold_release(store, "production", 3, ["it was not looked at"], 14)
    record_deed(store, "prune", {"pruned": [9]})
    _name_objects(home)
    return home


def _write_inputs(folder: Path, texts: list[str]) -> None:
    import pyarrow as pa
    from pyarrow import feather, parquet

    (folder / "beir" / "qrels").mkdir(parents=True)
    lines = "".join(json.dumps({"_id": f"d{i}", "text": text}) + "\n" for i, text in enumerate(texts)).encode()
    (folder / "c.jsonl").write_bytes(lines)
    (folder / "c.jsonl.gz").write_bytes(gzip.compress(lines))
    (folder / "c.txt").write_text(" ".join(texts))
    (folder / "c.md").write_text("# A title\n\n" + " ".join(texts))
    (folder / "c.html").write_text(f"<html><body><p>{' '.join(texts)}</p></body></html>")
    table = pa.table({"id": [f"d{i}" for i in range(len(texts))], "text": texts})
    parquet.write_table(table, folder / "c.parquet")
    feather.write_feather(table, folder / "c.arrow", compression="uncompressed")
    (folder / "words.txt").write_text("garden\nwindow\n")
    (folder / "queries.txt").write_text("pod node\nkernel music\n")
    (folder / "beir" / "corpus.jsonl").write_bytes(lines)
    (folder / "beir" / "queries.jsonl").write_text(
        '{"_id": "q1", "text": "pods node"}\n{"_id": "q2", "text": "music"}\n'
    )
    (folder / "beir" / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n")


def _name_objects(home: Home) -> None:
    store, release = home.place.home / "store", home.place.home / "store" / "releases" / "2"
    objects = {
        "manifest": release / "manifest.json", "stack": release / "minicoil.triplet.model.npy",
        "encoder": release / "onnx" / "model.onnx", "rows graph": release / "minicoil_rows.onnx",
        "vocabulary": release / "minicoil.triplet.model.vocab", "tokenizer": release / "tokenizer.json",
        "tokenizer config": release / "tokenizer_config.json", "special tokens": release / "special_tokens_map.json",
        "stopwords": release / "stopwords.txt", "facts": release / "minicoil.json",
        "ledger": release / "ledger" / "000002.json", "parent's manifest": store / "releases" / "1" / "manifest.json",
        "parent's vocabulary": store / "releases" / "1" / "minicoil.triplet.model.vocab",
        "channel": store / "channels" / "production.json", "record": store / "collections" / "docs.json",
        "another record": store / "collections" / "other.json", "registration": store / "readers" / "registered" / "shop.json",
        "note": store / "waiting" / "production" / "3.json", "deed": next((store / "audit").glob("*.json")),
        "engine's schema": home.place.home / "engine" / "docs" / "schema.json",
    }  # fmt: skip
    for path in sorted(home.inputs.rglob("*.*")):
        objects[path.relative_to(home.inputs).as_posix()] = path
    home.objects = objects
    of_release, of_docs = ("release 2", "releases/2"), ("'docs'", "docs.json")
    for name, path in objects.items():
        home.names[name] = (path.name, *(of_release if release in path.parents else ()))
    home.names["record"] += of_docs
    home.names["another record"] += ("'other'",)
    home.names["channel"] += ("channel 'production'", "'production' is neither")
    home.names["parent's manifest"] += ("release 1",)
    home.names["parent's vocabulary"] += ("releases/1",)
    home.names["registration"] += ("'shop'",)
    home.names["note"] += ("release 3",)
    home.names["engine's schema"] += of_docs
    for name in ("beir/corpus.jsonl", "beir/queries.jsonl", "beir/qrels/test.tsv"):
        home.names[name] += ("beir",)


def _with_number(data: bytes, text: str, rng: random.Random) -> bytes:
    """One of the numbers of a JSON document replaced; an array's first number, where it is one."""
    if data[:6] == b"\x93NUMPY":
        start = int.from_bytes(data[8:10], "little") + 10
        rest = np.frombuffer(data[start:], np.float32).copy()
        rest[:] = np.nan
        return data[:start] + rest.tobytes()
    places = list(re.finditer(rb"(?<=[:\[, ])-?\d+(\.\d+)?(?=[,\]}\s])", data))
    if not places:
        return data[: len(data) // 2] + text.encode() + data[len(data) // 2 :]
    place = rng.choice(places)
    return data[: place.start()] + text.encode() + data[place.end() :]


def _overwritten(data: bytes, rng: random.Random) -> bytes:
    """As many bytes, some of them others."""
    changed = bytearray(data)
    for _ in range(min(len(changed), 300)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _other_schema(data: bytes, rng: random.Random) -> bytes:
    """A JSON document with one key renamed, or a value of another type in its place."""
    try:
        document = json.loads(data)
    except ValueError:
        return b'{"hello": "world"}'
    if not isinstance(document, dict) or not document:
        return b'{"hello": "world"}'
    key = rng.choice(sorted(document))
    if rng.random() < 0.5:
        document[f"x{key}"] = document.pop(key)
    else:
        document[key] = rng.choice([None, "x", -1, [], {}, True, 1e300, [[1]], {"a": 1}])
    return json.dumps(document).encode()


Change = Callable[[bytes, random.Random], bytes]
CONTENTS: dict[str, Change] = {
    "truncated": lambda data, rng: data[: rng.randrange(max(len(data), 1))],
    "empty": lambda data, rng: b"",
    "wrong type": lambda data, rng: rng.choice([b"[1, 2]", b"7", b'"text"', b"null", b"true", b"[[[[]]]]"]),
    "wrong schema": _other_schema,
    "NaN": lambda data, rng: _with_number(data, rng.choice(["NaN", "Infinity", "-Infinity", "1e309"]), rng),
    "garbage": lambda data, rng: rng.randbytes(rng.randrange(1, 4000)),
    "overwritten": _overwritten,
    "not UTF-8": lambda data, rng: data[: len(data) // 2] + b"\xff\xfe\xc3" + data[len(data) // 2 :],
    "nested": lambda data, rng: b"[" * 100_000,
}
KINDS = [*CONTENTS, "missing", "a folder", "a link to nothing", *([] if os.geteuid() == 0 else ["unreadable"])]


class Damaged:
    """A file damaged while the body runs, then as it was."""

    def __init__(self, path: Path, kind: str, rng: random.Random) -> None:
        self.path, self.kind, self.rng = path, kind, rng

    def __enter__(self) -> None:
        self.kept = self.path.read_bytes()
        self.path.unlink()  # never written into: processes map these files
        if self.kind in CONTENTS:
            self.path.write_bytes(CONTENTS[self.kind](self.kept, self.rng))
        elif self.kind == "a folder":
            self.path.mkdir()
        elif self.kind == "a link to nothing":
            self.path.symlink_to("nowhere-at-all")
        elif self.kind == "unreadable":
            self.path.write_bytes(self.kept)
            self.path.chmod(0)

    def __exit__(self, *details: object) -> None:
        if self.path.is_dir() and not self.path.is_symlink():
            shutil.rmtree(self.path)
        self.path.unlink(missing_ok=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(self.kept)


OF_MODEL = (
    "manifest",
    "stack",
    "encoder",
    "rows graph",
    "vocabulary",
    "tokenizer",
    "tokenizer config",
    "special tokens",
    "stopwords",
    "facts",
    "channel",
)
OF_DOCS = (*OF_MODEL, "record", "another record")
CORPORA = ("c.jsonl", "c.jsonl.gz", "c.txt", "c.md", "c.html", "c.parquet", "c.arrow")


@dataclass(frozen=True)
class Command:
    """What is typed, and which objects it comes across."""

    arguments: tuple[str, ...]
    objects: tuple[str, ...]
    stdin: str = ""


def commands(home: Home, out: Path) -> list[Command]:
    """Commands that leave a sound home as it is."""
    inputs, encoder = home.inputs, ("--encoder", str(home.encoder))
    train = (*encoder, "--role-model", str(home.encoder), "--dry-run", "--min-sentences", "10")
    jsonl = ("--corpus", str(inputs / "c.jsonl"))
    served = ("manifest", "channel")
    rows = [
        Command(("search", "docs", "pods and the node"), (*OF_DOCS, "engine's schema")),
        Command(("search", "docs", "kernel music", "--compare"), OF_DOCS),
        Command(("words",), (*served, "ledger", "vocabulary")),
        Command(("words", "pod"), (*served, "ledger", "tokenizer", "tokenizer config", "special tokens")),
        Command(("release", "list"), (*served, "parent's manifest")),
        Command(("release", "show", "2"), served),
        Command(("release", "show", "production"), served),
        Command(("release", "verify", "2"), OF_MODEL),
        Command(("release", "pull", "2", str(out)), OF_MODEL),
        Command(("release", "prune", "--dry-run", "--keep", "0"), (*served, "record", "another record", "registration", "note", "parent's manifest")),
        Command(("release", "waiting"), ("note",)),
        Command(("release", "readers"), ("channel", "record", "another record", "registration", "engine's schema")),
        Command(("release", "audit"), ("deed",)),
        Command(("encode",), OF_MODEL, "pods on a node\n"),
        Command(("encode", "--collection", "docs"), (*OF_DOCS, "parent's vocabulary"), "pods on a node\n"),
        Command(("forget", "--doc", "d1", "--dry-run"), ("record", "another record", "manifest", "ledger", "channel")),
        Command(("reencode", "--dry-run"), (*OF_DOCS, "engine's schema")),
        Command(("extend", "--words-file", str(inputs / "words.txt"), *jsonl, *train), (*OF_DOCS, "words.txt", "c.jsonl", "ledger")),
        Command(("extend", "--mine", "2", "--queries", str(inputs / "queries.txt"), *jsonl, *train), ("queries.txt", "record")),
        Command(("evaluate", str(inputs / "beir"), "--in-memory"), ("beir/corpus.jsonl", "beir/queries.jsonl", "beir/qrels/test.tsv", "parent's vocabulary", *OF_MODEL)),
        Command(("compare", "1", "2", "docs", "--queries", str(inputs / "queries.txt")), (*OF_DOCS, "queries.txt", "parent's manifest", "parent's vocabulary")),
        Command(("index", "docs", *jsonl, *encoder), (*OF_DOCS, "parent's vocabulary", "engine's schema")),
    ]  # fmt: skip
    for name in CORPORA:
        corpus = ("--corpus", str(inputs / name))
        rows.append(Command(("extend", "garden", *corpus, *train), (name,)))
    return rows


def strangers(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Keys whose values are not what they were."""
    return sorted(key for key in {*before, *after} if before.get(key) != after.get(key))


def make_models(folder: Path, encoder: Path) -> Path:
    """Folders `model-1` to `model-3`, each grown from the one before, on an encoder's empty model."""
    create_empty_bundle(encoder, folder / "model-0", encoder=str(encoder))
    for number, forms in enumerate((WORDS[:12], WORDS[12:14], WORDS[14:15]), 1):
        parent = folder / f"model-{number - 1}"
        vocabulary, fresh = Vocabulary.read(BundleLayout(parent).vocabulary, 4).apply(
            {stem(form): [form] for form in forms}
        )
        rng, width = np.random.default_rng(number), read_shape(BundleLayout(parent).stack)[1]
        rows = {i: rng.normal(scale=0.3, size=(width, 4)).astype(np.float32) for i in fresh.values()}
        derive_bundle(parent, folder / f"model-{number}", vocabulary, rows)
    return folder
