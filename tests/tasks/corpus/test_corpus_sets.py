"""Sets and collections are read row by row, cut into ranges, and what is not there is named."""

import os
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings, strategies as st
from read_specs import read

from minicoil.errors import CorpusError, UsageError
from tasks.corpus.corpus_sets import cut_collection, hub_shards, read_collection, read_hub, set_stamp
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.stretches import IdRange, Stretch
from tasks.points import Point, id_order


def test_payloads_of_a_collection_are_read_page_by_page():
    class Points:
        def scroll(self, name, payload, start):
            assert name == "docs" and "body" in payload and start is None
            yield [SimpleNamespace(id=1, payload={"body": "First text.", "doc": "a"})]
            yield [SimpleNamespace(id=2, payload={"body": ""}), SimpleNamespace(id=3, payload={"body": "Last text."})]

    documents, report = read("qdrant:docs#body", points=Points())
    assert [(d.doc, d.body) for d in documents] == [("a", "First text."), ("3", "Last text.")]
    assert report.examples == {"rows with empty text": ["qdrant:docs:2"]}


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


class Collection:
    """Points of one collection by page, as `scroll` gives them."""

    def __init__(self, rows):
        self.rows = rows

    def scroll(self, name, payload=True, page=1000, start=None):
        rows = [row for row in self.rows if start is None or id_order(row.id) >= id_order(start)]
        for at in range(0, len(rows), page):
            yield [replace(row, payload=row.payload if payload else {}) for row in rows[at : at + page]]


def points_of(n, text="some words of text"):
    ids = [i if i < n // 2 else f"{i:08x}-0000-0000-0000-000000000000" for i in range(n)]
    return Collection([Point(name, {"body": f"{text} {i}"}) for i, name in enumerate(ids)])


@pytest.mark.parametrize("n", [0, 1, 999])
def test_a_small_collection_and_one_without_text_are_one_range(n):
    assert cut_collection("docs#body", points_of(n), 100) == [IdRange(None, None)]
    assert cut_collection("docs#absent", points_of(3000), 100) == [IdRange(None, None)]


@settings(max_examples=10, deadline=None)
@given(n=st.integers(1000, 1400), size=st.integers(1, 50_000))
def test_ranges_of_ids_are_the_collection_cut_evenly(n, size):
    points = points_of(n)
    ranges = cut_collection("docs#body", points, size)
    assert (ranges[0].from_id, ranges[-1].to_id) == (None, None)
    assert all(one.to_id == other.from_id for one, other in zip(ranges, ranges[1:], strict=False))
    if len(ranges) > 40:
        return
    read = [list(read_collection("docs#body", CorpusReport(), points, ids)) for ids in ranges]
    assert [entry.body for part in read for entry in part] == [row.payload["body"] for row in points.rows]
    assert len({len(part) for part in read[:-1]}) <= 1 and len(read[-1]) <= len(read[0])


@pytest.mark.parametrize("rest", ["docs", "docs#", "#body", ""])
def test_a_collection_without_a_name_or_field_says_how_both_are_written(rest):
    for act in (lambda: cut_collection(rest, points_of(1), 9), lambda: list(read_collection(rest, None, points_of(1)))):
        with pytest.raises(UsageError) as caught:
            act()
        assert str(caught.value) == f"qdrant:{rest}: expected qdrant:collection#payload_field"


@pytest.mark.parametrize("rest", ["name", "name#", "#text", ":train#text", "name:config:train:more#text"])
def test_a_set_that_is_not_named_whole_says_how_one_is(rest):
    for act in (lambda: list(read_hub(rest, CorpusReport())), lambda: hub_shards(rest), lambda: set_stamp(rest)):
        with pytest.raises(UsageError) as caught:
            act()
        assert str(caught.value) == (
            f"hf:{rest}: expected hf:name[:config][:split]#column, such as hf:ag_news:train#text"
        )


@pytest.fixture
def folder(tmp_path):
    """A set of two splits, three rows to a file, and a file of another kind."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = tmp_path / "set"
    made.mkdir()
    for split, n_files in (("train", 3), ("test", 1)):
        for number in range(n_files):
            rows = [f"{split} {number * 3 + row} of it" for row in range(3)]
            pq.write_table(pa.table({"text": rows}), made / f"{split}-{number:05d}-of-{n_files:05d}.parquet")
    return made


def test_shards_of_a_local_set_read_one_by_one_are_the_set_with_its_numbers(folder):
    whole = list(read_hub(f"{folder}#text", CorpusReport()))
    assert [entry.body for entry in whole] == [f"train {i} of it" for i in range(9)]
    shards = hub_shards(f"{folder}#text")
    assert [n for n, _ in shards] == [3, 3, 3] and all(n_bytes > 0 for _, n_bytes in shards)
    read = []
    for number in range(3):
        read += read_hub(f"{folder}#text", CorpusReport(), Stretch(number, number + 1, 3 * number))
    assert read == whole and [entry.place for entry in read] == [entry.place for entry in whole]
    assert [entry.body for entry in read_hub(f"{folder}:test#text", CorpusReport())] == [
        f"test {i} of it" for i in range(3)
    ]


def test_what_is_no_local_folder_has_no_shards_and_no_stamp(tmp_path):
    assert hub_shards("nobody/nothing#text") == [] and set_stamp("nobody/nothing#text") is None


def test_a_stamp_is_of_all_files_and_changes_with_any(folder):
    size, changed = set_stamp(f"{folder}#text")
    assert size == sum(path.stat().st_size for path in folder.iterdir())
    last = folder / "test-00000-of-00001.parquet"
    os.utime(last, ns=(changed + 5, changed + 5))
    assert set_stamp(f"{folder}:train#text") == (size, changed + 5)
