"""What a model that follows a channel can do, whoever follows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from minicoil.config import Bm25Config
    from minicoil.sparse.cells import SparseVector
    from minicoil.sparse.model import HybridVector


class FollowedModel(Protocol):
    """The model that a channel serves, now and later. A call works to its end with the model it began with."""

    problem: str | None  # why the last look at the channel failed, or None

    @property
    def release(self) -> int:
        """The release that queries are encoded with."""

    @property
    def releases(self) -> tuple[int, ...]:
        """Every release whose cells documents get."""

    @property
    def bm25(self) -> Bm25Config:
        """k, b and avg_len in use for documents."""

    def embed(self, documents: str | Iterable[str], *arguments: Any, **options: Any) -> Iterator[SparseVector]:
        """As `MiniCoil.embed`, with the cells of all `releases`."""

    def query_embed(self, query: str | Iterable[str], **options: Any) -> Iterator[SparseVector]:
        """As `MiniCoil.query_embed`, with the cells of `release`."""

    def embed_hybrid(self, documents: str | Iterable[str], *arguments: Any, **options: Any) -> Iterator[HybridVector]:
        """As `MiniCoil.embed_hybrid`, with the cells of all `releases`."""

    def query_embed_hybrid(self, query: str | Iterable[str], **options: Any) -> Iterator[HybridVector]:
        """As `MiniCoil.query_embed_hybrid`, with the cells of `release`."""

    def refresh(self) -> bool:
        """Look at the channel now; True where another model serves afterwards."""

    def close(self) -> None:
        """Stop following."""

    def __enter__(self) -> FollowedModel: ...
    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None: ...
