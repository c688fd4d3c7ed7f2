"""A piece is split once: its sentences in order, each with its document, and its documents last."""

import json

import pyarrow.parquet as pq
import pytest

from minicoil.text import open_language
from tasks.corpus import pieces as cut
from tasks.corpus.pieces import cut_corpora
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import RowPlace, row_texts
from tasks.place import Place
from tasks.reading import splitting
from tasks.reading.piece_files import DOCUMENTS, SENTENCES, PieceFiles, add_facts
from tasks.reading.splitting import split_piece

SCOPE = "reading/0123456789ab/"
BODIES = [
    "The pod runs on a node today. The kernel schedules the tasks of a node.",
    "",
    "!!",
    "A river flows by the bank every day.",
]


def write(folder, bodies=BODIES, name="a.jsonl"):
    folder.mkdir(exist_ok=True)
    rows = [json.dumps({"text": body, "_id": str(i), "doc": f"d{i}"}) for i, body in enumerate(bodies)]
    (folder / name).write_text("\n".join([*rows, "{oops"]))
    return str(folder)


def pieces_of(spec):
    return list(cut_corpora([spec], CorpusReport()))


def read(place, piece):
    files = PieceFiles(place.objects(), SCOPE, piece.digest)
    with files.open(files.sentences) as sentences, files.open(files.documents) as documents:
        assert sentences.schema_arrow.equals(SENTENCES) and documents.schema_arrow.names == DOCUMENTS.names
        report = CorpusReport()
        add_facts(report, documents.schema_arrow.metadata)
        return sentences.read().to_pylist(), documents.read().to_pylist(), report


@pytest.fixture
def place(tmp_path):
    return Place.at(tmp_path / "home")


def test_sentences_stand_in_their_order_under_their_documents(place, tmp_path):
    (piece,) = pieces_of(write(tmp_path / "corpus"))
    assert split_piece(place, SCOPE, piece) == 3
    sentences, documents, report = read(place, piece)
    assert [(row["document"], row["text"]) for row in sentences] == [
        (0, "The pod runs on a node today."),
        (0, "The kernel schedules the tasks of a node."),
        (2, "A river flows by the bank every day."),  # its place among those that are documents
    ]
    assert [row["doc"] for row in documents] == ["d0", "d2", "d3"]  # a row without text is none
    assert report.n_unusable == {"lines that are not JSON": 1, "rows with empty text": 1}
    assert len({row["key"] for row in sentences}) == 3


def test_what_is_split_is_not_split_again(place, tmp_path, monkeypatch):
    (piece,) = pieces_of(write(tmp_path / "corpus"))
    split_piece(place, SCOPE, piece)
    monkeypatch.setattr(splitting, "read_piece", lambda *a: 1 / 0)
    assert split_piece(place, SCOPE, piece) == 0


def test_killed_before_its_documents_are_there_a_piece_is_split_anew(place, tmp_path, monkeypatch):
    (piece,) = pieces_of(write(tmp_path / "corpus"))
    with monkeypatch.context() as patch:
        put = splitting.put
        patch.setattr(splitting, "put", lambda store, key, path: put(store, key, path) if "sent" in key else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            split_piece(place, SCOPE, piece)
    assert split_piece(place, SCOPE, piece) == 3 and len(read(place, piece)[0]) == 3


def test_a_piece_without_a_sentence_is_split_all_the_same(place, tmp_path):
    (piece,) = pieces_of(write(tmp_path / "corpus", ["!!", "??"]))
    assert split_piece(place, SCOPE, piece) == 0
    sentences, documents, _ = read(place, piece)
    assert sentences == [] and len(documents) == 2
    files = PieceFiles(place.objects(), SCOPE, piece.digest)
    assert files.store.stat(files.documents) is not None


def test_documents_of_many_batches_are_numbered_through_and_none_is_in_two_row_groups(place, tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.reading.reading._BATCH", 100)
    bodies = [f"The pod number {i} runs here today. The node number {i} does so too." for i in range(40)]
    (piece,) = pieces_of(write(tmp_path / "corpus", bodies))
    assert split_piece(place, SCOPE, piece) == 80
    sentences, documents, _ = read(place, piece)
    assert [row["document"] for row in sentences] == [i // 2 for i in range(80)] and len(documents) == 40
    assert all(f"number {row['document']} " in row["text"] for row in sentences)
    files = PieceFiles(place.objects(), SCOPE, piece.digest)
    with files.open(files.sentences) as file:
        groups = [set(file.read_row_group(n)["document"].to_pylist()) for n in range(file.num_row_groups)]
    assert len(groups) > 5 and sum(map(len, groups)) == 40


def test_a_file_that_changed_since_it_was_cut_makes_a_piece_that_nobody_uses(place, tmp_path, monkeypatch):
    monkeypatch.setattr(cut, "PIECE_BYTES", 300)
    spec = write(tmp_path / "corpus", [f"The pod number {i} runs here today." for i in range(20)])
    pieces = pieces_of(spec)
    assert len(pieces) > 1
    path = tmp_path / "corpus" / "a.jsonl"
    path.write_text("{}\n" + path.read_text())
    for piece in pieces:
        files = PieceFiles(place.objects(), SCOPE, piece.digest)
        assert split_piece(place, SCOPE, piece) == 0
        assert json.loads(files.store.read(files.changed)) == [str(path)]
        assert files.store.stat(files.documents) is None and files.store.stat(files.sentences) is None


def test_a_corpus_of_another_language_is_split_by_its_rules(place, tmp_path):
    text = "Der Hafen liegt an der Elbe bzw. an der Nordsee. Dort ist am 3. Oktober viel los."
    (piece,) = pieces_of(write(tmp_path / "corpus", [text]))
    assert split_piece(place, SCOPE, piece, open_language("de")) == 2
    assert [row["text"] for row in read(place, piece)[0]] == [
        "Der Hafen liegt an der Elbe bzw. an der Nordsee.",
        "Dort ist am 3. Oktober viel los.",
    ]


def test_rows_gathered_in_parts_are_one_table(tmp_path):
    """Ten thousand at a time are packed; names of sources are one dictionary in the end."""
    rows = splitting._Rows()
    entries = [row_texts({"id": str(i)}, None, "Body.", RowPlace(f"s{i % 2}", "f", "f", i)) for i in range(10_003)]
    assert list(rows.passing(entries)) == entries and rows.n == 10_003
    table = rows.table()
    assert table.num_rows == 10_003 and table["own_id"].to_pylist() == [str(i) for i in range(10_003)]
    assert set(table["source"].to_pylist()) == {"s0", "s1"}
    pq.write_table(table, tmp_path / "documents.parquet")
