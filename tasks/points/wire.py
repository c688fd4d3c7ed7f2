"""Frames between the owner process and its clients: a length, then msgpack; arrays and records keep their types."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgpack
import numpy as np

from minicoil.errors import CollectionError
from minicoil.sparse import SparseVector
from tasks.points.records import CollectionSchema, CollectionShape, Hit, Point, PointFilter, VectorUpdate

_ARRAY, _RECORD = 1, 2
_RECORDS = {
    entry.__name__: entry
    for entry in (CollectionSchema, CollectionShape, Hit, Point, PointFilter, SparseVector, VectorUpdate)
}
_LENGTH = struct.Struct("<Q")
VERSION = 6  # of frames and operations; both sides say theirs before anything else
FRAME_BYTES = 16 << 20  # pages end here, so that neither side holds more than a few of these
FRAME_POINTS = 512  # also the points of one WAL record
MAX_FRAME_BYTES = 1 << 30  # one row alone may be larger than a page

_Row = TypeVar("_Row", Point, VectorUpdate)


def _encode(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return msgpack.ExtType(_ARRAY, pack([value.dtype.str, list(value.shape), value.tobytes()]))
    if isinstance(value, np.integer | np.floating):
        return value.item()
    name = type(value).__name__
    if name in _RECORDS:
        return msgpack.ExtType(_RECORD, pack([name, [getattr(value, key) for key in value.__dataclass_fields__]]))
    raise TypeError(f"{name} cannot be sent to the engine")


def _decode(code: int, data: bytes) -> Any:
    if code == _ARRAY:
        dtype, shape, content = unpack(data)
        return np.frombuffer(content, dtype=dtype).reshape(shape)
    name, values = unpack(data)
    return _RECORDS[name](*values)


def pack(value: Any) -> bytes:
    """Bytes of plain values, arrays and the records of this package."""
    return bytes(msgpack.packb(value, default=_encode, use_bin_type=True))


def unpack(data: bytes) -> Any:
    """What `pack` was given; tuples come back as lists. Nothing in it is ever executed."""
    return msgpack.unpackb(data, ext_hook=_decode, raw=False, strict_map_key=False, max_ext_len=MAX_FRAME_BYTES)


def size_bytes(row: Point | VectorUpdate) -> int:
    """About how many bytes a row takes in a frame."""
    arrays = [v.indices if isinstance(v, SparseVector) else v for v in row.vectors.values()]
    vectors = sum(2 * array.nbytes for array in arrays)
    return vectors + (len(pack(row.payload)) if row.payload else 0)


def n_fitting(rows: Sequence[Point]) -> int:
    """How many of the first rows fill one frame; at least one, if there are any."""
    total = 0
    for number, row in enumerate(rows):
        total += size_bytes(row)
        if total > FRAME_BYTES and number:
            return number
    return len(rows)


def frames(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """The rows in order, in lists that fit one frame each."""
    frame: list[_Row] = []
    total = 0
    for row in rows:
        size = size_bytes(row)
        if frame and (len(frame) == FRAME_POINTS or total + size > FRAME_BYTES):
            yield frame
            frame, total = [], 0
        frame.append(row)
        total += size
    if frame:
        yield frame


def send(connection: socket.socket, value: Any) -> None:
    """Send one frame.

    Raises:
        CollectionError: it cannot be sent, by its size or because it holds text that is not Unicode.
    """
    try:
        data = pack(value)
    except UnicodeEncodeError as error:
        raise CollectionError(f"a point holds text that is not valid Unicode ({error}); clean it first") from error
    if len(data) > MAX_FRAME_BYTES:
        raise CollectionError(f"a message of {len(data) >> 20} MB was to be sent, {MAX_FRAME_BYTES >> 20} is the limit")
    connection.sendall(_LENGTH.pack(len(data)) + data)


def receive(connection: socket.socket) -> Any:
    """The next frame.

    Raises:
        ConnectionError: the other side is gone.
    """
    (length,) = _LENGTH.unpack(_read(connection, _LENGTH.size))
    if length > MAX_FRAME_BYTES:
        raise ConnectionError(f"a frame of {length} bytes was announced; the other side is not ours")
    return unpack(_read(connection, length))


def _read(connection: socket.socket, n_bytes: int) -> bytes:
    data = bytearray()
    while len(data) < n_bytes:
        chunk = connection.recv(min(n_bytes - len(data), 1 << 20))
        if not chunk:
            raise ConnectionError("the engine closed the connection")
        data += chunk
    return bytes(data)
