"""Each sentence belongs to the first document that has it, in the corpus's own order, whoever was done first."""

import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

from minicoil.errors import StoreError
from minicoil.keys import KeyRuns
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import RowPlace, row_texts
from tasks.reading.ownership import KNOWN, LOST, NEW, Owned, give_sentences
from tasks.reading.piece_files import DOCUMENTS, SENTENCES, PieceFiles, document_row, put, write_facts
from tasks.reading.reading import EMPTY
from tasks.store.local_store import LocalStore


def write_piece(store, number, documents, scope="reading/one/", report=None):
    """A piece as splitting leaves it, of documents as (row, keys of sentences)."""
    files = PieceFiles(store, scope, f"d{number}")
    path = store.folder.parent / "written.parquet"
    place = RowPlace(f"/corpus/{number}.jsonl", f"{number}.jsonl", f"corpus/{number}.jsonl")
    entries = [row_texts(row, row.get("title"), row["text"], place.at(at)) for at, (row, _) in enumerate(documents)]
    keys = [(key, at) for at, (_, some) in enumerate(documents) for key in some]
    columns = [[key for key, _ in keys], [at for _, at in keys], [f"sentence {key}" for key, _ in keys]]
    pq.write_table(
        pa.table([pa.array(c, t) for c, t in zip(columns, SENTENCES.types, strict=True)], schema=SENTENCES), path
    )
    put(store, files.sentences, path)
    rows = [dict(zip(DOCUMENTS.names, document_row(entry), strict=True)) for entry in entries]
    table = pa.Table.from_pylist(rows, DOCUMENTS).unify_dictionaries()
    pq.write_table(table.replace_schema_metadata(write_facts(report or CorpusReport())), path)
    put(store, files.documents, path)
    return files


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


def give(pieces, known=(), report=None, run="run"):
    runs = KeyRuns()
    runs.add(np.array(sorted(known), np.uint64))
    report = report if report is not None else CorpusReport()
    found = give_sentences(pieces, run, runs, report, range(len(pieces)))
    return found, [Owned.read(piece.store, piece.owned(run)) for piece in pieces], report


def states(owned):
    return [one.states.tolist() for one in owned]


def test_the_first_document_that_has_a_sentence_owns_it(store):
    pieces = [
        write_piece(store, 0, [({"text": "one"}, [5, 6, 5]), ({"text": "two"}, [6, 7])]),
        write_piece(store, 1, [({"text": "three"}, [7, 8]), ({"text": "one"}, [5, 9])]),  # a text that was there
        write_piece(store, 2, [({"text": "four"}, [8, 5])]),
    ]
    found, owned, report = give(pieces, known=[7])
    assert states(owned) == [[NEW, NEW, LOST, LOST, KNOWN], [LOST, NEW, LOST, LOST], [LOST, LOST]]
    assert (found.n_documents, found.n_sentences, found.n_new) == (4, 4, 3)
    assert found.keys.sorted_keys().tolist() == [5, 6, 7, 8]  # 9 is of a document that counts for nothing
    assert (report.n_read, report.n_duplicates) == (5, 1)
    assert report.n_unusable == {EMPTY: 1}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.lists(st.integers(0, 12), max_size=5), max_size=4), min_size=1, max_size=4),
    st.sets(st.integers(0, 12)),
)
def test_pieces_together_own_what_one_piece_of_them_all_owns(tmp_path_factory, corpus, known):
    store = LocalStore(tmp_path_factory.mktemp("any") / "store")
    texts = iter(range(10**6))
    documents = [[({"text": f"text {next(texts)}"}, some) for some in piece] for piece in corpus]
    pieces = [write_piece(store, number, some) for number, some in enumerate(documents)]
    whole = write_piece(store, 99, [entry for some in documents for entry in some])
    (parts, owned, report), (one, all_owned, whole_report) = give(pieces, known), give([whole], known)
    assert [state for some in states(owned) for state in some] == states(all_owned)[0]
    for name in ("n_documents", "n_sentences", "n_new", "digest"):
        assert getattr(parts, name) == getattr(one, name), name
    every = {key for some in documents for _, keys in some for key in keys}
    assert {*parts.keys.sorted_keys().tolist()} == every and parts.n_new == len(every - known)
    assert report.n_unusable == whole_report.n_unusable


def test_the_digest_is_that_of_the_set_of_sentences(store):
    first = [write_piece(store, 0, [({"text": "a"}, [5, 6]), ({"text": "b"}, [2**64 - 1])])]
    other = [
        write_piece(store, 1, [({"text": "c"}, [2**64 - 1, 5])]),
        write_piece(store, 2, [({"text": "d"}, [5, 6])]),
    ]
    more = [write_piece(store, 3, [({"text": "a"}, [5, 6])])]
    digests = [give(pieces)[0].digest for pieces in (first, other, more)]
    assert digests[0] == digests[1] != digests[2]


def test_documents_with_the_id_of_another_get_names_of_their_own_across_pieces(store):
    pieces = [
        write_piece(store, 0, [({"text": "one", "id": "7"}, [1]), ({"text": "two", "id": "8"}, [2])]),
        write_piece(store, 1, [({"text": "three", "id": "7"}, [3]), ({"text": "four", "id": "9"}, [4])]),
        write_piece(
            store, 2, [({"text": "five", "id": "7", "doc": "d"}, [5]), ({"text": "six", "id": "1.jsonl#7"}, [6])]
        ),
    ]
    _, owned, report = give(pieces)
    names = [one.names for one in owned]
    assert names[0] == {} and names[1] == {0: "1.jsonl#7"}
    assert 1 in names[2] and names[2][1] != "1.jsonl#7"  # the new name was somebody's own
    assert report.n_clashes == 2


def test_what_an_earlier_try_decided_stays(store):
    """Some of what it called new may have been put into the store since: it is new all the same."""
    pieces = [write_piece(store, 0, [({"text": "one"}, [5, 6])])]
    assert states(give(pieces)[1]) == [[NEW, NEW]]
    found, owned, _ = give(pieces, known=[5])
    assert states(owned) == [[NEW, NEW]] and found.n_new == 2
    assert states(give(pieces, known=[5], run="another")[1]) == [[KNOWN, NEW]]


@pytest.mark.parametrize("kept", [[NEW], [NEW, LOST], [NEW, NEW, NEW]])
def test_what_does_not_belong_to_the_piece_is_removed_and_told(store, kept):
    (piece,) = [write_piece(store, 0, [({"text": "one"}, [5, 6])])]
    Owned(np.array(kept, np.uint8), {}).write(store, piece.owned("run"))
    with pytest.raises(StoreError) as said:
        give([piece])
    assert str(said.value) == (
        f"{store.url}/{piece.owned('run')} is damaged (it does not belong to piece 0); it was removed, run the same "
        "command again"
    )
    assert states(give([piece])[1]) == [[NEW, NEW]]


def test_what_is_owned_is_read_as_it_was_written(store):
    owned = Owned(np.array([0, 1, 2, 0], np.uint8), {3: "caf\u00e9 \udce9"})
    owned.write(store, "a")
    back = Owned.read(store, "a")
    assert back.states.tolist() == [0, 1, 2, 0] and back.names == owned.names


@pytest.mark.parametrize(
    "data", [b"", b"no zlib", zlib.compress(b"{oops\0"), zlib.compress(b"[]\0"), zlib.compress(b'{"x": "y"}\0')]
)
def test_a_damaged_object_of_what_is_owned_is_removed_and_told(store, data):
    store.write("a", data)
    with pytest.raises(StoreError, match=r"/a is damaged \(.*\); it was removed, run the same command again$"):
        Owned.read(store, "a")
    assert store.stat("a") is None


def test_what_pieces_met_is_told_and_documents_without_a_sentence_of_their_own_by_title(store):
    met = CorpusReport()
    met.refuse("lines that are not JSON", "corpus/0.jsonl:9")
    documents = [({"text": f"text {i}", **({"title": "Of two"} if i == 1 else {})}, [1]) for i in range(30)]
    _, _, report = give([write_piece(store, 0, documents, report=met)])
    assert report.n_unusable == {"lines that are not JSON": 1, EMPTY: 29}
    assert report.examples[EMPTY][:2] == ["Of two", "0.jsonl"]


def test_documents_whose_facts_are_damaged_are_split_anew(store):
    piece = write_piece(store, 0, [({"text": "one"}, [5])])
    table = pq.read_table(piece.store.local_path(piece.documents)).replace_schema_metadata({"facts": "[[1]]"})
    pq.write_table(table, piece.store.local_path(piece.documents))
    with pytest.raises(StoreError, match="is damaged"):
        give([piece])
    assert store.stat(piece.documents) is None
