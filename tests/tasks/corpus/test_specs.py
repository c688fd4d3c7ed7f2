"""Every kind of SPEC, and everything that can be wrong with one: counted and named, never in silence."""

import gzip
import json
import random
from types import SimpleNamespace

import pytest

from minicoil.errors import CorpusError, EmptyCorpusError, UsageError
from tasks.corpus import corpus_prose
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport


def read(*specs, **options):
    report = CorpusReport()
    return list(read_corpora([str(spec) for spec in specs], report, **options)), report


@pytest.fixture
def folder(tmp_path):
    rows = [
        {"text": "One row is one point.", "title": "Rows", "_id": "7"},
        {"text": "A second row of text.", "doc": "d"},
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with gzip.open(tmp_path / "packed.jsonl.gz", "wt") as file:
        file.write(json.dumps({"text": "A row out of a packed file."}))
    (tmp_path / "page.md").write_text("# Title\n\nProse of a page.\n\n```py\ncode = 1\n```\n")
    (tmp_path / "page.html").write_text("<p>Prose of <b>HTML</b>.</p><script>var x;</script>")
    return tmp_path


def test_a_folder_is_read_file_by_file_in_name_order(folder):
    documents, report = read(folder)
    assert [d.body for d in documents] == [
        "A row out of a packed file.",
        "Prose of HTML.",
        "Title\n\nProse of a page.",
        "One row is one point.",
        "A second row of text.",
    ]
    assert documents[3].text == "Rows\nOne row is one point." and documents[4].doc == "d"
    assert report.rows() == []


def test_ids_are_the_same_on_every_run_and_differ_by_text(folder):
    first, second = (read(folder)[0] for _ in range(2))
    assert [d.id for d in first] == [d.id for d in second]
    assert len({d.id for d in first}) == len(first)


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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("kind", ["txt", "md"])
def test_a_packed_text_that_is_cut_is_read_to_where_it_is_cut(tmp_path, kind, encoding):
    rng = random.Random(1)
    text = "\n\n".join(f"Paragraph {i} says caf\u00e9 and {rng.random()} of pods." for i in range(4000))
    (tmp_path / f"a.{kind}.gz").write_bytes(gzip.compress(text.encode(encoding))[:-9000])
    (tmp_path / "b.txt").write_text("Read all the same.")
    documents, report = read(tmp_path)
    found = " ".join(document.body for document in documents)
    assert found.startswith("Paragraph 0 says") and "Paragraph 2000 says" in found and found.endswith("all the same.")
    assert "Paragraph 3999" not in found and list(report.n_unusable) == ["files that cannot be read"]
    assert report.examples["files that cannot be read"][0].startswith(f"{tmp_path}/a.{kind}.gz: Compressed file ended")


def test_a_text_over_the_bound_is_read_in_part_and_says_what_to_do(tmp_path, monkeypatch):
    text = "".join(f"Caf\u00e9 number {i} is open. " for i in range(100_000)).encode()
    within = text.index("\u00e9".encode(), 2**20) + 1  # the bound falls into a character
    monkeypatch.setattr(corpus_prose, "MAX_FILE_BYTES", within)
    (tmp_path / "a.txt").write_bytes(text)
    documents, report = read(tmp_path)
    assert len(documents) > 1000 and list(report.n_unusable) == [
        "files over 1 MiB read in part (split them, or give their text as .jsonl)"
    ]


def test_a_line_too_long_to_hold_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.corpus.corpus_files.MAX_LINE_BYTES", 64)
    lines = ["before it", "x" * 64 * 3, "after it"]
    (tmp_path / "x.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in lines))
    documents, report = read(tmp_path / "x.jsonl")
    assert [d.body for d in documents] == ["before it", "after it"]
    (places,) = report.examples.values()
    assert places[0].endswith("x.jsonl:2")


def test_hidden_files_are_passed_by_and_links_to_nothing_are_named(folder):
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "x.md").write_text("Hidden words.")
    (folder / "nowhere.md").symlink_to(folder / "absent.md")
    documents, report = read(folder)
    assert len(documents) == 5 and report.n_unusable == {"links to nothing": 1}


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


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_two_byte_text_without_its_mark_is_refused_by_name(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes(PROSE.encode(encoding))
    (tmp_path / "b.jsonl").write_bytes('{"text": "Some text."}'.encode(encoding))
    (tmp_path / "c.txt").write_text("Plain prose with one zero byte \0 in it.")
    documents, report = read(tmp_path)
    assert [d.body for d in documents] == ["Plain prose with one zero byte   in it."]
    assert report.n_unusable == {
        "files full of zero bytes: no text, or UTF-16 without its mark": 1,
        "lines that are not JSON": 1,
    }


def test_payloads_of_a_collection_are_read_page_by_page():
    class Points:
        def scroll(self, name, payload, start):
            assert name == "docs" and "body" in payload and start is None
            yield [SimpleNamespace(id=1, payload={"body": "First text.", "doc": "a"})]
            yield [SimpleNamespace(id=2, payload={"body": ""}), SimpleNamespace(id=3, payload={"body": "Last text."})]

    documents, report = read("qdrant:docs#body", points=Points())
    assert [(d.doc, d.body) for d in documents] == [("a", "First text."), ("3", "Last text.")]
    assert report.examples == {"rows with empty text": ["qdrant:docs:2"]}


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("nowhere/at/all", CorpusError, "'nowhere/at/all' was not found"),
        ("hf:name", UsageError, "#column"),
        ("qdrant:docs", UsageError, "."),
    ],
)
def test_a_spec_that_names_nothing_says_what_was_expected(spec, error, message):
    with pytest.raises(error, match=message):
        read(spec)


def test_an_empty_corpus_says_why(tmp_path):
    (tmp_path / "x.jsonl").write_text("{oops\n")
    with pytest.raises(EmptyCorpusError, match="1 lines that are not JSON"):
        read(tmp_path / "x.jsonl")
    with pytest.raises(CorpusError, match="holds no file that is read"):
        (tmp_path / "empty").mkdir()
        read(tmp_path / "empty")


def test_a_smaller_sample_is_part_of_a_larger_one(tmp_path):
    (tmp_path / "x.jsonl").write_text("\n".join(json.dumps({"text": f"document number {i}"}) for i in range(100)))
    small, large = ({d.body for d in read(tmp_path / "x.jsonl", sample=n)[0]} for n in (10, 30))
    assert len(small) == 10 and len(large) == 30 and small < large


def test_hugging_face_and_arrow_columns_are_read_from_local_folders(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"text": ["A row of a parquet file.", "Another row of it."], "body": ["b one here", "b two here"]})
    (tmp_path / "set").mkdir()
    pq.write_table(table, tmp_path / "set" / "data.parquet")
    assert len(read(tmp_path / "set" / "data.parquet")[0]) == 2
    documents, _ = read(f"hf:{tmp_path / 'set'}#body")
    assert [d.body for d in documents] == ["b one here", "b two here"]
    with pytest.raises(CorpusError, match="no column 'nope'; columns are text, body"):
        read(f"hf:{tmp_path / 'set'}#nope")


def test_an_unknown_data_set_without_network_is_one_clear_error(monkeypatch):
    with pytest.raises(CorpusError, match="cannot be loaded"):
        read("hf:nobody/nothing-of-this-name#text")
