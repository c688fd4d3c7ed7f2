"""miniCOIL: BM25 that understands word meaning.

    import minicoil

    model = minicoil.load("path/to/model", avg_len=118.0)
    vector, = model.embed("a pod is a group of containers")

`load` also takes addresses such as "s3://bucket/prefix@production" where the `tasks` package is installed.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from minicoil.errors import MiniCoilError, UsageError

if TYPE_CHECKING:
    from minicoil.model import MiniCoil
    from minicoil.sparse import SparseVector

__version__ = "0.1.0"
__all__ = ["MiniCoil", "MiniCoilError", "SparseVector", "__version__", "load"]


def load(
    place: Path | str, k: float = 1.2, b: float = 0.75, avg_len: float = 150.0, threads: int | None = None
) -> MiniCoil:
    """The model of a folder, or of an address with a scheme through the resolver registered for it.

    Args:
        place: A folder, or `scheme://...` of a resolver in the entry-point group `minicoil.resolvers`.
        k, b, avg_len: The collection's own; `minicoil index` prints them.
        threads: Of one forward pass; None takes every core.

    Raises:
        BundleError: the folder is not a complete model.
        UsageError: nobody resolves this scheme.
    """
    from minicoil.model import MiniCoil

    scheme, separator, _ = str(place).partition("://")
    if separator:
        resolvers = {entry.name: entry for entry in entry_points(group="minicoil.resolvers")}
        if scheme not in resolvers:
            raise UsageError(f"'{place}': no resolver for {scheme}://; known: {', '.join(sorted(resolvers)) or 'none'}")
        place = resolvers[scheme].load()(str(place))
    return MiniCoil.load(place, k, b, avg_len, threads)


def __getattr__(name: str) -> object:
    """`MiniCoil` and `SparseVector` on first use, so that importing the package stays cheap."""
    if name == "MiniCoil":
        from minicoil.model import MiniCoil

        return MiniCoil
    if name == "SparseVector":
        from minicoil.sparse import SparseVector

        return SparseVector
    raise AttributeError(f"module 'minicoil' has no attribute '{name}'")
