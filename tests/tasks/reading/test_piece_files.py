"""What becomes of a piece is found under its names, read as it was written, and removed where it is damaged."""

import errno

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from minicoil.errors import StoreError, StoreUnavailableError
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import RowPlace, document, row_texts
from tasks.reading.piece_files import (
    DOCUMENTS,
    PieceFiles,
    add_facts,
    damaged,
    document_row,
    put,
    row_document,
    scratch_folder,
    write_facts,
)
from tasks.store.local_store import LocalStore


class FarStore(LocalStore):
    """A store whose objects have to be fetched."""

    def local_path(self, key):
        return None


@pytest.fixture(params=[LocalStore, FarStore])
def files(request, tmp_path):
    return PieceFiles(request.param(tmp_path / "store"), "reading/one/", "d1")


def fill(files, tmp_path):
    for key in (files.sentences, files.documents):
        pq.write_table(pa.table({"n": list(range(1000))}), tmp_path / "f.parquet")
        put(files.store, key, tmp_path / "f.parquet")


def test_every_object_of_a_piece_has_a_name_of_its_own_below_the_reading(files):
    other = PieceFiles(files.store, "reading/one/", "d2")
    names = [
        key
        for piece in (files, other)
        for key in (piece.sentences, piece.documents, piece.changed)
        + tuple(key for run in ("r1", "r2") for key in (piece.owned(run), piece.counts(run)))
    ]
    assert len(set(names)) == len(names) and all(name.startswith("reading/one/pieces/d") for name in names)


def test_what_was_put_is_opened(files, tmp_path):
    fill(files, tmp_path)
    with files.open(files.sentences) as file:
        assert file.read()["n"].to_pylist() == list(range(1000))


@pytest.mark.parametrize("damage", ["cut", "no parquet", "gone"])
def test_a_damaged_object_is_removed_and_the_piece_counts_as_not_split(files, tmp_path, damage):
    """Documents are written last: without them the same command splits the piece anew."""
    fill(files, tmp_path)
    data = files.store.read(files.sentences)
    if damage == "gone":
        files.store.delete(files.sentences)
    else:
        files.store.write(files.sentences, data[:-30] if damage == "cut" else b"no parquet")
    with pytest.raises(StoreError) as said, files.open(files.sentences) as file:
        file.read()
    assert str(said.value).startswith(f"{files.store.url}/{files.sentences} is damaged (")
    assert str(said.value).endswith("); it was removed, run the same command again") and "\n" not in str(said.value)
    assert files.store.stat(files.sentences) is None and files.store.stat(files.documents) is None


def test_damage_inside_is_found_by_whoever_reads_on(files, tmp_path):
    fill(files, tmp_path)
    data = bytearray(files.store.read(files.sentences))
    data[4:40] = b"\xff" * 36  # a page of the first column
    files.store.write(files.sentences, bytes(data))
    with pytest.raises(StoreError, match="is damaged"), files.open(files.sentences) as file:
        file.read()
    assert files.store.stat(files.documents) is None


def test_what_a_disk_says_is_no_damage(files, tmp_path):
    fill(files, tmp_path)
    with (
        pytest.raises(StoreError, match="has no room for a piece of the corpus; free some"),
        files.open(files.sentences),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(PermissionError), files.open(files.sentences):
        raise PermissionError(errno.EACCES, "Permission denied")
    assert files.store.stat(files.sentences) is not None and files.store.stat(files.documents) is not None


def test_a_store_that_does_not_answer_is_no_damage(tmp_path, monkeypatch):
    files = PieceFiles(FarStore(tmp_path / "store"), "reading/one/", "d1")
    fill(files, tmp_path)

    def silent(key, path):
        raise StoreUnavailableError("no answer")

    monkeypatch.setattr(files.store, "download", silent)
    with pytest.raises(StoreUnavailableError), files.open(files.sentences):
        pass
    assert files.store.stat(files.documents) is not None


def test_a_scratch_folder_goes_with_its_body():
    with pytest.raises(ZeroDivisionError), scratch_folder() as folder:
        (folder / "f").write_text("1")
        raise ZeroDivisionError
    assert not folder.exists()


def test_damage_is_told_in_one_line_and_what_is_damaged_is_gone(tmp_path):
    store = LocalStore(tmp_path)
    store.write("a", b"1")
    error = damaged(store, "a", ValueError("two\n  lines"))
    assert str(error) == f"{store.url}/a is damaged (two lines); it was removed, run the same command again"
    assert store.stat("a") is None


PLACE = RowPlace("/corpus/a.jsonl", "a.jsonl", "corpus/a.jsonl", 7)


@pytest.mark.parametrize(
    "entry",
    [
        document("a.txt", "Title", "Body."),
        document("a.jsonl", "", "Body.", "7", PLACE),
        row_texts({"doc": "d1", "_id": 5}, "Title", "Body.", PLACE),
        row_texts({"id": "x"}, None, "Body.", PLACE.at("0d000000-0000-0000-0000-000000000001")),  # of a collection
        row_texts({"id": "x"}, None, "Body.", PLACE.at("7")),  # text, and no number
    ],
)
def test_a_document_is_told_apart_by_its_row_as_by_itself(entry):
    table = pa.Table.from_pylist([dict(zip(DOCUMENTS.names, document_row(entry), strict=True))], DOCUMENTS)
    (row,) = table.to_pylist()
    back = row_document(row)
    assert (row["text_key"], row["identity"], row["title"]) == (entry.text_key, entry.identity, entry.title)
    assert (back.doc, back.own_id, back.is_grouped) == (entry.doc, entry.own_id, entry.is_grouped)
    if entry.own_id:  # only such a one is mistaken for another
        assert back.id == entry.id and back.place == entry.place and back.identity == entry.identity


def test_what_could_not_be_used_goes_with_the_piece(tmp_path):
    report, other = CorpusReport(), CorpusReport()
    for number in range(30):
        report.refuse("lines that are not JSON", f"a.jsonl:{number}")
    report.refuse("ro\u00ebs", "\u201cquoted\u201d")
    other.refuse("lines that are not JSON", "z.jsonl:1")
    pq.write_table(pa.table({"n": [1]}).replace_schema_metadata(write_facts(report)), tmp_path / "f.parquet")
    add_facts(other, pq.read_schema(tmp_path / "f.parquet").metadata)
    assert other.n_unusable == {"lines that are not JSON": 31, "ro\u00ebs": 1}
    assert other.examples["lines that are not JSON"][:2] == ["z.jsonl:1", "a.jsonl:0"]
    assert other.examples["ro\u00ebs"] == ["\u201cquoted\u201d"]
