"""The model that a service encodes with: what an address names, followed where it names a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np

import minicoil
from minicoil.errors import EncoderError, UsageError
from minicoil.sparse import FollowedModel, MiniCoil, SparseVector
from tasks.catalogue import MANIFEST, parse_manifest


@dataclass(frozen=True)
class ModelAddress:
    """Which model, as `minicoil.load` takes it; None leaves a number to its default.

    Attributes:
        place: A folder, `s3://bucket/prefix@production`, `hf:owner/name@7`, ...
        k, b, avg_len: Of the collection; they count for documents only.
        importance: Of the collection; likewise.
        collection: Whose record gives all four, where the address names a channel.
    """

    place: str
    k: float | None = None
    b: float | None = None
    avg_len: float | None = None
    importance: str | None = None
    collection: str | None = None

    def __post_init__(self) -> None:
        given = self._given("k", "b", "avg_len", "importance")
        if self.collection is not None and given:
            raise UsageError(
                f"collection '{self.collection}' has a record that names its {', '.join(given)}; give one or the other"
            )

    @property
    def names_channel(self) -> bool:
        """Whether there is something to follow: what stands after the last @ is no number.

        >>> [ModelAddress(a).names_channel for a in ("./model", "s3://b/p@production", "s3://b/p@7", "hf:acme/terms@7")]
        [False, True, False, False]
        """
        scheme, separator, rest = self.place.partition("://")
        name = rest.rpartition("@")[2] if "@" in rest else ""
        follows = {entry.name for entry in entry_points(group="minicoil.followers")}
        return bool(separator) and scheme in follows and bool(name) and not name.isdecimal()

    def open(self) -> ServedModel:
        """The model, its encoder loaded: a broken graph fails here, and the first request does not wait.

        Raises:
            MiniCoilError: see `minicoil.load`.
        """
        given = self._given("k", "b", "avg_len")
        # one thread a call: the batcher has a thread a core, and a batch is one forward pass
        if self.names_channel:
            if self.importance is not None:
                raise UsageError(f"'{self.place}' is followed; its collection's record names the importance")
            followed = minicoil.load(self.place, threads=1, follow=True, collection=self.collection, **given)
            return ServedModel(followed, None)
        if self.collection is not None:
            raise UsageError(
                f"'{self.place}' is no channel, and only a channel's store has the record of '{self.collection}'; "
                "give k, b and avg_len as `minicoil index` printed them"
            )
        model = minicoil.load(self.place, threads=1, importance=self.importance or "", **given)
        _ = model.encoder
        return ServedModel(model, _number_of(model.layout.folder))

    def _given(self, *names: str) -> dict[str, Any]:
        known = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {name: known[name] for name in names if known[name] is not None}


@dataclass(frozen=True)
class ServedModel:
    """A model and what is known of it.

    Attributes:
        model: Fixed, or moving with its channel.
        number: Of a fixed one's release; None where its folder says nothing of a release.
    """

    model: MiniCoil | FollowedModel
    number: int | None

    @property
    def release(self) -> int | None:
        """The release that queries are encoded with now."""
        return self.number if isinstance(self.model, MiniCoil) else self.model.release

    @property
    def releases(self) -> tuple[int, ...]:
        """Every release whose cells documents get now."""
        if isinstance(self.model, MiniCoil):
            return () if self.number is None else (self.number,)
        return self.model.releases

    @property
    def problem(self) -> str | None:
        """Why the channel could not be followed at the last look."""
        return None if isinstance(self.model, MiniCoil) else self.model.problem

    def encode(self, texts: Sequence[str], is_query: bool) -> list[SparseVector]:
        """The vectors of texts, one each.

        Raises:
            EncoderError: a value is no number, which JSON cannot say and no engine takes.
        """
        vectors = list(self.model.query_embed(texts) if is_query else self.model.embed(texts))
        if not all(np.isfinite(vector.values).all() for vector in vectors):
            raise EncoderError("the model gives a value that is no number; pull the release again")
        return vectors

    def close(self) -> None:
        """Stop following."""
        if not isinstance(self.model, MiniCoil):
            self.model.close()


def _number_of(folder: Path) -> int | None:
    """Of the release that a folder is a copy of, by its manifest."""
    path = folder / MANIFEST
    return parse_manifest(path.read_bytes(), str(path)).release if path.is_file() else None
