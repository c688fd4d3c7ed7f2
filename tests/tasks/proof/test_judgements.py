"""Judgements in the shapes in which people have them."""

import codecs
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from tasks.proof.judgements import MALFORMED, TWICE, read_judgements

RIGHT = {"q1": {"d1": 2, "d 2": 1}, "q 2": {"d1": 1}}
BEIR = "q1\td1\t2\nq1\td 2\t1\nq 2\td1\t1\n"
HEADING = "query-id\tcorpus-id\tscore\n"


def read(tmp_path, content):
    path = tmp_path / "test.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    notes = []
    return read_judgements(path, lambda reason, where: notes.append((reason, where))), notes


@pytest.mark.parametrize(
    "content",
    [
        BEIR,
        HEADING + BEIR,
        (HEADING + BEIR).replace("\n", "\r\n"),
        BEIR.strip(),
        BEIR.replace("\n", "\n\n \n"),
        '"query-id"\t"corpus-id"\t"score"\n"q1"\t"d1"\t"2"\n"q1"\t"d 2"\t1\n"q 2"\td1\t1',
        "corpus-id\tquery-id\tscore\nd1\tq1\t2\nd 2\tq1\t1\nd1\tq 2\t1\n",
        "Query_ID\tcorpus-id\tnote\tRelevance\nq1\td1\tgood\t2\nq1\td 2\t\t1\nq 2\td1\t0\t1\n",
        "who\twhat\tscore\n" + BEIR,
        "q1\tQ0\td1\t2\nq1\t0\td 2\t1\nq 2\t0\td1\t1.0\n",
        codecs.BOM_UTF8 + BEIR.encode(),
        (HEADING + BEIR).encode("utf-16"),
        codecs.BOM_UTF16_BE + BEIR.encode("utf-16-be"),
    ],
)
def test_one_table_in_many_shapes(tmp_path, content):
    assert read(tmp_path, content) == (RIGHT, [])


@pytest.mark.parametrize("space", [" ", "\t", "   ", " \t "])
def test_trecs_four_columns_with_any_space_between_them(tmp_path, space):
    lines = [("301", "0", "FBIS3-10082", "1"), ("301", "0", "FBIS3-10169", "0"), ("302", "Q0", "FR940126", "-2")]
    found, notes = read(tmp_path, "\n".join(space.join(line) for line in lines))
    assert found == {"301": {"FBIS3-10082": 1, "FBIS3-10169": 0}, "302": {"FR940126": -2}} and not notes


def test_grades_are_numbers(tmp_path):
    found, notes = read(
        tmp_path, "q\ta\t0.5\nq\tb\t1.0\nq\tc\t-1\nq\td\t1e0\nq\te\tnan\nq\tf\tinf\nq\tg\thigh\nq\th\t\n"
    )
    assert found == {"q": {"a": 0.5, "b": 1, "c": -1, "d": 1}}
    assert isinstance(found["q"]["b"], int)
    assert notes == [(MALFORMED, f"test.tsv:{n}") for n in (5, 6, 7, 8)]


def test_what_cannot_be_used_is_named_by_its_line_the_first_one_too(tmp_path):
    rows = ["q1\td1\tx", "q1 d2 1", "q1\td1\t1", "q1\td1\t2", "\td1\t1", "q1\t\t1", '"q1\td1\t1', "a b c d e"]
    found, notes = read(tmp_path, "\n".join(rows))
    assert found == {"q1": {"d1": 1}}
    assert notes == [
        *((MALFORMED, f"test.tsv:{n}") for n in (1, 2)),
        (TWICE, "test.tsv:4"),
        *((MALFORMED, f"test.tsv:{n}") for n in (5, 6, 7, 8)),
    ]


def test_a_quoted_id_may_hold_a_tab_and_quotes(tmp_path):
    assert read(tmp_path, '"q\t""1"""\td1\t1\n') == ({'q\t"1"': {"d1": 1}}, [])
    assert read(tmp_path, f'"{"x" * 200_000}"\td\t1\n')[1] == [(MALFORMED, "test.tsv:1")]


_PIECES = st.sampled_from(
    [b"q", b"d", b"0", b"1.5", b"\t", b" ", b"\n", b"\r\n", b'"', b"\xff", b"\xfe", b"\0", b"score"]
)


@given(st.lists(st.one_of(_PIECES, st.binary(max_size=3)), max_size=60).map(b"".join))
@settings(max_examples=200, deadline=None)
def test_whatever_stands_in_a_file_is_read_or_named(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test.tsv"
        path.write_bytes(content)
        notes = []
        found = read_judgements(path, lambda reason, where: notes.append((reason, where)))
    assert {reason for reason, _ in notes} <= {MALFORMED, TWICE}
    assert all(query and doc and math.isfinite(grade) for query, row in found.items() for doc, grade in row.items())
