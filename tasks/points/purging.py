"""A shard written anew without what was deleted from it: the engine itself only marks rows, and keeps its log.

The new shard is built beside the old one and takes its place by two renames. Whatever a kill leaves between them is
put in order by whoever opens the collection next.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from tasks.points.conversion import from_edge, plain_id, to_edge

SHARD, _NEW, _OLD = "shard", "shard.new", "shard.old"
MERGED_POINTS = 20_000  # written between two merges; searches wait some seconds for one
_PAGE = 512  # points of one WAL record


def settle_shard(folder: Path) -> Path:
    """The shard's folder in a collection's, once what a killed purge left behind is cleared away."""
    shard, new, old = folder / SHARD, folder / _NEW, folder / _OLD
    if not shard.exists() and old.exists():  # killed between the two renames: the new one was complete
        (new if new.exists() else old).rename(shard)
    for left in (new, old) if shard.exists() else ():  # never the last one there is
        shutil.rmtree(left, ignore_errors=True)
    return shard


def copy_shard(folder: Path, shard: Any, create: Callable[[Path], Any], load: Callable[[Path], Any]) -> None:
    """Build a copy of what is alive in an open shard, beside it.

    Args:
        folder: The collection's.
        shard: The open shard; it stays as it is, whatever happens.
        create: Makes an empty one of the same shape in a folder.
        load: Opens what it made.
    """
    new = folder / _NEW
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    copy = create(new)
    try:
        n_unmerged = 0
        for batch in _alive(shard):
            copy.update(edge.UpdateOperation.upsert_points(batch))
            n_unmerged += len(batch)
            if n_unmerged >= MERGED_POINTS:  # see `open_shards`
                copy.optimize()
                copy.close()
                copy, n_unmerged = load(new), 0
        copy.optimize()
        copy.flush()
    except BaseException:  # a full disk, a panic of the engine: half a copy is nothing anybody may find
        with suppress(Exception):  # it may be closed, and not have opened again
            copy.close()
        shutil.rmtree(new, ignore_errors=True)
        raise
    copy.close()


def swap_shard(folder: Path) -> None:
    """Put the copy in place of the shard, which is closed by now.

    Raises:
        FileNotFoundError: there is no copy; the shard stays.
    """
    (folder / _NEW).stat()
    (folder / SHARD).rename(folder / _OLD)
    settle_shard(folder)


def _alive(shard: Any) -> Iterator[list[Any]]:
    """The points of a shard, in lists as the engine takes them."""
    offset: Any = None
    while True:
        request = edge.ScrollRequest(offset=offset, limit=_PAGE, filter=None, with_payload=True, with_vector=True)
        rows, following = shard.scroll(request)
        points = [from_edge(row) for row in rows]
        if points:
            yield [edge.Point(p.id, {k: to_edge(v) for k, v in p.vectors.items()}, dict(p.payload)) for p in points]
        if following is None:
            return
        offset = plain_id(following)
