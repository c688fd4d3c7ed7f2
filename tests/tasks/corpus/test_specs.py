"""Every kind of SPEC, and everything that can be wrong with one: counted and named, never in silence."""

import json

import pytest
from read_specs import read

from minicoil.errors import CorpusError, EmptyCorpusError, UsageError


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


def test_hidden_files_are_passed_by_and_links_to_nothing_are_named(folder):
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "x.md").write_text("Hidden words.")
    (folder / "nowhere.md").symlink_to(folder / "absent.md")
    documents, report = read(folder)
    assert len(documents) == 5 and report.n_unusable == {"links to nothing": 1}


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
