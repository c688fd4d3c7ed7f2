"""Files of any kind are read by their ending and mark; a bad line or file is counted and passed over."""

import gzip
import json
from pathlib import Path

import pytest
from read_specs import read

from minicoil.errors import CorpusError, UsageError
from tasks.corpus.corpus_files import (
    CHANGED,
    accepted_kinds,
    file_kind,
    file_stamp,
    find_corpus_files,
    is_known,
    is_rows,
    read_file,
)
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.stretches import Stretch, cut_lines


def test_bad_rows_are_counted_with_their_places_and_the_rest_is_read(tmp_path):
    lines = [
        b'{"text": "good one here"}',
        b"{oops",
        b"\xff\xfe",
        b"[1]",
        b'{"no": 1}',
        b'{"text": " "}',
        b'{"text": 5}',
        b"",
    ]
    (tmp_path / "x.jsonl").write_bytes(b"\n".join([*lines, b'{"text": "good one here"}', b'{"text": "the last"}']))
    documents, report = read(tmp_path / "x.jsonl")
    assert [d.body for d in documents] == ["good one here", "the last"]
    assert report.n_duplicates == 1
    assert {row["reason"]: row["n"] for row in report.rows()} == {
        "lines that are not JSON": 1,
        "lines that are not UTF-8": 1,
        "rows that are not an object": 1,
        "rows without 'text'": 2,
        "rows with empty text": 1,
        "duplicates left out": 1,
    }
    assert report.examples["lines that are not JSON"][0].endswith("x.jsonl:2")


def test_an_unreadable_file_in_a_folder_is_one_row_of_the_report(folder):
    (folder / "broken.jsonl.gz").write_bytes(b"not gzip at all")
    (folder / "table.parquet").write_bytes(b"PAR1 but not really")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "latin.txt").write_bytes("caf\xe9 au lait is a drink".encode("latin-1"))
    documents, report = read(folder)
    reasons = {row["reason"] for row in report.rows()}
    assert len(documents) == 6
    assert reasons == {
        "files that cannot be read",
        "files of a kind that is not read (.png)",
        "files with bytes that are not UTF-8 (replaced)",
    }
    assert report.n_unusable["files that cannot be read"] == 2


def test_a_packed_file_damaged_in_the_middle_is_one_row_of_the_report(tmp_path):
    rows = "".join(json.dumps({"text": f"document {i} says {hash(str(i))}"}) + "\n" for i in range(5000))
    data = bytearray(gzip.compress(rows.encode()))
    data[len(data) // 2 : len(data) // 2 + 50] = b"\xff" * 50
    (tmp_path / "a.jsonl.gz").write_bytes(data)
    (tmp_path / "b.jsonl").write_text('{"text": "read all the same"}')
    documents, report = read(tmp_path)
    assert documents[-1].body == "read all the same"
    assert report.n_unusable["files that cannot be read"] == 1


def test_a_line_too_long_to_hold_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.corpus.corpus_files.MAX_LINE_BYTES", 64)
    lines = ["before it", "x" * 64 * 3, "after it"]
    (tmp_path / "x.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in lines))
    documents, report = read(tmp_path / "x.jsonl")
    assert [d.body for d in documents] == ["before it", "after it"]
    (places,) = report.examples.values()
    assert places[0].endswith("x.jsonl:2")


PROSE = "A caf\u00e9 opens \U0001f600 at nine."
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-32-be")


def encoded(text, encoding):
    mark = {"utf-16-be": b"\xfe\xff", "utf-32-be": b"\x00\x00\xfe\xff"}.get(encoding, b"")
    return mark + text.encode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", ["txt", "md", "rst", "html", "htm", "jsonl", "ndjson"])
@pytest.mark.parametrize("packed", [False, True])
def test_files_of_every_kind_are_read_by_their_mark(tmp_path, encoding, kind, packed):
    text = json.dumps({"text": PROSE}, ensure_ascii=False) + "\r\n" if "json" in kind else f"{PROSE}\n"
    if kind.startswith("htm"):
        text = f"<p>{PROSE}</p>"
    data = encoded(text, encoding)
    path = tmp_path / (f"a.{kind}.gz" if packed else f"a.{kind}")
    path.write_bytes(gzip.compress(data) if packed else data)
    documents, report = read(path)
    assert [d.body for d in documents] == [PROSE] and report.rows() == []


def test_lines_of_a_marked_file_keep_their_numbers_and_damage_costs_its_line(tmp_path):
    lines = ['{"text": "First line."}', "", "{oops", '{"text": "After it."}']
    data = encoded("\n".join(lines) + "\n", "utf-16")
    (tmp_path / "x.jsonl").write_bytes(
        data + b"\x00\xd8" + encoded('{"text": "x"}\n{"text": "Last."}', "utf-16")[2:] + b"x"
    )
    documents, report = read(tmp_path / "x.jsonl")
    assert [d.body for d in documents] == ["First line.", "After it."]
    assert report.examples["lines that are not JSON"] == [f"{tmp_path}/x.jsonl:3"]
    assert report.examples["lines that are not UTF-8"] == [f"{tmp_path}/x.jsonl:{n}" for n in (5, 6)]


def refused(spec):
    with pytest.raises((CorpusError, UsageError)) as caught:
        list(find_corpus_files(str(spec), CorpusReport()))
    return str(caught.value)


def test_what_is_no_corpus_is_told_by_what_it_is(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "none").write_bytes(b"x")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "empty").mkdir()
    kinds = accepted_kinds()
    assert refused(tmp_path / "a.png") == f"{tmp_path}/a.png: .png is not read; {kinds}"
    assert refused(tmp_path / "none") == f"{tmp_path}/none: a file without ending is not read; {kinds}"
    assert refused(tmp_path / "empty") == f"{tmp_path}/empty holds no file that is read; {kinds}"
    assert refused("") == "corpus '' was not found: an empty name stands for no folder; give '.' for this one"
    assert refused(tmp_path / "link") == (
        f"corpus '{tmp_path}/link' is a link to nothing (nowhere); give what it should lead to"
    )
    assert refused("/dev/null") == "corpus '/dev/null' is neither a file nor a folder; give one of these"
    assert refused(tmp_path / "absent") == (
        f"corpus '{tmp_path}/absent' was not found; give a file, a folder, s3://..., hf:..., qdrant:... or pydocs:..."
    )
    assert ".txt" in kinds and ".parquet" in kinds and kinds.endswith("or one of these with .gz")


def test_a_column_follows_files_of_rows_and_folders_and_nothing_else(tmp_path):
    for name in ("rows.jsonl", "page.txt", "odd.jsonl#name.jsonl"):
        (tmp_path / name).write_text("{}")

    def found(spec):
        return [(path.name, column) for path, _, _, column in find_corpus_files(str(spec), CorpusReport())]

    assert found(tmp_path / "rows.jsonl#body") == [("rows.jsonl", "body")]
    assert found(tmp_path / "rows.jsonl") == [("rows.jsonl", "text")]
    assert found(tmp_path / "odd.jsonl#name.jsonl") == [("odd.jsonl#name.jsonl", "text")]  # a path is that path
    assert {column for _, column in found(f"{tmp_path}#body")} == {"body"}
    assert "page.txt#body' was not found" in refused(tmp_path / "page.txt#body")
    assert "rows.jsonl#' was not found" in refused(tmp_path / "rows.jsonl#")


@pytest.mark.parametrize(
    ("name", "kind", "known", "rows"),
    [
        ("A.TXT", ".txt", True, False),
        ("a.jsonl.gz", ".jsonl", True, True),
        ("a.tar.gz", ".tar", False, False),
        ("a.TSV.GZ", ".tsv", True, True),
        (".txt", "", False, False),
        ("a", "", False, False),
        ("a.gz", "", False, False),
    ],
)
def test_a_files_kind_is_its_ending_without_that_of_what_packed_it(name, kind, known, rows):
    assert (file_kind(Path(name)), is_known(Path(name)), is_rows(Path(name))) == (kind, known, rows)


def test_a_file_that_changes_while_it_is_read_is_named_unless_it_is_read_in_stretches(tmp_path):
    path = tmp_path / "a.jsonl"
    for stretch, told in ((None, {CHANGED: 1}), (Stretch(0, None, 1), {})):
        path.write_text('{"text": "one"}\n{"text": "two"}\n')
        report = CorpusReport()
        reading = read_file(path, "a.jsonl", "shown", report, stretch=stretch)
        assert next(reading).body == "one"
        with path.open("a") as file:
            file.write('{"text": "three"}\n')
        assert [entry.body for entry in reading][0] == "two" and report.n_unusable == told


def test_a_stamp_is_size_and_time_and_none_of_what_is_gone(tmp_path):
    (tmp_path / "a").write_text("four")
    size, changed = file_stamp(tmp_path / "a")
    assert size == 4 and changed == (tmp_path / "a").stat().st_mtime_ns and file_stamp(tmp_path / "b") is None


def test_stretches_of_lines_together_are_the_file_with_its_numbers(tmp_path):
    lines = [json.dumps({"text": f"line {i} " * (i % 9)}) for i in range(1, 200)]
    lines[50] = lines[120] = ""
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))
    whole = CorpusReport()
    expected = list(read_file(path, "a.jsonl", "shown", whole))
    with path.open("rb") as file:
        stretches = [stretch for stretch, _ in cut_lines(file, path.stat().st_size, 700)]
    parts = CorpusReport()
    found = [e for s in stretches for e in read_file(path, "a.jsonl", "shown", parts, stretch=s)]
    assert len(stretches) > 5 and found == expected and [e.place for e in found] == [e.place for e in expected]
    assert parts.rows() == whole.rows() != []


def test_an_empty_file_and_one_of_blank_lines_have_nothing_in_them(tmp_path):
    (tmp_path / "a.jsonl").write_text("")
    (tmp_path / "b.jsonl").write_text("\n\n")
    report = CorpusReport()
    for name in ("a.jsonl", "b.jsonl"):
        assert list(read_file(tmp_path / name, name, name, report)) == []
    assert report.examples == {"files with nothing in them": ["a.jsonl", "b.jsonl"]}


def test_a_file_that_is_gone_meanwhile_is_one_row_of_the_report(tmp_path):
    report = CorpusReport()
    for name in ("a.txt", "a.jsonl", "a.csv", "a.parquet"):
        assert list(read_file(tmp_path / name, name, name, report)) == []
    assert report.n_unusable == {"files that cannot be read": 4}
    assert report.examples["files that cannot be read"][0] == "a.txt: No such file or directory"
