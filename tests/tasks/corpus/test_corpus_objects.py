"""Objects of S3 as a corpus: by key, by prefix and by pattern; what is wrong with one is named by its address."""

import gzip
import io
import json

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from minicoil.errors import CorpusError, StoreUnavailableError, UsageError
from tasks.corpus import corpus_objects, pieces
from tasks.corpus.pieces import cut_corpora, read_piece
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # moto's own sockets


@pytest.fixture
def bucket(s3_address, make_bucket, monkeypatch):
    monkeypatch.setenv("MINICOIL_S3_ENDPOINT_URL", s3_address)
    monkeypatch.setenv("MINICOIL_S3_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("MINICOIL_S3_SECRET_ACCESS_KEY", "secret")
    return make_bucket(s3_address)


@pytest.fixture
def put(bucket, s3_address):
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    client = boto3.client("s3", endpoint_url=s3_address, region_name="us-east-1", **keys)
    return lambda key, data: client.put_object(Bucket=bucket, Key=key, Body=data)


def table(texts, group=3):
    file = io.BytesIO()
    pq.write_table(pa.table({"text": texts, "body": [f"body of {text}" for text in texts]}), file, row_group_size=group)
    return file.getvalue()


def texts_of(n, start=0):
    return [f"Row number {i} of a table tells of pods." for i in range(start, start + n)]


def read(*specs):
    report = CorpusReport()
    return [document.body for document in read_corpora(list(specs), report)], report


@pytest.fixture
def filled(put):
    put("in/a.parquet", table(texts_of(7)))
    put("in/deep/b.parquet", table(texts_of(4, 7)))
    put("in/c.jsonl", json.dumps({"text": "A line of an object.", "_id": "7"}) + "\n{oops\n")
    put("in/d.jsonl.gz", gzip.compress(json.dumps({"text": "A packed line."}).encode()))
    put("in/e.txt", "\ufeffProse in UTF-16 is read by its mark.".encode("utf-16-le"))
    put("in/f.csv", "text,n\nA value of a row.,1\n")
    put("in/g.png", b"no text")
    put("in/.hidden/h.txt", "Hidden words.")
    put("inside.txt", "Not below the prefix.")


def test_all_below_a_prefix_is_read_by_key(filled, bucket):
    found, report = read(f"s3://{bucket}/in")
    lines = ["A line of an object.", "A packed line."]
    assert found == [*texts_of(7), *lines, *texts_of(4, 7), "Prose in UTF-16 is read by its mark.", "A value of a row."]
    assert report.n_unusable == {"files of a kind that is not read (.png)": 1, "lines that are not JSON": 1}
    assert report.examples["lines that are not JSON"] == [f"s3://{bucket}/in/c.jsonl:2"]
    assert read(f"s3://{bucket}/in/")[0] == found and "Not below the prefix." in read(f"s3://{bucket}")[0]


@pytest.mark.parametrize(
    ("pattern", "n"),
    [("in/*.parquet", 7), ("in/**.parquet", 11), ("in/**/*.parquet", 11), ("*/deep/?.parquet", 4), ("in/a.parquet", 7)],
)
def test_a_pattern_and_a_key(filled, bucket, pattern, n):
    assert len(read(f"s3://{bucket}/{pattern}")[0]) == n
    assert read(f"s3://{bucket}/{pattern}#body")[0][0].startswith("body of Row")


def test_a_key_with_a_number_sign_is_that_key_and_what_follows_a_key_is_the_column(put, bucket):
    put("no#1/c#.jsonl", json.dumps({"text": "Of C sharp.", "b#y": "A body of it."}))
    for spec in ("no#1/c#.jsonl", "no#1", "no#1/*.jsonl".replace("no#1", "**")):
        assert read(f"s3://{bucket}/{spec}")[0] == ["Of C sharp."]
    for spec in ("no#1/c#.jsonl#b#y", "no#1#b#y"):
        assert read(f"s3://{bucket}/{spec}")[0] == ["A body of it."]
    with pytest.raises(CorpusError, match="no#2#text was not found"):
        read(f"s3://{bucket}/no#2#text")
    with pytest.raises(UsageError, match="expected s3://bucket/prefix"):
        read("s3://#text")


def test_documents_are_called_by_their_address(filled, bucket):
    (found,) = read_corpora([f"s3://{bucket}/in/c.jsonl"], CorpusReport())
    assert found.source == f"s3://{bucket}/in/c.jsonl" and found.doc == "7"
    first, *_ = read_corpora([f"s3://{bucket}/in/e.txt"], CorpusReport())
    assert (first.title, first.doc) == ("e", "e.txt")


def test_tables_are_cut_by_row_groups_and_nothing_is_lost(filled, bucket, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 120)
    specs = [f"s3://{bucket}/in/*.parquet", f"s3://{bucket}/in/c.jsonl"]
    report = CorpusReport()
    cut = [pieces.Piece.from_row(json.loads(json.dumps(piece.row()))) for piece in cut_corpora(specs, report)]
    found = [document for piece in cut for document in read_piece(piece, report)]
    assert len(cut) == 4 and found == list(read_corpora(specs, CorpusReport()))
    assert [document.place for document in found][4].line == 4


def rows_of(*pieces):
    report = CorpusReport()
    rows = [(d.doc, d.body, d.source) for piece in pieces for d in read_piece(piece, report)]
    return rows, report.rows()


def lines_of(n, first=0):
    """Lines of unequal length, two of them no JSON, one without text."""
    lines = [json.dumps({"_id": f"d{i}", "text": f"Line {i} tells of pods. " * (1 + i % 5)}) for i in range(first, n)]
    lines[7:7] = ["{oops"]
    lines[70:70] = ['{"_id": "empty", "text": ""}', "[1"]
    return "\n".join(lines).encode()


@pytest.mark.parametrize("size", [300, 1000, 2500])
def test_many_lines_of_an_object_are_cut_and_nothing_is_lost_or_misplaced(put, bucket, size):
    put("big.jsonl", lines_of(200))
    (whole,) = cut_corpora([f"s3://{bucket}/big.jsonl"], CorpusReport())
    expected, problems = rows_of(whole)
    parts = list(cut_corpora([f"s3://{bucket}/big.jsonl"], CorpusReport(), size))
    assert len(parts) > 3 and len(expected) == 200
    assert rows_of(*parts) == (expected, problems)  # and the problems by their line
    assert all(rows_of(piece)[0] for piece in parts)  # each has what is its own


def test_few_lines_of_an_object_are_one_piece_since_they_would_be_downloaded_twice(put, bucket):
    put("small.jsonl", lines_of(20))
    (piece,) = cut_corpora([f"s3://{bucket}/small.jsonl"], CorpusReport(), len(lines_of(20)) // 3)
    assert piece.parts[0].stretch is None


def test_an_object_of_lines_that_changed_since_it_was_cut_is_known(put, bucket):
    put("big.jsonl", lines_of(200))
    parts = list(cut_corpora([f"s3://{bucket}/big.jsonl"], CorpusReport(), 1000))
    assert not any(piece.changed_files() for piece in parts)
    put("big.jsonl", lines_of(300, 100))
    assert all(piece.changed_files() == {f"s3://{bucket}/big.jsonl"} for piece in parts)


def test_an_object_that_changes_is_told_by_its_stamp(filled, bucket, put, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 120)
    cut = list(cut_corpora([f"s3://{bucket}/in/a.parquet"], CorpusReport()))
    assert not any(piece.changed_files() for piece in cut)
    put("in/a.parquet", table(texts_of(12)))
    changed = set().union(*(piece.changed_files() for piece in cut))
    assert changed == {f"s3://{bucket}/in/a.parquet"}
    whole = [piece for piece in (piece.with_whole(changed) for piece in cut) if piece]
    report = CorpusReport()
    assert len([document for piece in whole for document in read_piece(piece, report)]) == 12
    assert report.n_unusable == {"files that changed while they were read": 1}


def test_damaged_and_empty_objects_are_counted_and_the_rest_is_read(put, bucket):
    data = table(texts_of(9))
    put("x/a.parquet", data[:-30])
    put("x/b.parquet", b"")
    put("x/c.jsonl.gz", gzip.compress(b'{"text": "A packed line."}\n' * 3000)[:-25])
    put("x/d.jsonl", b'{"text": "Read all the same."}')
    found, report = read(f"s3://{bucket}/x")
    assert found[-1] == "Read all the same."
    assert report.n_unusable == {"files that cannot be read": 2, "files with nothing in them": 1}
    assert report.examples["files that cannot be read"][0].startswith(f"s3://{bucket}/x/a.parquet: ")


def test_what_is_not_there_is_refused_with_what_to_do(filled, bucket):
    with pytest.raises(CorpusError, match="was not found; give s3://bucket/key"):
        read(f"s3://{bucket}/absent")
    with pytest.raises(CorpusError, match=r"holds no object that is read; expected one of"):
        read(f"s3://{bucket}/in/*.docs")
    with pytest.raises(CorpusError, match="was not found"):
        read("s3://no-such-bucket-anywhere/x")
    with pytest.raises(UsageError, match="expected s3://bucket/prefix"):
        read("s3:///x")


class Broken:
    """A file whose connection ends in the middle."""

    def __init__(self, file):
        self._file = file
        self.n = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def read(self, size=None):
        self.n += 1
        if self.n > 3:
            raise OSError("AWS Error NETWORK_CONNECTION during GetObject operation: curlCode: 56")
        return self._file.read(size)

    def __getattr__(self, name):
        return getattr(self._file, name)


@pytest.mark.parametrize("key", ["a.parquet", "c.jsonl"])
def test_a_store_that_falls_silent_stops_the_reading_instead_of_losing_rows(filled, bucket, monkeypatch, key):
    real = corpus_objects.open_s3_files()

    class Files:
        def open_input_file(self, path):
            broken = Broken(real.open_input_file(path))
            broken.n = 3 if key == "c.jsonl" else 2
            return broken

        def __getattr__(self, name):
            return getattr(real, name)

    monkeypatch.setattr(corpus_objects, "open_s3_files", Files)
    with pytest.raises(StoreUnavailableError, match="cannot be read now .*NETWORK.*; run the same command again"):
        read(f"s3://{bucket}/in/{key}")


def test_no_one_at_the_endpoint_is_told(monkeypatch):
    monkeypatch.setenv("MINICOIL_S3_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("MINICOIL_S3_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("MINICOIL_S3_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(StoreUnavailableError, match="s3://bucket/x cannot be read now"):
        read("s3://bucket/x")
