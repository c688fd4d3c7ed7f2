"""Query logs, line by line and whole."""

import pytest

from minicoil.errors import UsageError
from tasks.corpus.query_log import read_queries
from tasks.documents.corpus_report import CorpusReport

LINES = [
    "pool of workers",
    "C# generics",
    "#hashtag search",
    "issue #42 in pods",
    "# 1 hit wonder",
    "a\u2028b",
    "{oops",
]


def read(path):
    report = CorpusReport()
    return [query.text for query in read_queries(str(path), report)], report


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_whole_queries_whatever_is_in_them(tmp_path, encoding, end):
    (tmp_path / "q.txt").write_bytes((end.join([*LINES, "", "  "]) + end).encode(encoding))
    found, report = read(tmp_path / "q.txt")
    assert found == LINES[:-1]
    assert report.examples == {"lines that are not JSON": [f"{tmp_path}/q.txt:7"]}


def test_json_lines_bring_text_and_vectors(tmp_path):
    rows = ['{"text": "C#", "vector": [1]}', '{"query": "caf\\u00e9\\ud800"}', '{"text": 5}', "[" * 10, "{" * 100_000]
    (tmp_path / "q.jsonl").write_text("\n".join(rows))
    report = CorpusReport()
    queries = read_queries(str(tmp_path / "q.jsonl"), report)
    assert [(query.text, query.vector) for query in queries] == [("C#", [1]), ("caf\u00e9?", None), ("[" * 10, None)]
    assert report.n_unusable == {"rows without text": 1, "lines that are not JSON": 1}


def test_a_log_without_lines_weighs_nothing_and_one_that_is_missing_is_refused(tmp_path):
    (tmp_path / "q.txt").touch()
    assert read(tmp_path / "q.txt")[0] == []
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "absent.txt")
