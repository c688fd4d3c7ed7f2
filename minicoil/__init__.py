"""miniCOIL: BM25 that understands word meaning.

A folder in, vectors out; here `model_folder` knows thirty words with four numbers each, "pod" as the first of them:

    >>> import minicoil
    >>> model = minicoil.load(model_folder, avg_len=118.0)
    >>> vector, = model.embed("a pod is a group of containers")
    >>> vector.indices.tolist()  # four cells of pod, four of containers, one of the unknown word "group"
    [4, 5, 6, 7, 96, 97, 98, 99, 1021411622]
    >>> query, = model.query_embed("pods")
    >>> query.indices.tolist(), round(float((query.values**2).sum()), 4)  # a query's meaning has unit length
    ([4, 5, 6, 7], 1.0)

`load` also takes addresses such as "s3://bucket/prefix@production" and "hf:owner/name@7" where the `tasks` package is
installed, and with `follow=True` the model moves when the channel does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from minicoil.config import Bm25Config
from minicoil.errors import MiniCoilError, UsageError

if TYPE_CHECKING:
    from minicoil.sparse import FollowedModel, HybridVector, MiniCoil, SparseVector

__version__ = "0.1.0"
__all__ = ["HybridVector", "MiniCoil", "MiniCoilError", "SparseVector", "__version__", "load"]
_HUB = "hf:"  # the one scheme without slashes, as corpora of a hub are named


@overload
def load(
    place: Path | str,
    k: float = ...,
    b: float = ...,
    avg_len: float = ...,
    threads: int | None = ...,
    *,
    importance: str = ...,
    follow: Literal[False] = ...,
) -> MiniCoil: ...
@overload
def load(
    place: Path | str,
    k: float = ...,
    b: float = ...,
    avg_len: float = ...,
    threads: int | None = ...,
    *,
    follow: Literal[True],
    collection: str | None = ...,
) -> FollowedModel: ...
def load(
    place: Path | str,
    k: float = Bm25Config.k,
    b: float = Bm25Config.b,
    avg_len: float = Bm25Config.avg_len,
    threads: int | None = None,
    *,
    importance: str = "",
    follow: bool = False,
    collection: str | None = None,
) -> MiniCoil | FollowedModel:
    """The model of a folder, or of an address with a scheme through what is registered for it.

    >>> with_its_numbers = load(model_folder, k=0.9, b=0.4, avg_len=35.6)  # as `minicoil index` printed them
    >>> with_its_numbers.bm25
    Bm25Config(k=0.9, b=0.4, avg_len=35.6)
    >>> load("gopher://store@production")
    Traceback (most recent call last):
    minicoil.errors.UsageError: 'gopher://store@production': no resolver for gopher://; known: file, hf, s3

    Args:
        place: A folder, or `scheme://...` of an entry point in the group `minicoil.resolvers` (`minicoil.followers`
            where it is followed); or `hf:owner/name`, with `@` and the number of a release that was pushed there.
        k, b, avg_len: The collection's own; `minicoil index` prints them.
        threads: Forward passes at once; None takes every core.
        importance: Digest of what the collection's words are weighed by; `minicoil index` prints it where there is one.
        follow: Serve whatever the channel serves, from now on: see `minicoil.sparse.following`.
        collection: With `follow`, the collection whose record gives k, b and avg_len.

    Raises:
        BundleError: the folder is not a complete model.
        UsageError: nobody resolves this scheme, or a folder is to be followed.
    """
    has_scheme = "://" in str(place) or (str(place).startswith(_HUB) and not Path(place).exists())
    if not follow:
        from minicoil.sparse import MiniCoil

        if collection is not None:
            raise UsageError("collection= goes with follow=True; without, give the collection's k, b and avg_len")
        return MiniCoil.load(
            _entry("minicoil.resolvers", str(place))(str(place)) if has_scheme else place,
            k,
            b,
            avg_len,
            threads,
            importance,
        )
    if importance:
        raise UsageError("importance= goes without follow=True; a collection's record names its own: collection=NAME")
    if not has_scheme:
        raise UsageError(f"'{place}' is a folder, which never moves; follow a channel: file:///store@production")
    if "://" not in str(place):
        raise UsageError(
            f"'{place}': a hub has no channels to follow; follow the store's: s3://bucket/prefix@production"
        )
    followed: FollowedModel = _entry("minicoil.followers", str(place))(str(place), k, b, avg_len, threads, collection)
    return followed


def _entry(group: str, address: str) -> Any:
    """What an installed package registered for the address's scheme."""
    from importlib.metadata import entry_points  # brings a parser of mails along, which no folder needs

    scheme = address.partition(":")[0]
    entries = {entry.name: entry for entry in entry_points(group=group)}
    if scheme not in entries:
        raise UsageError(f"'{address}': no resolver for {scheme}://; known: {', '.join(sorted(entries)) or 'none'}")
    return entries[scheme].load()


def __getattr__(name: str) -> object:
    """`MiniCoil` and its vectors on first use, so that importing the package stays cheap."""
    if name in ("MiniCoil", "HybridVector", "SparseVector"):
        from minicoil import sparse

        return getattr(sparse, name)
    raise AttributeError(f"module 'minicoil' has no attribute '{name}'")
