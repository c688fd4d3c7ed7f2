"""Bytes of any marked encoding come out as the same text."""

import codecs
import gzip
import io

import pytest

from minicoil.text.decoding import as_utf8, read_lines

TEXT = "Caf\u00e9 \U0001f600 opens.\nIssue #42\u2028 says so.\r\n\n" + "\u65e5\u672c " * 40_000
MARKED = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (b"", "utf-8"),
]


@pytest.mark.parametrize(("mark", "encoding"), MARKED)
def test_a_marked_file_is_read_as_its_mark_says(mark, encoding):
    data = mark + TEXT.encode(encoding)
    assert as_utf8(io.BytesIO(data)).read().decode() == TEXT
    packed = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(data)))
    assert as_utf8(packed).read().decode() == TEXT
    assert list(read_lines(io.BytesIO(data)))[:3] == ["Caf\u00e9 \U0001f600 opens.", "Issue #42\u2028 says so.", ""]


@pytest.mark.parametrize("damage", [b"\x00", b"\x00\xd8A\x00", b"\xff\xdf"])
def test_units_that_are_no_text_leave_the_rest_readable(damage):
    data = codecs.BOM_UTF16_LE + "one\n".encode("utf-16-le") + damage
    first, *rest = as_utf8(io.BytesIO(data)).read().split(b"\n")
    assert first == b"one"
    with pytest.raises(UnicodeDecodeError):  # a reader of lines counts this one
        b"".join(rest).decode()


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"a", b"\n"])
def test_files_of_a_few_bytes_are_read_too(data):
    assert list(read_lines(io.BytesIO(data))) in ([], ["\ufffd"], ["a"], [""])
