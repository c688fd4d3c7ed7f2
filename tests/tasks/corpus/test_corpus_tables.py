"""Tables of other people: what is odd in one costs its column, its row or itself, and the rest is read."""

import datetime
import decimal
import gzip
import json
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.corpus.specs import open_corpus
from tasks.documents.corpus_report import CorpusReport

TEXTS = ["The scheduler places each pod on a node.", "Another row says something about ships."]


def read(path):
    report = CorpusReport()
    return list(open_corpus(str(path), report)), report


def bodies(path):
    documents, report = read(path)
    return [d.body for d in documents], report


ODD_COLUMNS = {
    "map": pa.array([[("a", 1)], [("b", 2)]], pa.map_(pa.string(), pa.int64())),
    "uuid": pa.array([uuid.uuid4().bytes] * 2, pa.uuid()),
    "decimal": pa.array([decimal.Decimal("1.50"), None], pa.decimal128(10, 2)),
    "year_10000": pa.array([2_932_897, 0], pa.date32()),
    "far_moment": pa.array([2**60, 0], pa.timestamp("ms")),
    "nanoseconds": pa.array([1, 2], pa.timestamp("ns", tz="Nowhere/Atlantis")),
    "duration": pa.array([2**62, 1], pa.duration("s")),
    "nested": pa.array([{"a": [{"b": 1}]}, None]),
    "binary": pa.array([b"\xff", None], pa.binary()),
    "half": pa.array([1.5, float("nan")], pa.float16()),
    "month_day_nano": pa.array([1, 2], pa.int64()),
    "dictionary": pa.array(["a", "b"]).dictionary_encode(),
    "list": pa.array([[1, 2], []], pa.list_(pa.int8())),
    "null": pa.array([None, None], pa.null()),
}


@pytest.mark.parametrize("kind", ODD_COLUMNS)
def test_a_column_of_any_type_beside_the_text_costs_nothing(tmp_path, kind):
    table = pa.table({"text": TEXTS, kind: ODD_COLUMNS[kind]})
    pq.write_table(table, tmp_path / "a.parquet", store_decimal_as_integer=False)
    with pa.OSFile(str(tmp_path / "b.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with pa.OSFile(str(tmp_path / "c.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    for name in ("a.parquet", "b.arrow", "c.arrow"):
        found, report = bodies(tmp_path / name)
        assert found == TEXTS and report.rows() == [], name


@pytest.mark.parametrize("kind", ODD_COLUMNS)
@pytest.mark.parametrize("field", ["_id", "doc", "title"])
def test_ids_and_titles_of_any_type_cost_at_most_themselves(tmp_path, kind, field):
    pq.write_table(pa.table({"text": TEXTS, field: ODD_COLUMNS[kind]}), tmp_path / "a.parquet")
    documents, report = read(tmp_path / "a.parquet")
    assert [d.body for d in documents] == TEXTS
    assert all(d.doc and d.id for d in documents)
    if kind == "year_10000":
        assert report.n_unusable == {f"values of '{field}' that cannot be read": 1}
        assert report.examples[f"values of '{field}' that cannot be read"][0].startswith(f"{tmp_path}/a.parquet:0: ")


def test_ids_that_are_missing_in_a_table_are_none(tmp_path):
    table = pa.table({"text": TEXTS, "id": pa.array([float("nan"), 7.0]), "doc": pa.array([None, None], pa.int32())})
    pq.write_table(table, tmp_path / "a.parquet")
    assert [d.doc for d in read(tmp_path / "a.parquet")[0]] == ["a.parquet", "7.0"]


def test_a_text_that_is_no_utf8_costs_its_row(tmp_path):
    raw = pa.array([b"\xff\xfe broken", b"A text that is whole.", b"caf\xc3\xa9 too"], pa.binary())
    pq.write_table(pa.table({"text": raw}), tmp_path / "a.parquet")
    found, report = bodies(tmp_path / "a.parquet")
    assert found == ["A text that is whole.", "caf\u00e9 too"]
    assert report.n_unusable == {"rows whose 'text' is not UTF-8": 1}
    schema = pa.schema([("text", pa.string())])
    damaged = pa.RecordBatch.from_arrays([pa.Array.from_buffers(pa.string(), 3, raw.buffers())], schema=schema)
    with pa.OSFile(str(tmp_path / "b.arrow"), "wb") as file, pa.ipc.new_stream(file, schema) as writer:
        writer.write_batch(damaged)
    found, report = bodies(tmp_path / "b.arrow")
    assert found == ["A text that is whole.", "caf\u00e9 too"]
    assert report.n_unusable["values of 'text' that cannot be read"] == 1


def test_of_two_columns_with_one_name_the_first_counts(tmp_path):
    pq.write_table(
        pa.Table.from_arrays([pa.array(TEXTS), pa.array(["x", "y"])], ["text", "text"]), tmp_path / "a.parquet"
    )
    found, report = bodies(tmp_path / "a.parquet")
    assert found == TEXTS
    assert report.examples == {"columns whose name occurs twice (the first counts)": [f"{tmp_path}/a.parquet: text"]}


def test_features_that_nobody_knows_are_not_looked_at(tmp_path):
    features = {"info": {"features": {"text": {"dtype": "string", "_type": "Hologram"}, "x": {"_type": "Nothing"}}}}
    table = pa.table({"text": TEXTS}).replace_schema_metadata({"huggingface": json.dumps(features)})
    pq.write_table(table, tmp_path / "a.parquet")
    assert bodies(tmp_path / "a.parquet")[0] == TEXTS


def test_a_local_set_of_any_name_and_with_any_columns_is_read_by_its_splits(tmp_path):
    features = {"info": {"features": {"body": {"dtype": "string", "_type": "Hologram"}}}}
    for folder, metadata in (("set [1]", {}), ("unknown", {"huggingface": json.dumps(features)})):
        (tmp_path / folder).mkdir()
        for split, text in (("train", "Of the train split."), ("test", "Of the test split.")):
            table = pa.table({"body": [text], "when": ODD_COLUMNS["year_10000"][:1]}).replace_schema_metadata(metadata)
            pq.write_table(table, tmp_path / folder / f"{split}.parquet")
        assert bodies(f"hf:{tmp_path / folder}#body")[0] == ["Of the train split."]
        assert bodies(f"hf:{tmp_path / folder}:test#body")[0] == ["Of the test split."]
    plain = tmp_path / "plain"
    plain.mkdir()
    pq.write_table(pa.table({"body": TEXTS, "when": ODD_COLUMNS["year_10000"]}), plain / "a.parquet")
    assert bodies(f"hf:{plain}#body")[0] == TEXTS


@pytest.mark.parametrize("kind", ["large_string", "string_view", "dictionary", "binary"])
def test_text_is_text_however_it_is_kept(tmp_path, kind):
    column = {
        "large_string": pa.array(TEXTS, pa.large_string()),
        "string_view": pa.array(TEXTS, pa.string_view()),
        "dictionary": pa.array(TEXTS).dictionary_encode(),
        "binary": pa.array([text.encode() for text in TEXTS], pa.binary()),
    }[kind]
    pq.write_table(pa.table({"text": column}), tmp_path / "a.parquet")
    assert bodies(tmp_path / "a.parquet")[0] == TEXTS


@pytest.mark.parametrize(
    "name", ["a [1].parquet", "w?at.parquet", "a*.parquet", "zip::b.parquet", "a#b.parquet", " c .parquet"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_path_is_no_pattern_and_packed_tables_are_read(tmp_path, name, packed):
    pq.write_table(pa.table({"text": ["Of a neighbour."]}), tmp_path / "a1.parquet")
    pq.write_table(pa.table({"text": TEXTS}), tmp_path / "t")
    data = (tmp_path / "t").read_bytes()
    name += ".gz" if packed else ""
    (tmp_path / name).write_bytes(gzip.compress(data) if packed else data)
    found, report = bodies(tmp_path / name)
    assert found == TEXTS and report.rows() == []


def test_files_without_rows_or_bytes_are_named_and_the_others_read(tmp_path):
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").touch()
    (tmp_path / "c.arrow").touch()
    (tmp_path / "d.jsonl").touch()
    (tmp_path / "e.jsonl.gz").write_bytes(gzip.compress(b"\n\n"))
    (tmp_path / "f.txt").touch()
    (tmp_path / "g.parquet.gz").touch()
    (tmp_path / "h.jsonl").write_text('{"text": "A row."}')
    pq.write_table(pa.table({"body": TEXTS}), tmp_path / "i.parquet")
    pq.write_table(pa.table({}), tmp_path / "j.parquet")
    (tmp_path / "k.parquet.gz").write_bytes(gzip.compress(b""))
    found, report = bodies(tmp_path)
    assert found == ["A row."]
    assert report.n_unusable == {
        "files with nothing in them": 6,
        "files without prose": 1,
        "files without a column 'text'": 2,
        "files that cannot be read": 1,
    }
    assert report.examples["files without a column 'text'"][0] == (
        f"{tmp_path}/i.parquet: its columns are body; name the one of the text, as PATH#COLUMN"
    )


def test_a_damaged_part_costs_its_rows_alone(tmp_path):
    texts = [f"Text number {i} of a table that is damaged in one place." for i in range(3000)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet", row_group_size=1000, compression="gzip")
    meta = pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(1).column(0)
    data = bytearray((tmp_path / "a.parquet").read_bytes())
    start = meta.dictionary_page_offset or meta.data_page_offset
    data[start + 40 : start + 300] = b"\xff" * 260
    (tmp_path / "a.parquet").write_bytes(data)
    found, report = bodies(tmp_path / "a.parquet")
    assert found == texts[:1000] + texts[2000:]
    assert report.n_unusable == {"rows that cannot be read": 1}
    assert "rows 1000 to 1999" in report.examples["rows that cannot be read"][0]


def test_rows_of_many_groups_keep_their_numbers(tmp_path):
    texts = ["" if i % 1500 == 0 else f"Text number {i}." for i in range(4000)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet", row_group_size=1700)
    with pa.OSFile(str(tmp_path / "b.arrow"), "wb") as file:
        table = pa.table({"text": texts})
        with pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=1700)
    for name in ("a.parquet", "b.arrow"):
        _, report = bodies(tmp_path / name)
        assert report.examples["rows with empty text"] == [f"{tmp_path}/{name}:{i}" for i in (0, 1500, 3000)]


def test_dates_within_reach_are_ids_as_they_were(tmp_path):
    pq.write_table(pa.table({"text": TEXTS, "_id": [datetime.date(2024, 1, 2), None]}), tmp_path / "a.parquet")
    assert [d.doc for d in read(tmp_path / "a.parquet")[0]] == ["2024-01-02", "a.parquet"]
