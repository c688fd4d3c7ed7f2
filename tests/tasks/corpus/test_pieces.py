"""Pieces of a corpus, read in order, are what reading it in one go gives; a file that changes is read whole."""

import gzip
import json
import os
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from minicoil.errors import CorpusError, UsageError
from tasks.corpus.corpus_files import CHANGED
from tasks.corpus.pieces import Part, Piece, cut_corpora, read_piece
from tasks.corpus.specs import open_corpus
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.stretches import IdRange


def test_what_has_no_date_of_its_own_is_read_anew_another_day(tmp_path):
    (tmp_path / "a.txt").write_text("A pod runs here today.")
    package, file = cut_corpora(["pydocs:json", str(tmp_path)], CorpusReport())
    assert package.day and not file.day and Piece.from_row(json.loads(json.dumps(package.row()))) == package
    assert replace(package, day="2001-01-01").digest != package.digest


@pytest.fixture
def corpus(tmp_path):
    """Files of each kind that is cut, one that is not, and some with damage."""
    folder = tmp_path / "corpus"
    (folder / "below").mkdir(parents=True)
    lines = [json.dumps({"text": f"line {i} of the pods", "_id": f"i{i}"}) for i in range(120)]
    lines[7], lines[90] = "{oops", '{"no": 1}'
    (folder / "a.jsonl").write_text("\n".join(lines))
    texts = [f"row {i} of a table " * (1 + i % 5) for i in range(60)]
    pq.write_table(pa.table({"text": texts}), folder / "b.parquet", row_group_size=5, compression="none")
    (folder / "c.txt").write_text("\n\n".join(f"Paragraph {i} says that pod {i} runs here. " * 9 for i in range(40)))
    with gzip.open(folder / "d.jsonl.gz", "wt") as file:
        file.write("\n".join(lines[:9]))
    for i in range(9):
        (folder / "below" / f"{i}.md").write_text(f"# Title {i}\n\nProse of a small page.\n")
    (folder / "picture.png").write_bytes(b"x")
    return folder


def in_one(spec):
    report = CorpusReport()
    return list(open_corpus(str(spec), report)), report


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(300, 9000))
def test_pieces_of_any_size_read_in_order_are_the_corpus(corpus, size):
    documents, whole = in_one(corpus)
    report = CorpusReport()
    pieces = list(cut_corpora([str(corpus)], report, size))
    found = [entry for piece in pieces for entry in read_piece(piece, report)]
    assert found == documents and [entry.place for entry in found] == [entry.place for entry in documents]
    assert report.n_unusable == whole.n_unusable and report.examples == whole.examples
    assert len({piece.digest for piece in pieces}) == len(pieces) > 1


def test_small_files_are_gathered_and_a_large_size_is_one_piece(corpus):
    sizes = [len(piece.parts) for piece in cut_corpora([str(corpus / "below")], CorpusReport(), 120)]
    assert sum(sizes) == 9 and sizes[0] == sizes[1] > 1
    (piece,) = cut_corpora([str(corpus)], CorpusReport())
    assert len(piece.parts) == 13 and all(part.stretch is None for part in piece.parts)


def test_a_piece_comes_through_json_as_it_was_and_keeps_its_name(corpus):
    ranges = (IdRange(None, 7), IdRange(7, "0d000000-0000-0000-0000-000000000000"), IdRange("a", None))
    pieces = [*cut_corpora([str(corpus), "pydocs:json"], CorpusReport(), 900)]
    pieces += [
        Piece("qdrant:docs#body", (Part("qdrant:docs#body", "docs", "x", "", None, ids),), 9, "d") for ids in ranges
    ]
    for piece in pieces:
        again = Piece.from_row(json.loads(json.dumps(piece.row())))
        assert again == piece and again.digest == piece.digest
        assert [type(part.stretch) for part in again.parts] == [type(part.stretch) for part in piece.parts]


def test_another_state_of_a_file_is_another_piece(corpus):
    def digests():
        return [piece.digest for piece in cut_corpora([str(corpus / "a.jsonl")], CorpusReport(), 1000)]

    before = digests()
    assert digests() == before
    os.utime(corpus / "a.jsonl", ns=(5, 5))
    assert not set(digests()) & set(before)


def test_a_file_that_changed_is_read_whole_by_whoever_has_its_beginning_and_left_out_by_the_others(corpus):
    path = corpus / "a.jsonl"
    first, *others = cut_corpora([str(path)], CorpusReport(), 1000)
    assert first.changed_files() == set()
    with path.open("a") as file:
        file.write('\n{"text": "one more line"}')
    changed = first.changed_files()
    assert changed == {str(path)} == others[-1].changed_files()
    whole = first.with_whole(changed)
    assert whole.parts[0].stretch is None and whole.digest != first.digest and whole.changed_files() == set()
    assert [piece.with_whole(changed) for piece in others] == [None] * len(others)
    assert first.with_whole({"/another"}) == first
    report = CorpusReport()
    assert [entry.body for entry in read_piece(whole, report)][-1] == "one more line"
    assert report.examples[CHANGED] == [str(path)]


def test_a_file_that_is_read_whole_anyway_is_no_changed_one(corpus):
    (piece,) = cut_corpora([str(corpus / "below")], CorpusReport())
    (corpus / "below" / "0.md").write_text("Other prose here.")
    assert piece.changed_files() == set()  # who reads it says whether it changed meanwhile


def test_packages_are_a_piece_each_and_collections_one_where_nobody_can_look_into_them():
    packages = list(cut_corpora(["pydocs:json,math"], CorpusReport()))
    assert [(piece.spec, piece.parts) for piece in packages] == [("pydocs:json", ()), ("pydocs:math", ())]
    (piece,) = cut_corpora(["qdrant:docs#body"], CorpusReport())
    assert piece.parts == () and piece.day
    ids = Piece("qdrant:docs#body", (Part("qdrant:docs#body", "docs#body", "x", "", None, IdRange(None, None)),))
    with pytest.raises(UsageError, match="qdrant:docs#body: reading a collection is not possible here"):
        list(read_piece(ids, CorpusReport()))


def test_a_corpus_that_is_not_there_is_refused_when_it_is_cut(tmp_path):
    with pytest.raises(CorpusError, match="was not found"):
        list(cut_corpora([str(tmp_path / "absent")], CorpusReport()))


def test_a_damaged_table_is_one_part_whose_reader_says_what_is_wrong(corpus):
    (corpus / "b.parquet").write_bytes(b"PAR1 but not really " * 200)
    (piece,) = cut_corpora([str(corpus / "b.parquet")], CorpusReport(), 1000)
    report = CorpusReport()
    assert list(read_piece(piece, report)) == [] and list(report.n_unusable) == ["files that cannot be read"]
