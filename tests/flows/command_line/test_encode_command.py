"""Lines on stdin become vectors on stdout or in a file; what is lost is named and nothing is lost in silence."""

import json

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from flows.cli import main
from minicoil.sparse.model import MiniCoil


def encode(bundle, tmp_path, *options, text="pods\n"):
    arguments = ["encode", "--model", str(bundle), "--home", str(tmp_path / "home"), *options]
    return CliRunner().invoke(main, arguments, input=text)


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def test_each_line_is_an_answer_with_its_number_in_order(bundle, tmp_path):
    answer = encode(bundle, tmp_path, text="pods\nnodes of a kernel\n")
    assert answer.exit_code == 0 and [row["line"] for row in rows(answer.stdout)] == [1, 2]
    expected = MiniCoil.load(bundle).embed(["pods", "nodes of a kernel"])
    for row, vector in zip(rows(answer.stdout), expected, strict=True):
        assert row["indices"] == vector.indices.tolist() and row["values"] == pytest.approx(vector.values.tolist())


def test_settings_and_kinds_of_vectors_are_those_asked_for(bundle, tmp_path):
    model = MiniCoil.load(bundle, k=2.0, b=0.5, avg_len=3.0)
    numbers = ("--k", "2", "--b", "0.5", "--avg-len", "3")
    (row,) = rows(encode(bundle, tmp_path, *numbers, "--dense").stdout)
    (both,) = model.embed_hybrid("pods")
    assert row["values"] == pytest.approx(both.sparse.values.tolist())
    assert row["dense"] == pytest.approx(both.dense.tolist(), abs=1e-5)
    (row,) = rows(encode(bundle, tmp_path, "--query").stdout)
    assert row["values"] == pytest.approx(next(model.query_embed("pods")).values.tolist())


def test_ids_of_json_lines_come_back_and_bad_lines_and_repeated_ids_are_named(bundle, tmp_path):
    lines = '{"id": "a", "text": "pods"}\nnothing\n{"id": "a", "text": "nodes"}\n{"id": 7}\n'
    answer = encode(bundle, tmp_path, "--format", "jsonl", "--quiet", text=lines)
    assert answer.exit_code == 0
    assert [(row["line"], row["id"]) for row in rows(answer.stdout)] == [(1, "a"), (3, "a")]
    assert "2 of 4 lines encoded" in answer.stderr and "bad: line 2" in answer.stderr
    assert "1 with an id that an earlier line has" in answer.stderr and "line 3" in answer.stderr


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_file_gets_the_vectors_and_stdout_the_figures(bundle, tmp_path, suffix):
    out = tmp_path / f"v.{suffix}"
    answer = encode(bundle, tmp_path, "--output", str(out), "--json", text="pods\nnodes\n")
    said = json.loads(answer.stdout)
    assert (said["n_lines"], said["n_encoded"], said["refused"], said["output"]) == (2, 2, False, str(out))
    n = len(rows(out.read_text())) if suffix == "jsonl" else pq.read_table(out).num_rows
    assert n == 2


def test_a_file_of_another_kind_is_refused_before_anything_is_read(bundle, tmp_path):
    answer = encode(bundle, tmp_path, "--output", str(tmp_path / "v.csv"))
    assert answer.exit_code == 2 and "v.csv" in answer.stderr and not (tmp_path / "v.csv").exists()


def test_nothing_in_is_nothing_out(bundle, tmp_path):
    answer = encode(bundle, tmp_path, text="")
    assert answer.exit_code == 0 and answer.stdout == ""
