"""What goes wrong while a corpus is read in pieces: named by file and line, nothing lost, nothing read twice."""

import errno
import gzip
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from minicoil.errors import StoreError
from tasks.corpus import pieces as cut
from tasks.corpus.specs import read_corpora
from tasks.documents.corpus_report import CorpusReport
from tasks.place import Place
from tasks.reading import splitting
from tasks.reading.reading_shards import cut_splitting, read_shard
from tasks.reading.shared_reading import PieceReading

SCOPE = "reading/0123456789ab/"


def rows(n, start=0):
    return [
        json.dumps({"text": f"The pod number {i} of a node runs here today.", "_id": str(i)})
        for i in range(start, start + n)
    ]


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Every kind of file, one of each damaged, and rows that are none."""
    monkeypatch.setattr(cut, "PIECE_BYTES", 700)
    folder = tmp_path / "corpus"
    folder.mkdir()
    lines = rows(60)
    lines[40:40] = ["{oops", '{"no": 1}', '{"text": " "}', "\u00e9"]
    (folder / "a.jsonl").write_bytes("\n".join(lines).encode("latin-1"))
    (folder / "b.jsonl").write_bytes("\n".join(rows(30, 60)).encode("utf-16"))
    (folder / "c.jsonl.gz").write_bytes(gzip.compress("\n".join(rows(3000, 100)).encode())[:-40])
    table = pa.table({"text": [f"Row number {i} of a table tells of pods." for i in range(60)]})
    pq.write_table(table, folder / "d.parquet", row_group_size=10)
    (folder / "e.parquet").write_bytes((folder / "d.parquet").read_bytes()[:-30])
    damaged = bytearray((folder / "d.parquet").read_bytes())
    start = pq.read_metadata(folder / "d.parquet").row_group(3).column(0).data_page_offset
    damaged[start : start + 20] = b"\xff" * 20
    (folder / "f.parquet").write_bytes(damaged)
    return str(folder)


def test_pieces_name_what_one_reading_names(corpus):
    whole, parts = CorpusReport(), CorpusReport()
    documents = list(cut.open_corpus(corpus, whole))
    found = [entry for piece in list(cut.cut_corpora([corpus], parts)) for entry in cut.read_piece(piece, parts)]
    assert found == documents and [entry.place for entry in found] == [entry.place for entry in documents]
    assert parts.n_unusable == whole.n_unusable and parts.examples == whole.examples
    assert parts.examples["lines that are not JSON"] == [f"{corpus}/a.jsonl:41"]
    assert parts.n_unusable == {
        "lines that are not JSON": 1,
        "rows without 'text'": 1,
        "rows with empty text": 1,
        "lines that are not UTF-8": 1,
        "files that cannot be read": 2,
        "rows that cannot be read": 1,
    }
    assert sum(entry.place.file == "b.jsonl" for entry in found) == 30  # UTF-16, read whole by its mark


def test_a_file_that_changes_while_one_process_reads_it_is_named(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(rows(3)))
    report = CorpusReport()
    for number, _ in enumerate(read_corpora([str(path)], report)):
        if number == 0:
            with path.open("a") as file:
                file.write("\n" + rows(1, 3)[0])
    assert report.examples == {"files that changed while they were read": [str(path)]}


FULL = OSError(errno.ENOSPC, "No space left on device")


def fail(*_given, **_named):
    raise FULL


@pytest.mark.parametrize("where", ["the piece", "the store"])
def test_a_disk_that_fills_up_is_told_and_the_same_command_goes_on(tmp_path, corpus, monkeypatch, where):
    place = Place.at(tmp_path / "home")
    reading = PieceReading.cut(place, "production", [corpus])
    keys = cut_splitting(place.objects(), reading.scope, reading.pieces, None)
    read_shard(place, keys[0])
    with monkeypatch.context() as patch:
        target = (splitting.parquet, "write_table") if where == "the piece" else (shutil, "copyfile")
        patch.setattr(*target, fail)
        with pytest.raises(StoreError, match="free some space"):
            read_shard(place, keys[1])
        assert read_shard(place, keys[0])["n_sentences"] == 0  # done is done
    assert sum(read_shard(place, key)["n_sentences"] for key in keys[1:]) > 0
    assert not list((tmp_path / "home" / "store").rglob("*.part-*"))
