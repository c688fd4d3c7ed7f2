"""What a trial reads: a bounded sample, what could not be read, and whether it looks English."""

import json

import pytest

from minicoil.errors import CorpusError
from minicoil.text.languages import open_language
from tasks.corpus import corpus_files
from tasks.place import Place
from tasks.trial.sample import function_word_share, read_sample

GERMAN = "Der Knoten gehört zu einem Verbund und die Dienste laufen darin weiter, bis jemand sie beendet. "


def rows(folder, texts):
    folder.mkdir()
    (folder / "a.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in texts))
    return str(folder)


def test_a_sample_is_bounded_and_says_how_much_there_is(tmp_path):
    spec = rows(tmp_path / "texts", [f"the number {i} is a number" for i in range(50)])
    sample = read_sample(Place.at(tmp_path / "home"), spec, 20)
    assert (len(sample.documents), sample.n_found) == (20, 50)
    assert sample.is_of_language and sample.looks is None
    assert not (tmp_path / "home").exists()


def test_text_in_another_language_is_noticed_and_too_little_text_is_not(tmp_path):
    spec = rows(tmp_path / "texts", [f"{i} {GERMAN}" for i in range(40)])
    sample = read_sample(Place.at(tmp_path / "home"), spec, 100)
    assert not sample.is_of_language and sample.function_words < 0.05 and sample.looks is open_language("de")
    assert function_word_share([GERMAN]) is None
    assert function_word_share(["it was the best of times"] * 50) > 0.5
    assert read_sample(Place.at(tmp_path / "home"), spec, 100, open_language("de")).is_of_language


def test_a_folder_of_pdf_files_without_their_reader_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus_files, "is_missing", lambda kind: kind == ".pdf")
    (tmp_path / "papers").mkdir()
    for name in ("a.pdf", "b.PDF"):
        (tmp_path / "papers" / name).write_bytes(b"%PDF-1.7")
    with pytest.raises(CorpusError, match=r"2 files that need pip install.*\[documents\]"):
        read_sample(Place.at(tmp_path / "home"), str(tmp_path / "papers"), 10)
    (tmp_path / "papers" / "b.txt").write_text("The node is there. " * 30)
    sample = read_sample(Place.at(tmp_path / "home"), str(tmp_path / "papers"), 10)
    assert sample.documents and sample.unusable[0]["reason"].startswith("files that need pip install")
