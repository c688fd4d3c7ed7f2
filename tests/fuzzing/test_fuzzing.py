"""A sample of the long run, structured inputs, and every input that once did what no document says."""

import contextlib
import gzip
import io
import json
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from long_run import fuzz
from targets import BETWEEN, Target, make_targets

NAMES = [
    "manifest", "channel", "collection record", "waiting, readers, audit", "flow parameters", "vocabulary", "ledger",
    "bundle facts", "stack", "prior of a folder", "prior in the store", "word memory", "sentence cache", "shard", "packed shard",
    "corpus jsonl", "corpus jsonl.gz", "corpus txt", "corpus md", "corpus rst", "corpus html", "corpus parquet",
    "lines to encode", "BEIR folder", "tokenizer", "ONNX graph", "ONNX session",
]  # fmt: skip
OF_JSON = ["manifest", "channel", "collection record", "waiting, readers, audit", "flow parameters", "vocabulary", "ledger", "bundle facts", "corpus jsonl", "lines to encode", "shard"]  # fmt: skip


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    return make_targets(tmp_path_factory.mktemp("targets"))


def test_all_targets_are_named_here(targets):
    assert list(targets) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_valid_examples_are_accepted_and_changed_ones_answered_as_documented(targets, name, tmp_path):
    target = targets[name]
    if name not in (
        "ONNX session",
        "shard",
        "corpus parquet",
    ):  # refused for what lies beside them, or not held against
        for seed in target.seeds[:1]:
            target.run(seed, tmp_path)
    executions = max(int(150 * min(target.share, 1)), 2)
    assert fuzz(target, tmp_path, executions, seed=20261124) == {}


def test_the_fuzzer_reports_what_is_not_documented(tmp_path):
    def fragile(data, folder):
        json.loads(data)["a"]["b"]

    found = fuzz(Target([b'{"a": {"b": 1}}'], fragile, documented=(ValueError,)), tmp_path, 500, seed=1)
    assert {line.split()[0] for line in found} >= {"KeyError", "TypeError"}


@pytest.mark.slow
def test_fuzzing_guided_by_coverage_goes_on_from_what_it_reached(tmp_path):
    """In a process of its own: libFuzzer ends the process it runs in."""
    pytest.importorskip("atheris", reason="atheris has wheels for Linux on x86-64 only")
    from guided_run import run_target

    executions, findings = run_target("vocabulary", 3, 1, tmp_path)
    assert findings == []
    assert executions > 500


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("name", OF_JSON)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_json_of_any_shape_is_answered_as_documented(targets, name, tmp_path, data):
    """Any document, and the valid one with any value anywhere."""
    target = targets[name]
    document = data.draw(documents)
    seed = target.seeds[0].splitlines()[0] if name in ("corpus jsonl", "lines to encode") else target.seeds[0]
    valid = json.loads(seed)
    if data.draw(st.booleans()):
        holder = valid
        while data.draw(st.booleans()):
            inner = holder[data.draw(st.sampled_from(sorted(holder)))]
            if not isinstance(inner, dict) or not inner:
                break
            holder = inner
        holder[data.draw(st.sampled_from(sorted(holder)))] = document
        document = valid
    with contextlib.suppress(target.documented):
        target.run(json.dumps(document).encode(), tmp_path)


DEEP = b"[" * 100_000
HEADER = b"\x93NUMPY\x01\x00"


def zipped(files):
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as packed:
        for name, data in files.items():
            packed.writestr(ZipInfo(name), data)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header(text):
    return HEADER + len(text).to_bytes(2, "little") + text


FINDINGS = {
    "vocabulary: nested deeper than the interpreter goes": ("vocabulary", DEEP),
    "ledger: nested": ("ledger", b'{"a":' * 100_000),
    "ledger: a release beyond all numbers": ("ledger", b'{"version": 1, "release": 1e999, "requests": {}, "words": []}'),
    "facts: nested": ("bundle facts", DEEP),
    "tokenizer: nested": ("tokenizer", DEEP + BETWEEN + b"{}" + BETWEEN + b"{}"),
    "shard: nested": ("shard", gzip.compress(DEEP)),
    "shard: damaged inside its compression": ("shard", gzip.compress(b"{}" * 400)[:10] + b"\xff" * 40),
    "stack: a header that ends in the middle": ("stack", header(b"{'descr': '<f4', 'shape': (")),
    "stack: keys of two types": ("stack", header(b"{'descr': '<f4', 'fortran_order': False, 1: (1, 2, 3)}\n")),
    "stack: a header that is a tuple": ("stack", header(b"{('a',): 1, 'descr': 2}\n")),
    "stack: negative sizes": ("stack", header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -1, 4), }\n") + b"\0" * 64),
    "stack: sizes beyond 64 bits": ("stack", header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4), }\n")),
    "packed shard: no archive": ("packed shard", b"nonsense"),
    "packed shard: a member without a name": ("packed shard", zipped({"": b"x"})),
    "packed shard: an index that points beside its tables": ("packed shard", zipped({"words.json": b"[]", "sentences/index.npy": npy(np.array([[0, 7, 0]]))})),
    "cache: an array file that begins as an archive does": ("sentence cache", BETWEEN.join([b"PK\x03\x04 and no more"] * 7)),
    "cache: an empty array file": ("sentence cache", BETWEEN.join([b""] * 7)),
    "corpus: a document's id that is no text": ("corpus jsonl", b'{"doc": "\\ud800", "text": "A sentence of some words."}'),
    "corpus: an id that is no text": ("corpus jsonl", b'{"_id": "\\udfff", "text": "A sentence of some words."}'),
}  # fmt: skip


@pytest.mark.parametrize("name", ["prior of a folder", "prior in the store", "word memory"])
@pytest.mark.parametrize(
    ("mark", "at", "byte"),
    [(b"PK\x01\x02", 10, 0x63), (b"PK\x01\x02", 6, 0xFF), (b"PK\x01\x02", 8, 0x01), (b"PK\x03\x04", 6, 0x41)],
)
def test_archives_of_a_kind_that_nobody_reads_fail_as_documented_if_at_all(targets, tmp_path, name, mark, at, byte):
    """Unknown compression, a version to come, a password."""
    data = bytearray(targets[name].seeds[0])
    data[data.index(mark) + at] = byte
    with contextlib.suppress(targets[name].documented):
        targets[name].run(bytes(data), tmp_path)


@pytest.mark.parametrize("finding", FINDINGS)
def test_what_was_once_found_stays_mended(targets, finding, tmp_path):
    name, data = FINDINGS[finding]
    try:
        targets[name].run(data, tmp_path)
    except targets[name].documented as error:
        assert str(error)


@pytest.mark.parametrize(("old", "new"), [(b'"[UNK]": 1', b'"[OTHER]": 1'), (b'["[SEP]", 3]', b'["[SEP]", 7]')])
def test_a_tokenizer_that_would_fail_at_a_text_is_refused_when_it_is_opened(targets, tmp_path, old, new):
    """Without an unknown piece, or with a special that is no piece."""
    (seed,) = targets["tokenizer"].seeds
    assert old in seed
    with pytest.raises(targets["tokenizer"].documented, match="cannot be loaded"):
        targets["tokenizer"].run(seed.replace(old, new), tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"input_ids", b"input_xds"), (b"input_ids", b"input_\xf0\x28s"), (b"last_hidden_state", b"last_hidden_\xffate")],
)
def test_a_graph_that_is_no_encoder_is_refused_when_it_is_opened(targets, tmp_path, old, new):
    seed = targets["ONNX session"].seeds[0]
    assert old in seed
    with pytest.raises(targets["ONNX session"].documented):
        targets["ONNX session"].run(seed.replace(old, new), tmp_path)


def test_a_graph_whose_weights_lie_in_a_file_without_a_name_is_refused(targets, tmp_path):
    seed = targets["ONNX graph"].seeds[1]
    with pytest.raises(targets["ONNX graph"].documented):
        targets["ONNX graph"].run(seed.replace(b"weights.bin", b"weights\xff\xfein"), tmp_path)


def test_a_segment_of_the_cache_whose_tokens_have_no_names_is_removed(targets, tmp_path):
    (seed,) = targets["sentence cache"].seeds
    assert len(targets["sentence cache"].run(seed, tmp_path)) == 2
    parts = seed.split(BETWEEN)
    parts[2] = b'["pod"]'
    assert targets["sentence cache"].run(BETWEEN.join(parts), tmp_path) == {}
    assert not (tmp_path / "cache" / ("a" * 32) / "segment").exists()


def test_an_archive_of_arrays_is_no_array(targets, tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(targets["stack"].documented):
        targets["stack"].run(path.read_bytes(), tmp_path)
    with ZipFile(path, "w", ZIP_STORED) as packed:
        packed.writestr("weights.npy", b"no array")
    assert targets["word memory"].run(path.read_bytes(), tmp_path) == {}
