import pytest

from minicoil.errors import ReleaseError
from minicoil.words.ledger import LEDGER_FOLDER, MAX_PARTS, Ledger, WordRecord


def test_a_ledger_comes_back_from_disk_as_it_was(tmp_path):
    record = WordRecord("pod", "accepted", "held-out ordering .81", forms=("pod", "pods"), n_sentences=80)
    ledger = Ledger().updated([record], request="abc", release=1)
    ledger.write(tmp_path)
    assert Ledger.read(tmp_path) == ledger


def test_a_folder_without_ledger_reads_as_empty(tmp_path):
    assert Ledger.read(tmp_path) == Ledger()


def test_an_improved_word_remembers_what_it_was_before():
    first = Ledger().updated([WordRecord("pod", "accepted", "", ordering_accuracy=0.8)], "a", 1)
    second = first.updated([WordRecord("pod", "improved", "", ordering_accuracy=0.9)], "b", 2)
    assert second.words["pod"].release == 2
    assert second.words["pod"].history == ((1, "accepted", 0.8),)
    assert second.requests == {"a": 1, "b": 2}


def test_an_unchanged_word_stays_with_the_release_that_serves_it():
    first = Ledger().updated([WordRecord("pod", "accepted", "")], "a", 1)
    second = first.updated([WordRecord("pod", "unchanged", "no better")], "b", 2)
    assert second.words["pod"].release == 1


def test_only_served_words_are_a_yardstick_of_use():
    rows = [WordRecord("pod", "accepted", "", per_million=5.0), WordRecord("node", "kept_bm25", "", per_million=7.0)]
    assert list(Ledger().updated(rows, "a", 1).served()) == ["pod"]


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1}', '{"version": 99, "words": [], "requests": {}}'])
def test_a_damaged_ledger_is_refused_by_name(tmp_path, text):
    (tmp_path / LEDGER_FOLDER).mkdir()
    (tmp_path / LEDGER_FOLDER / "000001.json").write_text(text)
    with pytest.raises(ReleaseError, match="000001.json"):
        Ledger.read(tmp_path)


def test_a_child_writes_only_what_it_decided_and_leaves_its_parents_parts_alone(tmp_path):
    first = Ledger().updated([WordRecord("pod", "accepted", "", ordering_accuracy=0.8)], "a", 1)
    first.write(tmp_path)
    before = (tmp_path / LEDGER_FOLDER / "000001.json").read_bytes()
    second = Ledger.read(tmp_path).updated([WordRecord("node", "accepted", "")], "b", 2)
    second.write(tmp_path)
    assert (tmp_path / LEDGER_FOLDER / "000001.json").read_bytes() == before
    assert "pod" not in (tmp_path / LEDGER_FOLDER / "000002.json").read_text()
    assert Ledger.read(tmp_path) == second


def test_many_parts_become_one_and_nothing_is_forgotten(tmp_path):
    ledger = Ledger()
    for number in range(1, MAX_PARTS + 3):
        verdict = "accepted" if number == 1 else "improved"
        ledger = ledger.updated([WordRecord("pod", verdict, "", ordering_accuracy=number / 100)], f"r{number}", number)
        ledger.write(tmp_path)
        found = Ledger.read(tmp_path)
        assert (found.words, found.requests) == (ledger.words, ledger.requests)
        ledger = found
    assert len(list((tmp_path / LEDGER_FOLDER).iterdir())) < 4
    assert len(ledger.words["pod"].history) == MAX_PARTS + 1
