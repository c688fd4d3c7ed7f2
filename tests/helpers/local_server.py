"""A Qdrant server, double or real, that every step of one process shares as its place's points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qdrant_double import QdrantDouble
from qdrant_places import SERVER_URL, NamedApart


class SharedServer(NamedApart):
    """One connection that steps open and leave as if it were their own; `share_server` ends it."""

    def close(self) -> None:
        pass

    def __exit__(self, *details: object) -> None:
        pass


@contextmanager
def share_server(kind: str, double: QdrantDouble | None = None) -> Iterator[SharedServer]:
    """Points of a server of one kind, under names of their own; what was made is removed at the end.

    Args:
        kind: "double" or "server".
        double: Of that kind, where the caller has one; else it is made.
    """
    if kind == "double" and double is None:
        with QdrantDouble() as made, share_server(kind, made) as points:
            yield points
            return
    points = SharedServer(SERVER_URL if double is None else double.url)
    try:
        yield points
    finally:
        points.drop_all()
        NamedApart.close(points)
