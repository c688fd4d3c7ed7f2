"""A corpus read in one go: what could not be used is told, the background's too."""

import pytest

from minicoil.text.tokens import WordTokenizer
from tasks.documents.corpus_report import CorpusReport
from tasks.place import Place
from tasks.reading.reading import count_background


@pytest.fixture(scope="module")
def tokenizer(encoder_folder):
    return WordTokenizer.from_folder(encoder_folder)


def test_what_could_not_be_used_of_the_background_is_told_as_the_backgrounds(tmp_path, tokenizer):
    path, report = tmp_path / "general.jsonl", CorpusReport()
    path.write_text('{"text": "The pod of a node runs here today."}\n{oops\n{"no": 1}\n')
    report.refuse("lines that are not JSON", "corpus.jsonl:1")
    with Place.at(tmp_path / "home").points() as points:
        counts = count_background(tokenizer, str(path), points, report)
        assert count_background(tokenizer, None, points, report) is None
    assert counts is not None and counts.n_sentences == 1
    assert report.examples == {
        "lines that are not JSON": ["corpus.jsonl:1"],
        "in the background: lines that are not JSON": [f"{path}:2"],
        "in the background: rows without 'text'": [f"{path}:3"],
    }
