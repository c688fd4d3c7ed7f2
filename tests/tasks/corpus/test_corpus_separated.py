"""Files of separated values: what spreadsheets and databases write is read, what is none is named by its line."""

import csv
import gzip
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from minicoil.errors import CorpusError, EmptyCorpusError
from tasks.corpus import corpus_separated
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport


def read(path, column=""):
    report = CorpusReport()
    return list(read_corpora([f"{path}#{column}" if column else str(path)], report)), report


def reasons(report):
    return {row["reason"]: row["n"] for row in report.rows()}


@pytest.mark.parametrize("kind", ["csv", "tsv", "csv;", "csv.gz"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_was_written_is_read(tmp_path, kind, encoding):
    rng, parts = random.Random(1), ["a pod", 'says "go"', "line\nof two", "x, y; z\tw", "caf\u00e9", "", "'"]
    rows = [(str(i), "T", " ".join(rng.choices(parts, k=4)) + f" {i}") for i in range(60)]
    path = tmp_path / f"rows.{kind.removesuffix(';')}"
    opened = gzip.open if kind.endswith("gz") else open
    with opened(path, "wt", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter="\t" if kind == "tsv" else ";" if kind == "csv;" else ",")
        writer.writerows([("_id", "title", "text"), *rows])
    documents, report = read(path)
    assert [(d.own_id, d.title, d.body) for d in documents] == rows and report.rows() == []
    assert documents[0].doc == "0" and documents[0].place.line == 2


def test_a_column_may_be_named_and_the_rest_is_kept(tmp_path):
    (tmp_path / "a.csv").write_text("doc,body,text\nd1,The body of it,no\n")
    assert [d.body for d in read(tmp_path / "a.csv")[0]] == ["no"]
    assert [(d.doc, d.body) for d in read(tmp_path / "a.csv", "body")[0]] == [("d1", "The body of it")]
    (tmp_path / "b.jsonl").write_text('{"body": "Of a line."}')
    assert [d.body for d in read(tmp_path / "b.jsonl", "body")[0]] == ["Of a line."]
    (tmp_path / "a.csv#body").mkdir()  # what exists as a path is that path
    (tmp_path / "a.csv#body" / "c.txt").write_text("Prose in a folder.")
    assert [d.body for d in read(tmp_path / "a.csv", "body")[0]] == ["Prose in a folder."]
    with pytest.raises(CorpusError, match="was not found"):
        read(tmp_path / "absent.csv", "body")
    with pytest.raises(
        EmptyCorpusError,
        match="files without a column 'nope', such as .*its columns are doc, body, text; name .* as PATH#COLUMN",
    ):
        read(tmp_path / "a.csv", "nope")


def test_a_folder_may_be_followed_by_the_column_of_its_files(tmp_path):
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "a.csv").write_text("doc,body,text\nd1,Of values,no\n")
    (folder / "b.jsonl").write_text('{"body": "Of a line"}')
    (folder / "c.txt").write_text("Prose.")
    (folder / "d.tsv").write_text("text\nno\n")
    pq.write_table(pa.table({"body": ["Of a table"]}), folder / "e.parquet")
    documents, report = read(folder, "body")
    assert [d.body for d in documents] == ["Of values", "Of a line", "Prose.", "Of a table"]
    assert report.n_unusable == {"files without a column 'body'": 1}
    (tmp_path / "all#body").mkdir()
    (tmp_path / "all#body" / "f.txt").write_text("In a folder of that name.")
    assert [d.body for d in read(folder, "body")[0]] == ["In a folder of that name."]


def test_bad_rows_are_counted_with_their_lines_and_the_rest_is_read(tmp_path):
    lines = [
        b"text,n",
        b"good one,1",
        b"too,many,values",
        b'"two',
        b'lines",2',
        b"",
        b'bad "quote" inside,1',
        b'"x"y,1',
    ]
    lines += [b"short", b"caf\xe9,1", b",1", b'"never closed,1', b"the last,1"]
    (tmp_path / "x.csv").write_bytes(b"\n".join(lines))
    documents, report = read(tmp_path / "x.csv")
    assert [d.body for d in documents] == ["good one", "two\nlines", 'bad "quote" inside', "short", "caf\ufffd"]
    assert [d.place.line for d in documents] == [2, 4, 7, 9, 10]
    assert reasons(report) == {
        "rows with more values than the header has names": 1,
        "rows whose quotes do not close where a value ends": 2,
        "rows with empty text": 1,
        "lines with bytes that are not UTF-8 (replaced)": 1,
    }
    assert [
        place.rsplit("x.csv:", 1)[1].split(":")[0]
        for place in report.examples["rows whose quotes do not close where a value ends"]
    ] == ["8", "12"]


def test_what_is_too_long_to_hold_costs_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus_separated, "_MOST", 1000)
    before = csv.field_size_limit(1000)
    try:
        long_value = '"' + "x\n" * 800 + '"'
        (tmp_path / "x.csv").write_text(f"text\nbefore it\n{'x' * 1800}\nbetween them\n{long_value}\nafter it\n")
        documents, report = read(tmp_path / "x.csv")
    finally:
        csv.field_size_limit(before)
    assert [d.body for d in documents[:2]] == ["before it", "between them"]
    assert report.examples["lines over 0 MiB"][0].endswith("x.csv:3")
    (place, *_) = report.examples["rows whose quotes do not close where a value ends"]
    assert "x.csv:4" in place or "x.csv:5" in place


def test_a_column_that_occurs_twice_is_named_and_an_empty_file_too(tmp_path):
    (tmp_path / "a.csv").write_text("text,text\nthe first,the second\n")
    documents, report = read(tmp_path / "a.csv")
    assert [d.body for d in documents] == ["the first"]
    assert reasons(report) == {"columns whose name occurs twice (the first counts)": 1}
    for text in ("", "\n", "text\n"):
        (tmp_path / "b.csv").write_text(text)
        with pytest.raises(EmptyCorpusError, match="files with nothing in them"):
            read(tmp_path / "b.csv")
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(b"text\n" + b"a row of it\n" * 9999)[:-30])
    documents, report = read(tmp_path)
    assert documents and report.n_unusable["files that cannot be read"] == 1
