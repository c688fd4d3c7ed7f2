"""Frames between the owner process and its clients: a length, then msgpack; arrays and records keep their types."""

from __future__ import annotations

import socket
import struct
from typing import Any

import msgpack
import numpy as np

from minicoil.sparse import SparseVector
from tasks.points.records import CollectionSchema, Hit, Point, PointFilter, VectorUpdate

_ARRAY, _RECORD = 1, 2
_RECORDS = {entry.__name__: entry for entry in (CollectionSchema, Hit, Point, PointFilter, SparseVector, VectorUpdate)}
_LENGTH = struct.Struct("<Q")
MAX_FRAME_BYTES = 1 << 30


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


def send(connection: socket.socket, value: Any) -> None:
    """Send one frame."""
    data = pack(value)
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
