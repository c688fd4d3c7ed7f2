"""Pipes: lines in, vectors out, bad lines counted and named."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from minicoil.config import Bm25Config
from minicoil.errors import CollectionError, ReleaseError, UsageError
from minicoil.sparse.model import MiniCoil
from tasks.collections.encoding import LineReport, encode_lines, open_line_model, read_lines, write_encoded
from tasks.place import Place

pytestmark = pytest.mark.filterwarnings("ignore")  # of ONNX's making
ROOT = Path(__file__).parents[3]


def read(data, form="auto"):
    report = LineReport()
    return [(line.number, line.id, line.text) for line in read_lines(io.BytesIO(data), form, report)], report


def run(arguments, data):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "flows.cli", "encode", *arguments]
    return subprocess.run(command, input=data, capture_output=True, env=environment)


def test_every_line_of_text_is_a_text_and_keeps_its_number():
    lines, report = read(b"\xef\xbb\xbfpods\r\n\n\xff\n{nodes\nlast")
    assert lines == [(1, None, "pods"), (2, None, ""), (4, None, "{nodes"), (5, None, "last")]
    assert report.rows() == [{"reason": "is not UTF-8", "n": 1, "lines": [3]}]


def test_json_lines_are_noticed_and_each_bad_one_says_why():
    rows = [
        b'{"text": "pods", "id": 7}',
        b"",
        b"[1]",
        b'{"text": 3}',
        b'{"text": "a\\ud800"}',
        b'{"_id": "x", "text": ""}',
        b"{",
    ]
    lines, report = read(b"\n".join(rows))
    assert lines == [(1, 7, "pods"), (6, "x", "")]
    assert {row["reason"]: row["lines"] for row in report.rows()} == {
        "is not a JSON object": [3, 7],
        "has no 'text' that is a string": [4],
        "holds a lone surrogate, which is no text": [5],
    }
    lines, report = read(b"[[[[" * 100_000 + b'\n{"text": "pods"}', "jsonl")
    assert lines == [(2, None, "pods")] and report.n_lines == 2


def test_ids_follow_the_rule_of_documents_and_one_that_comes_again_is_told_apart_in_tables(bundle, tmp_path):
    rows = [
        {"id": 1},
        {"id": "1"},
        {"id": None, "_id": 5},
        {"id": 0},
        {"id": ""},
        {"id": "1#2"},
        {},
        {"_id": "a", "id": "b"},
    ]
    data = b"".join(json.dumps({**row, "text": "pods"}).encode() + b"\n" for row in rows)
    model, report = MiniCoil.load(bundle, threads=1), LineReport()
    encoded = list(encode_lines(model, read_lines(io.BytesIO(data), "auto", report), report))
    assert [line.row().get("id") for line in encoded] == [1, "1", 5, 0, None, "1#2", None, "a"]
    write_encoded(encoded, tmp_path / "rows.parquet")
    names = parquet.read_table(tmp_path / "rows.parquet")["id"].to_pylist()
    assert names == ["1", "1#2", "5", "0", None, "1#2#6", None, "a"]
    assert (report.n_repeated, report.repeated) == (2, [2, 6])
    done = run(["--model", str(bundle)], data)
    assert (
        done.returncode == 0
        and b'2 with an id that an earlier line has (1 and "1" are one id): line 2, 6' in done.stderr
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_pipe_of_another_encoding_is_read_by_its_mark(bundle, encoding):
    done = run(["--model", str(bundle)], '{"id": "caf\u00e9", "text": "pods"}\n'.encode(encoding))
    assert done.returncode == 0 and json.loads(done.stdout)["id"] == "caf\u00e9"


def test_a_thousand_bad_lines_are_counted_and_the_first_are_named():
    _, report = read(b"\xff\n" * 1000, "text")
    assert report.rows() == [{"reason": "is not UTF-8", "n": 1000, "lines": [1, 2, 3, 4, 5]}]


def test_lines_are_answered_in_order_with_no_more_than_a_window_read_ahead(bundle):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield f"pods and node number {len(taken)}\n".encode()

    report = LineReport()
    rows = encode_lines(MiniCoil.load(bundle, threads=1), read_lines(endless(), "text", report), report)
    assert [next(rows).number for _ in range(3)] == [1, 2, 3]
    assert len(taken) == 256
    rows.close()


@pytest.mark.parametrize("query", [False, True])
def test_written_rows_hold_the_very_vectors(bundle, tmp_path, query):
    model = MiniCoil.load(bundle, threads=1)
    texts = ["pods and nodes", "", "quantum kernel"]
    expected = list((model.query_embed_hybrid if query else model.embed_hybrid)(texts))
    data = "".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(texts)).encode()
    for name in ("rows.jsonl", "rows.parquet"):
        report = LineReport()
        lines = read_lines(io.BytesIO(data), "auto", report)
        write_encoded(encode_lines(model, lines, report, query=query, dense=True), tmp_path / name)
    from_json = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    from_parquet = parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [row["id"] for row in from_json] == [0, 1, 2] and [row["id"] for row in from_parquet] == ["0", "1", "2"]
    for rows in (from_json, from_parquet):
        for row, vector in zip(rows, expected, strict=True):
            assert row["indices"] == vector.sparse.indices.tolist()
            assert np.array_equal(np.asarray(row["values"], np.float32), vector.sparse.values)
            assert np.array_equal(np.asarray(row["dense"], np.float32), vector.dense)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.jsonl", "rows.parquet"]


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    def failing():
        yield from ()
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        write_encoded(failing(), tmp_path / "rows.jsonl")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError, match=r"ends in \.parquet or \.jsonl"):
        write_encoded([], tmp_path / "rows.csv")


def test_one_model_is_asked_for_and_no_more(bundle, tmp_path):
    place = Place.at(tmp_path)
    with pytest.raises(UsageError, match="--channel and --model each name a model"):
        open_line_model(place, channel="production", folder=str(bundle))
    with pytest.raises(UsageError, match="has its own k, b and avg_len"):
        open_line_model(place, collection="docs", bm25=Bm25Config())
    with pytest.raises(CollectionError, match="'docs' is not registered; collections: none"):
        open_line_model(place, collection="docs")
    with pytest.raises(ReleaseError, match="'production' is neither"):
        open_line_model(place, channel="production")
    assert open_line_model(place, folder=str(bundle), bm25=Bm25Config(avg_len=7.0)).bm25.avg_len == 7.0


def test_before_any_release_every_word_is_one_of_plain_bm25(empty_bundle, tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.collections.encoding.open_empty", lambda place, encoder, dims, language: empty_bundle)
    model, expected = open_line_model(Place.at(tmp_path)), MiniCoil.load(empty_bundle)
    (found,), (vector,) = (list(m.embed(["The pods of a Bronxville Ridgeville cluster"])) for m in (model, expected))
    assert found.indices.tolist() == vector.indices.tolist() and found.values.tolist() == vector.values.tolist()
    assert len(set(found.indices.tolist())) == 3  # pods, cluster, and two names in one cell


def test_the_command_writes_vectors_to_stdout_and_the_rest_to_stderr(bundle):
    done = run(["--model", str(bundle), "--avg-len", "9"], b"pods and nodes\n\xff\nquantum\n")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    model = MiniCoil.load(bundle, avg_len=9.0)
    assert [row["line"] for row in rows] == [1, 3]
    assert rows[0]["indices"] == next(model.embed("pods and nodes")).indices.tolist()
    assert b"2 of 3 lines encoded" in done.stderr and b"1 bad: line 2 is not UTF-8" in done.stderr


def test_the_command_reports_as_json_refuses_only_bad_lines_and_survives_a_closed_pipe(bundle, tmp_path):
    done = run(["--model", str(bundle), "--json", "--output", str(tmp_path / "o.parquet")], b'{"text": "pods"}\n{}\n')
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["n_encoded"], answer["bad"][0]["lines"]) == (0, 1, [2])
    only_bad = run(["--model", str(bundle)], b"\xff\n\xff\n")
    assert only_bad.returncode == 1 and only_bad.stdout == b""
    command = f"{sys.executable} -m flows.cli encode --model {bundle} | head -n 1"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    piped = subprocess.run(command, shell=True, input=b"pods nodes\n" * 3000, capture_output=True, env=environment)
    assert piped.stdout.count(b"\n") == 1 and b"Traceback" not in piped.stderr and b"BrokenPipe" not in piped.stderr
