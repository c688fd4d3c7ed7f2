"""Text cut at paragraphs: its documents stay what they are, and what is not clean UTF-8 stays in one piece."""

import io
import itertools

import pytest
from hypothesis import given, strategies as st

from tasks.corpus.pieces import cut_corpora, read_piece
from tasks.corpus.specs import open_corpus
from tasks.documents import stretches
from tasks.documents.corpus_report import CorpusReport
from tasks.documents.stretches import LONG_PART, Stretch, cut_lines, cut_text, long_parts


def paragraphs(n):
    return "\n\n".join(
        f"Paragraph {i} of a caf\u00e9 says that the pod number {i} runs here. " * (1 + i % 4) for i in range(n)
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_stretches_of_a_text_are_its_documents(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_text(paragraphs(300), encoding=encoding)
    whole, parts = CorpusReport(), CorpusReport()
    expected = list(open_corpus(str(path), whole))
    pieces = list(cut_corpora([str(path)], parts, 5000))
    stretches = [part.stretch for piece in pieces for part in piece.parts]
    assert len(stretches) > 5 and stretches[0].start == 0 and stretches[-1].end is None
    assert all(one.end == other.start for one, other in zip(stretches, stretches[1:], strict=False))
    assert [entry for piece in pieces for entry in read_piece(piece, parts)] == expected
    assert parts.rows() == whole.rows() == []


@pytest.mark.parametrize(
    "data",
    [
        paragraphs(100).encode("utf-16"),
        paragraphs(100).encode() + b"\xff",
        paragraphs(100).encode() + b"\0",
        (paragraphs(50) + "\n\n\ufeff" + paragraphs(50)).encode(),
    ],
)
def test_what_is_not_clean_text_is_not_cut(tmp_path, data):
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    assert list(cut_text(path, len(data), 1000)) == []
    (piece,) = cut_corpora([str(path)], CorpusReport(), 1000)
    assert list(read_piece(piece, CorpusReport())) == list(open_corpus(str(path), CorpusReport()))


def test_a_text_without_paragraphs_is_one_stretch(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("A pod runs here. " * 400)
    assert list(cut_text(path, 6800, 1000)) == [(Stretch(0, None, 1), 6800)]


@pytest.mark.parametrize("lines", [b"a line\n" * 200, b"one long line without an end " * 50])
def test_a_file_that_is_shorter_by_now_is_cut_to_its_end(lines):
    found = list(cut_lines(io.BytesIO(lines), 3 * len(lines), 200))
    assert found[-1][0].end is None and len(found) <= 1 + len(lines) // 200
    ends = [stretch.end for stretch, _ in found[:-1]]
    assert ends == sorted(set(ends)) and all(end <= len(lines) for end in ends)


@given(
    st.lists(st.sampled_from(["a", "word ", "\u4e2d", "\U0001f600", "\n", "\n\n", " "]), max_size=300),
    st.integers(1, 50),
)
def test_parts_of_a_long_text_are_the_text_whoever_reads_it_by_how_much(pieces, at_once):
    data = "".join(pieces).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "LONG_PART", 40)
        whole = list(long_parts(io.BytesIO(data).read))
        small = io.BytesIO(data)
        assert list(long_parts(lambda n: small.read(min(n, at_once)))) == whole
        ahead = io.BytesIO(data)
        assert list(long_parts(ahead.read, ahead.read(at_once * 7))) == whole
    assert b"".join(whole) == data and all(0 < len(part) <= 40 for part in whole)
    for part in whole:
        part.decode()  # no character is cut


def test_a_part_ends_with_a_paragraph_else_a_line_else_a_word(monkeypatch):
    monkeypatch.setattr(stretches, "LONG_PART", 16)
    ends = {b"0123456789ab\n\nc\nd" * 2: 14, b"0123456789ab\nc d" * 2: 13, b"0123456789ab d" * 2: 13, b"x" * 40: 16}
    for data, end in ends.items():
        assert len(next(long_parts(io.BytesIO(data).read))) == end, data
    assert LONG_PART == 2**24 and not list(itertools.chain(long_parts(io.BytesIO().read)))
