"""What is asked of an engine to change a collection's shape where it stands, and to say what its names mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class InPlace(Protocol):
    """The part of a `PointStore` that changes a collection which other programs fill and search meanwhile.

    Everything may be asked for again: what is there already, or gone already, is left as it is.
    """

    def resolve(self, name: str) -> str:
        """The collection that an alias stands for; any other name is its own."""

    def check_alias(self, alias: str) -> None:
        """Raises `CollectionError` where `point_alias` would, to be asked before long work; changes nothing."""

    def point_alias(self, alias: str, name: str) -> None:
        """Let a name stand for a collection, in one step where it stood for another. Raises `CollectionError`."""

    @property
    def takes_new_vectors(self) -> bool:
        """Whether `add_vectors` is something that the engine can do, in its version."""

    def add_vectors(self, name: str, sparse: Sequence[str]) -> None:
        """Add sparse vectors with Qdrant's IDF; points have none of them at first."""

    def uncopyable(self, name: str) -> list[str]:
        """What `create_like` could not keep of a collection, each for people."""

    def create_like(self, name: str, source: str, without: Sequence[str], sparse: Sequence[str]) -> None:
        """Create a collection with the vectors, settings and payload indexes of another, and no points.

        Args:
            name: Of the new one; where it is there already, indexes that it lacks are added.
            source: The other one.
            without: Vectors of that one that are left out.
            sparse: Sparse vectors with IDF that come to it.
        """

    def unlike(self, name: str, source: str, without: Sequence[str]) -> list[str]:
        """Settings, vectors and payload indexes of `source` that its copy `name` has not, or has otherwise."""

    def remove_vectors(self, name: str, names: Sequence[str]) -> None:
        """Take vectors out of the collection, with what its points have of them."""

    def remove_indexes(self, name: str, fields: Sequence[str]) -> None:
        """Drop the payload indexes of fields; the payload stays."""

    def remove_payload(self, name: str, ids: Sequence[str | int], fields: Sequence[str]) -> None:
        """Take payload fields off those of the points that are there."""
