"""Frames: what goes in comes out, and none grows past its limit."""

import socket

import numpy as np
import pytest

from minicoil.errors import CollectionError
from minicoil.sparse.cells import SparseVector
from tasks.points import CollectionSchema, Point, PointFilter, VectorUpdate, wire


def test_records_and_arrays_keep_their_types():
    vector = SparseVector(np.array([3, 9], np.int32), np.array([0.5, -1], np.float32))
    sent = [
        Point(2**63 + 1, {"text": "naïve", "n": [1, None, 2.5]}, {"m": vector, "d": np.eye(2, dtype=np.float32)}),
        VectorUpdate("a", {"m": vector}, {"mc_hash": "hash"}),
        PointFilter(text_any={"text": ["pod"]}, ids=[1, "b"]),
        CollectionSchema(dense={"role": 3}, keyword=("doc",)),
    ]
    point, update, where, schema = wire.unpack(wire.pack(sent))
    assert point.id == 2**63 + 1 and point.payload == sent[0].payload
    assert point.vectors["m"].indices.dtype == np.int32 and point.vectors["m"].values.dtype == np.float32
    np.testing.assert_array_equal(point.vectors["d"], np.eye(2))
    assert (update.id, update.unchanged) == ("a", {"mc_hash": "hash"})
    assert where == sent[2] and schema == sent[3]


def test_frames_end_at_their_number_of_points_and_at_their_size(monkeypatch):
    monkeypatch.setattr(wire, "FRAME_POINTS", 4)
    monkeypatch.setattr(wire, "FRAME_BYTES", 1000)
    small = [Point(i, {"text": "x"}) for i in range(6)]
    large = [Point(10 + i, {"text": "x" * 600}) for i in range(2)]
    larger_than_a_frame = [Point(20, {"text": "x" * 3000})]
    frames = [[point.id for point in frame] for frame in wire.frames([*small, *large, *larger_than_a_frame])]
    assert frames == [[0, 1, 2, 3], [4, 5, 10], [11], [20]]
    assert wire.n_fitting(large) == 1 and wire.n_fitting(larger_than_a_frame) == 1 and wire.n_fitting([]) == 0


def test_a_lone_surrogate_is_refused_by_name():
    one, other = socket.socketpair()
    with one, other, pytest.raises(CollectionError, match="not valid Unicode"):
        wire.send(one, [Point(1, {"text": "\ud800"})])


def test_a_stranger_s_bytes_are_not_waited_for():
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(ConnectionError, match="not ours"):
            wire.receive(other)
