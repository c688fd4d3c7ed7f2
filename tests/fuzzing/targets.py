"""Every place where bytes of strangers come in: valid examples, and the call that must answer or refuse as documented."""

import gzip
import importlib
import io
import json
import typing
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper
from pydantic import ValidationError

from flows.orchestration.embedded import FLOWS
from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.encoder.token_encoder import TokenEncoder
from minicoil.errors import MiniCoilError, ObjectNotFoundError
from minicoil.files.stack import append_rows, create_stack, open_stack
from minicoil.folder.bundle import BundleFacts, read_facts
from minicoil.folder.fused import read_graph
from minicoil.text.tokens import WordTokenizer
from minicoil.training.occurrences import OccurrenceWriter
from minicoil.training.prior import Prior
from minicoil.words.ledger import LedgerPart, WordRecord
from minicoil.words.vocabulary import Vocabulary
from tasks.catalogue.approvals import list_waiting
from tasks.catalogue.channels import read_channel
from tasks.catalogue.manifest import read_manifest
from tasks.catalogue.registry import read_collection_record
from tasks.catalogue.releases import publish_release
from tasks.collections.encoding import LineReport, read_lines
from tasks.corpus.corpus_files import read_path
from tasks.documents.corpus_report import CorpusReport
from tasks.embeddings.sentence_cache import SentenceCache
from tasks.proof.beir import read_beir
from tasks.readers.readers import list_readers
from tasks.shards.encoding_shards import _read as read_shard
from tasks.shards.shard_files import ShardModel, open_features, pack
from tasks.shards.training_shards import _read as read_training
from tasks.store.audit import list_deeds
from tasks.store.object_store import ObjectInfo
from tasks.training.units import TrainingPlan, WordDigest
from tasks.training.word_memory import WordMemory, WordResult

DIGEST = "0" * 64
BETWEEN = b"\n\x00====\x00\n"  # between the files of one input


@dataclass(frozen=True)
class Target:
    """A parser.

    Attributes:
        seeds: Valid inputs.
        run: Parses one input; may write below the folder it is given.
        documented: Errors that may come out.
        share: Of a long run's executions, relative to others; slow parsers get less.
    """

    seeds: list[bytes]
    run: Callable[[bytes, Path], object]
    documented: tuple[type[BaseException], ...] = (MiniCoilError,)
    share: float = 1.0


class OneObject:
    """An object store that gives the same bytes for every key."""

    url = "memory://"

    def __init__(self, data: bytes = b"") -> None:
        self.data, self.written = data, dict[str, bytes]()

    def read(self, key: str) -> bytes:
        return self.data

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        return self.data, "tag"

    def download(self, key: str, path: Path) -> None:
        path.write_bytes(self.data)

    def delete(self, key: str) -> None:
        """Nothing is kept."""

    def list(self, prefix: str):
        yield ObjectInfo(f"{prefix}production/1.json", len(self.data), "tag")
        yield ObjectInfo(f"words/{DIGEST}.npz", len(self.data), "tag")


def to_json(document: object) -> bytes:
    return json.dumps(document).encode()


def on_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    """The input as a file of that name."""

    def run(data: bytes, folder: Path) -> object:
        path = folder / name
        path.write_bytes(data)
        return read(path)

    return run


def on_files(names: list[str], read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    """The input cut into files of a folder."""

    def run(data: bytes, folder: Path) -> object:
        parts = data.split(BETWEEN)
        for place, name in enumerate(names):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(parts[place] if place < len(parts) else b"")
        return read(folder)

    return run


def documents(path: Path) -> object:
    report = CorpusReport()
    found = list(read_path(str(path), report))
    for entry in found:
        entry.text.encode()  # nothing downstream could store anything else
    report.rows()
    return found


def manifests(folder: Path) -> list[bytes]:
    from tasks.settings import Settings
    from tasks.store.opening import open_store

    model = folder / "seed-model"
    (model / "onnx").mkdir(parents=True, exist_ok=True)
    (model / "onnx" / "model.onnx").write_bytes(b"x" * 100)
    (model / "words.json").write_text("[]")
    store = open_store((folder / "seed-store").as_uri(), Settings())
    publish_release(store, model, None, {"dims": 4, "words": ["pod"], "retrieval_gate": {"verdict": "pass"}})
    return [store.read("releases/1/manifest.json")]


def parameter_models() -> dict[str, typing.Any]:
    models = {}
    for name, (module, function) in FLOWS.items():
        flow = getattr(importlib.import_module(module), function)
        models[name] = typing.get_type_hints(flow.fn)["parameters"]
    return models


def parameter_seeds() -> list[bytes]:
    shared = {"home": "/x", "store": "s3://bucket/prefix", "qdrant_url": "http://q:6333", "channel": "production"}
    words = {
        "corpus": ["docs/"],
        "sample": 10,
        "encoder": "minilm",
        "dims": 4,
        "promote": True,
        "collections": ["docs"],
    }
    return [
        to_json({**shared, **words, "words": ["pod"], "mine": 5, "min_sentences": 25, "judged_sets": ["sets/scifact"]}),
        to_json({**shared, "collection": "docs", "corpus": ["docs/"], "k": 1.2, "b": 0.75, "avg_len": None}),
        to_json({**shared, "release": 7, "points_per_second": 1.5, "force": True}),
        to_json({**shared, "collections": ["docs"], "part": "2/4", "grace_hours": 24}),
        to_json({**shared, "collection": "docs", "vector": "minicoil", "text": "{title}\\n{body}", "tenant": None}),
        to_json(
            {
                "one": 1,
                "other": 2,
                "collection": "docs",
                "queries": "q.txt",
                "shard": "shards/" + "0" * 24 + "/0.json.gz",
            }
        ),
    ]


def graphs() -> list[bytes]:
    int64 = TensorProto.INT64
    taken = [helper.make_tensor_value_info(name, int64, ["b", "s"]) for name in ("input_ids", "attention_mask")]
    given = [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["b", "s", 4])]
    table = helper.make_tensor("table", TensorProto.FLOAT, [5, 4], np.arange(20, dtype=np.float32))
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])]
    graph = helper.make_graph(nodes, "g", taken, given, [table])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    away = TensorProto(name="table", data_type=TensorProto.FLOAT, dims=[5, 4], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "weights.bin"), ("offset", "0"), ("length", "80")):
        away.external_data.add(key=key, value=value)
    other = helper.make_graph(nodes, "g", taken, given, [away])
    external = helper.make_model(other, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return [model.SerializeToString(), external.SerializeToString()]


def tokenizers() -> list[bytes]:
    pieces = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "pod": 4, "##s": 5, "node": 6}
    specials = {name: f"[{name[:3].upper()}]" for name in ("pad_token", "unk_token", "cls_token", "sep_token")}
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": pieces},
    }  # fmt: skip
    return [BETWEEN.join((to_json(document), to_json({"model_max_length": 128}), to_json(specials)))]


def tokenize(folder: Path) -> object:
    return WordTokenizer.from_folder(folder).tokenize(["pods on a node", "", "\u4e2d\u0301 \ufdfa"])


def archives(folder: Path) -> tuple[list[bytes], list[bytes]]:
    prior = Prior(np.ones((4, 2), np.float32), np.ones((3, 3), np.float32), np.ones((3, 2), np.float32), 5, "o")
    record = WordRecord("pod", "accepted", "why", digest=DIGEST, forms=("pods",), neighbours=(1, 2))
    store = OneObject()
    store.write = lambda key, data: store.written.update({key: data})
    WordMemory(store).write([WordResult(record, np.ones((3, 4), np.float32))])
    return [prior.to_bytes()], list(store.written.values())


def read_prior(data: bytes, folder: Path) -> object:
    (folder / "prior.npz").write_bytes(data)
    return Prior.read(folder)


def open_cache(data: bytes, folder: Path) -> object:
    names = ["keys.npy", "starts.npy", "names.json", "tokens.npy", "pieces.npy", "embeddings.npy", "role.npy"]
    parts = data.split(BETWEEN)
    segment = folder / "cache" / ("a" * 32) / "segment"
    segment.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(names):
        (segment / name).write_bytes(parts[place] if place < len(parts) else b"")
    return SentenceCache(folder / "cache", "a" * 40).find([1, 2, 3, 2**63 + 5])


def segments(folder: Path) -> list[bytes]:
    arrays = [
        np.array([1, 3], np.uint64),
        np.array([0, 2, 3]),
        None,
        np.array([0, 1, 0], np.uint32),
        np.array([1, 1, 2]),
    ]
    arrays += [np.ones((3, 4), np.float16), np.ones((2, 2), np.float32)]
    parts = []
    for array in arrays:
        buffer = io.BytesIO()
        if array is not None:
            np.save(buffer, array)
        parts.append(buffer.getvalue() if array is not None else b'["pod", "node"]')
    return [BETWEEN.join(parts)]


def packed_shards(folder: Path) -> list[bytes]:
    """Features of two words, and the head of a training shard beside them."""
    features, archive = folder / "seed-features", folder / "seed-features.zip"
    for kind in ("sentences", "snippets"):
        with OccurrenceWriter(features / kind, 3) as writer:
            writer.append(np.array([0, 1, 1]), np.array([0, 0, 1]), np.ones((3, 3), np.float32))
    (features / "words.json").write_text('["node", "pod"]')
    np.save(features / "keys.npy", np.array([5, 9], np.uint64))
    np.save(features / "role.npy", np.ones((2, 2), np.float32))
    np.save(features / "domain.npy", np.array([5], np.uint64))
    plan = TrainingPlan(TrainingConfig(), SamplingConfig(), TripletConfig(), GateConfig(), DIGEST, "minilm")
    use = {"word": "pod", "count": 9, "n_documents": 3, "forms": ["pods"], "per_million": 1.0, "neighbours": [0.5, 0.5]}
    head = {
        "version": 2,
        "model": asdict(ShardModel("production", 1, "minilm", "minilm", 4)),
        "plan": asdict(plan),
        "plan_digest": plan.digest,
        "origin": "o",
        "digests": {"pod": asdict(WordDigest(DIGEST, DIGEST))},
        "candidates": [{"word": "pod", "kind": "new", "score": 0.5, "reasons": ["r"], "use": use}],
    }
    (features / "shard.json").write_text(json.dumps(head))
    pack(features, archive)
    return [archive.read_bytes()]


def open_packed(data: bytes, folder: Path) -> object:
    store = OneObject(data)
    features = open_features(store, "shards/0/0.zip", folder / "features")
    for word in features.words:
        if features.count(word):
            features.sample(word)
    return read_training(store, "training/0/0.zip", folder / "features").candidates


def tables(folder: Path) -> list[bytes]:
    import pyarrow as pa
    from pyarrow import parquet

    path = folder / "seed.parquet"
    parquet.write_table(
        pa.table({"text": ["One sentence of text here.", None], "title": ["a", "b"], "n": [1, 2]}), path
    )
    return [path.read_bytes()]


def stacks(folder: Path) -> list[bytes]:
    path = folder / "seed.npy"
    create_stack(path, 6, 4)
    append_rows(path, 1, np.ones((3, 6, 4), np.float32))
    return [path.read_bytes()]


LINES = b"\n".join(
    to_json(row)
    for row in (
        {"_id": "1", "doc": "d", "title": "Pods", "text": "A pod is a group of containers. It runs on a node."},
        {"id": 2, "text": "Rings are algebraic structures with two operations.", "title": None},
        {"text": ""},
        {"text": "\ud800 lone"},
    )
)
TEXT = b"""# Title of it\n\nA paragraph about pods, e.g. those of Mr. Smith. It has [links](http://x.y) and `code`.\n
* a list item that says something useful\n* another (with brackets)\n\n```\ncode here\n```\n\n| a | b |\n|---|---|\n
.. note::\n   An admonition in reST. See :class:`Pod` for more.\n\nFinal words stand here, and more follow after them.\n"""
HTML = b"<html><head><title>T</title><script>x<1</script></head><body><p>Some &amp; text in <b>bold</b>.</p><pre>x</pre><table><tr><td>c</td></tr></table></body></html>"


def make_targets(folder: Path) -> dict[str, Target]:
    """All targets; their examples are made in `folder`."""
    models = parameter_models()
    priors, results = archives(folder)
    ledger = LedgerPart(
        3,
        {"r": 3},
        (WordRecord("pod", "accepted", "why", forms=("pods",), interval=(0.1, 0.2), history=((1, "accepted", 0.9),)),),
    )
    channel = {"version": 1, "name": "production", "current": 3, "previous": 2, "pending": None, "phase": "switched", "history": [{"at": "2026", "who": "me", "action": "switch", "release": 3, "previous": 2}]}  # fmt: skip
    record = {"version": 2, "name": "docs", "channel": "production", "k": 1.2, "b": 0.75, "avg_len": 44.0, "dims": 4, "shift": 192000, "encoder": "minilm", "encoder_digest": DIGEST, "corpus": ["x"], "tenant": None}  # fmt: skip
    small = [
        {"release": 1, "channel": "production", "reasons": ["x"], "since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"},
        {"name": "host-1", "channel": "production", "release": 1, "until": 9e9},
        {"at": "2026", "who": "me", "action": "prune", "facts": {"a": 1}},
    ]  # fmt: skip
    shard = {
        "version": 1,
        "model": {"channel": "p", "parent": 1},
        "sampling": {},
        "forms": {},
        "chosen": {},
        "sentences": [[1, "a"]],
    }
    vocabulary = {
        "vocab": ["pod", "<reserved 2>", "node"],
        "stem_mapping": {"pod": "pod", "pods": "pod", "node": "node"},
    }
    beir = BETWEEN.join((
        b'{"_id": "d1", "title": "T", "text": "A pod."}\n{"_id": 2, "text": "x"}\n',
        b'{"_id": "q1", "text": "pod"}\n',
        b"query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\t2\t0\n",
    ))  # fmt: skip

    def parameters(data: bytes, folder: Path) -> None:
        for model in models.values():
            try:
                model.model_validate_json(data)
            except ValidationError as error:
                str(error)

    def small_objects(data: bytes, folder: Path) -> None:
        store = OneObject(data)
        for read in (list_readers, list_deeds, list_waiting):
            read(store)

    def memory(data: bytes, folder: Path) -> object:
        return WordMemory(OneObject(data)).read([DIGEST])

    def stored_prior(data: bytes, folder: Path) -> object:
        return WordMemory(OneObject(data)).read_prior("origin")

    def lines(data: bytes, folder: Path) -> object:
        return list(read_lines(data.splitlines(keepends=True), "auto", LineReport()))

    def encoder(path: Path) -> object:
        return TokenEncoder(path).width

    return {
        "manifest": Target(manifests(folder), lambda data, _: read_manifest(OneObject(data), 1), share=3),
        "channel": Target([to_json(channel)], lambda data, _: read_channel(OneObject(data), "production"), share=4),
        "collection record": Target([to_json(record)], lambda data, _: read_collection_record(OneObject(data), "docs"), share=4),
        "waiting, readers, audit": Target([to_json(row) for row in small], small_objects, share=3),
        "flow parameters": Target(parameter_seeds(), parameters, share=1),
        "vocabulary": Target([to_json(vocabulary)], on_file("v", lambda path: Vocabulary.read(path, 4)), share=3),
        "ledger": Target([ledger.to_json().encode()], on_file("1.json", LedgerPart.read), share=2),
        "bundle facts": Target([to_json(asdict(BundleFacts("minilm", DIGEST, 4, 6)))], on_file("minicoil.json", lambda path: read_facts(path.parent)), share=2),
        "stack": Target(stacks(folder), on_file("stack.npy", lambda path: open_stack(path).sum()), share=2),
        "prior of a folder": Target(priors, read_prior, share=0.5),
        "prior in the store": Target(priors, stored_prior, share=0.5),
        "word memory": Target(results, memory, share=0.5),
        "sentence cache": Target(segments(folder), open_cache, share=0.4),
        "shard": Target([to_json(shard), gzip.compress(to_json(shard))], lambda data, _: read_shard(OneObject(data if data[:2] == b"\x1f\x8b" else gzip.compress(data, 1)), "k"), share=1),
        "packed shard": Target(packed_shards(folder), open_packed, share=0.5),
        "corpus jsonl": Target([LINES], on_file("c.jsonl", documents), share=2),
        "corpus jsonl.gz": Target([gzip.compress(LINES)], on_file("c.jsonl.gz", documents), share=1),
        "corpus txt": Target([TEXT], on_file("c.txt", documents), share=0.4),
        "corpus md": Target([TEXT], on_file("c.md", documents), share=0.4),
        "corpus rst": Target([TEXT], on_file("c.rst", documents), share=0.4),
        "corpus html": Target([HTML], on_file("c.html", documents), share=0.3),
        "corpus parquet": Target(tables(folder), on_file("c.parquet", documents), share=0.001),
        "lines to encode": Target([LINES, TEXT], lines, share=2),
        "BEIR folder": Target([beir], on_files(["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"], read_beir), share=1),
        "tokenizer": Target(tokenizers(), on_files(["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"], tokenize), share=0.5),
        "ONNX graph": Target(graphs(), on_file("model.onnx", read_graph), share=1),
        "ONNX session": Target(graphs(), on_file("session.onnx", encoder), share=0.1),
    }  # fmt: skip


__all__ = ["ObjectNotFoundError", "Target", "make_targets"]
