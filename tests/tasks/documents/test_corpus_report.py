"""What was not read is counted by reason, with the first few places, and told the most frequent first."""

from minicoil.problems import MAX_EXAMPLES
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.documents import RowPlace
from tasks.documents.telling_apart import Clash


def clash(number):
    return Clash(f"id{number}", f"id{number}-2", RowPlace("/a", "a", "a", number), RowPlace("/b", "b", "b", number))


def test_a_report_of_a_sound_corpus_says_nothing():
    assert CorpusReport().rows() == [] and CorpusReport().n_unusable == CorpusReport().examples == {}


def test_reasons_are_counted_with_their_first_places_and_the_most_frequent_comes_first():
    report = CorpusReport()
    report.refuse("rows with empty text", "a.jsonl:1")
    for number in range(9):
        report.refuse("lines that are not JSON", f"a.jsonl:{number}")
    assert report.n_unusable == {"rows with empty text": 1, "lines that are not JSON": 9}
    first, second = report.rows()
    assert first == {
        "reason": "lines that are not JSON",
        "n": 9,
        "examples": [f"a.jsonl:{number}" for number in range(MAX_EXAMPLES)],
    }
    assert second == {"reason": "rows with empty text", "n": 1, "examples": ["a.jsonl:1"]}
    assert report.examples["rows with empty text"] == ["a.jsonl:1"]


def test_clashes_and_duplicates_come_last_since_nothing_is_wrong_with_them():
    report = CorpusReport(n_duplicates=70)
    for number in range(8):
        report.tell(clash(number))
    report.refuse("rows with empty text", "a.jsonl:1")
    assert (report.n_clashes, len(report.clashes)) == (8, MAX_EXAMPLES)
    assert [(row["reason"], row["n"]) for row in report.rows()] == [
        ("rows with empty text", 1),
        ("documents told apart from another with their id", 8),
        ("duplicates left out", 70),
    ]
    assert report.rows()[1]["examples"] == [str(clash(number)) for number in range(MAX_EXAMPLES)]


def test_two_reports_share_nothing():
    one, other = CorpusReport(), CorpusReport()
    one.refuse("x", "y")
    one.tell(clash(1))
    assert other.rows() == []
