"""`minicoil try`: an answer whatever the text is like, and on planted senses the right one."""

import csv
import json

import pytest
from click.testing import CliRunner
from pdf_files import pdf
from planted_corpus import planted_pieces, write_planted

from flows.cli import main

pytestmark = pytest.mark.filterwarnings("ignore")  # FastEmbed's own
WORDS = ("garlic", "onion", "pepper", "salt", "butter", "flour", "sugar", "water")
GERMAN = "Der Knoten gehört zu einem Verbund und die Dienste laufen darin weiter, bis Nummer {0} sie beendet."


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One home for all trials of this file: an encoder is exported once."""
    return tmp_path_factory.mktemp("trials") / "home"


def run(home, *arguments):
    return CliRunner().invoke(main, [*map(str, arguments), "--home", str(home)])


def tried(home, texts):
    answer = run(home, "try", texts, "--json")
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer.stdout), answer.stderr


def test_five_files_are_searchable_and_told_that_meaning_has_nothing_to_do_here(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.txt").write_text(
            f"Chop the {WORDS[number]} and add the {WORDS[number + 1]} to the pan. " * 8
        )
    answer, told = tried(home, "./notes")
    assert answer["collection"] == "notes" and answer["n_points"] >= 5 and answer["n_trained"] == 0
    assert answer["message"].startswith("No word of this text shows two meanings")
    assert answer["first"]["results"] and "BM25 already answers" in told
    assert any("what would help" in remark for remark in answer["remarks"])
    found = run(home, "search", "notes", "garlic", "--json")
    assert "garlic" in json.loads(found.stdout)["results"][0]["text"]
    page = (home / "try-notes.html").read_text("utf-8")
    assert answer["page"].endswith("try-notes.html") and "No word of this text" in page and "<script" not in page
    assert any(f"--corpus {folder}" in step for step in answer["next"])
    assert "--corpus ./notes" in page and str(folder) not in page  # it is sent on: no folder of this machine


def test_a_column_of_a_table_is_tried_and_one_that_is_not_there_is_named(home, tmp_path):
    path = tmp_path / "tickets.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "body"])
        table.writerows([i, f"the printer number {i} is out of paper again"] for i in range(30))
    answer, _ = tried(home, f"{path}#body")
    assert answer["collection"] == "tickets.csv-body" and answer["n_points"] == 30
    refused = run(home, "try", path)
    assert refused.exit_code == 1 and "columns are id, body; name the one of the text, as PATH#COLUMN" in refused.stderr


def test_a_collection_is_tried_beside_itself(home):
    answer, _ = tried(home, "qdrant:tickets.csv-body#text")
    assert answer["collection"] == "qdrant-tickets.csv-body-text" and answer["n_points"] == 30


def test_text_of_another_language_is_told_so(home, tmp_path):
    folder = tmp_path / "german"
    folder.mkdir()
    (folder / "a.txt").write_text("\n\n".join(GERMAN.format(i) for i in range(60)))
    answer, told = tried(home, folder)
    assert "this does not look like English, rather like German (`--language de --home OTHER`)" in told
    assert any("encoder was made for English" in remark for remark in answer["remarks"])
    refused = run(home, "try", folder, "--language", "de")  # the home's language is settled by now
    assert refused.exit_code == 2 and "--home OTHER" in refused.stderr and "--channel" not in refused.stderr


def test_a_folder_of_pdf_files_is_tried_and_a_scan_among_them_is_named(home, tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    for number in range(4):
        lines = [f"Chop the {WORDS[number]} and add the {WORDS[number + 1]} to", "the pan, and stir it for a while."]
        (folder / f"{number}.pdf").write_bytes(pdf(lines * 4, lines))
    (folder / "scan.pdf").write_bytes(pdf([]))
    answer, told = tried(home, folder)
    assert answer["collection"] == "papers" and answer["n_points"] >= 4 and "passed over" in told
    assert answer["unusable"][0]["n"] == 1 and "scan.pdf" in str(answer["unusable"])
    found = run(home, "search", "papers", "garlic", "--json")
    assert "Chop the garlic" in json.loads(found.stdout)["results"][0]["text"]


def test_what_cannot_be_read_is_an_error(home, tmp_path):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "a.pdf").write_bytes(b"%PDF-1.7")
    answer = run(home, "try", tmp_path / "papers")
    assert answer.exit_code == 1 and "a.pdf" in answer.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_on_planted_senses_the_asked_one_comes_first_and_a_second_run_says_the_same(tmp_path):
    pieces = planted_pieces()
    sense_of = {piece.text: (piece.word, piece.sense) for piece in pieces}
    answer, _ = tried(tmp_path / "home", write_planted(tmp_path / "planted", pieces))
    words = answer["look"]["words"]
    planted = {piece.word for piece in pieces}
    assert {word["form"] for word in words[:3]} <= planted
    right = dict.fromkeys(("bm25", "minicoil"), 0)
    shown = [(word["form"], query) for word in words[:3] for query in word["shown"]]
    for form, query in shown:
        noun = next(piece for piece in pieces if piece.word == form and piece.noun in query["text"].split())
        for system in right:
            right[system] += sense_of[query[system][0]["text"]] == (form, noun.sense)
    assert len(shown) == 6
    assert right["minicoil"] >= 0.9 * len(shown) and right["bm25"] <= 0.6 * len(shown), right
    look = answer["look"]
    assert look["n_minicoil"] >= 0.85 * look["n_asked"] and look["n_bm25"] <= 0.6 * look["n_asked"]
    assert answer["beats_bm25"] and answer["seconds"] > 0

    again, _ = tried(tmp_path / "home", tmp_path / "planted")
    assert again["look"] == look and again["release"] == answer["release"]
