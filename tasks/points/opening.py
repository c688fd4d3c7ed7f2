"""The collections of a home, or of a server: opened by address."""

from __future__ import annotations

from pathlib import Path

from tasks.points.records import PointStore


def open_points(
    home: Path, qdrant_url: str | None = None, api_key: str | None = None, timeout_seconds: int = 60
) -> PointStore:
    """The collections of a home's embedded engine, or of a Qdrant server that may take so long for one answer."""
    if qdrant_url is None:
        from tasks.points.embedded import EmbeddedPoints

        return EmbeddedPoints(home)
    from tasks.points.server import ServerPoints

    return ServerPoints.connect(qdrant_url, api_key, timeout_seconds)
