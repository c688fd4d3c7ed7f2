"""Text in files of other people, as UTF-8: what a file's first bytes say of its encoding is believed."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import IO, Any

_MARKS = (  # UTF-32 first: its little-endian mark begins as that of UTF-16 does
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PIECE = 2**16
_DAMAGED = "\udcff"  # stands for units that are none; as UTF-8 it is none either, so readers of lines count it


def find_encoding(start: bytes) -> tuple[str, int]:
    r"""Encoding by the mark that a file may begin with, and the mark's length; UTF-8 where there is none.

    >>> find_encoding(b"\xff\xfea\x00"), find_encoding(b"text")
    (('utf-16-le', 2), ('utf-8', 0))
    """
    return next(((name, len(mark)) for mark, name in _MARKS if start.startswith(mark)), ("utf-8", 0))


def as_utf8(file: IO[bytes]) -> IO[bytes]:
    """A file's or pipe's bytes as UTF-8 without a mark."""
    if isinstance(file, io.BufferedReader):  # a pipe cannot go back to its beginning
        encoding, length = find_encoding(file.peek(4)[:4])
        file.read(length)
    else:
        encoding, length = find_encoding(file.read(4))
        file.seek(length)
    return file if encoding == "utf-8" else io.BufferedReader(_Recoded(file, encoding), _PIECE)


def read_lines(file: IO[bytes]) -> Iterator[str]:
    r"""Lines of a text file, without their ends; what is no text in one is replaced.

    Lines end as editors end them, not at every character that Unicode calls a separator.

    >>> list(read_lines(io.BytesIO(b"\xef\xbb\xbfpods\r\n\nissue #42\xe2\x80\xa8")))
    ['pods', '', 'issue #42\u2028']
    """
    for line in as_utf8(file):
        yield line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")


class _Recoded(io.RawIOBase):
    """A file of another encoding, read as UTF-8."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        # what is there: `read` of a damaged gzip loses all that it gathered before it fails
        self._read: Any = getattr(file, "read1", file.read)
        self._decoder: Any = codecs.getincrementaldecoder(encoding)("minicoil.damaged")
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._ended:
            piece = self._read(_PIECE)
            self._ended = not piece
            self._ready = self._decoder.decode(piece, final=self._ended).encode("utf-8", "surrogatepass")
        given = self._ready[: len(buffer)]
        self._ready = self._ready[len(given) :]
        buffer[: len(given)] = given
        return len(given)


def _mark_damage(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return _DAMAGED, error.end


codecs.register_error("minicoil.damaged", _mark_damage)
