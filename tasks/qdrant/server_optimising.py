"""Dead postings cleared away on a Qdrant server, so that IDF counts only what is there.

A point that is rewritten in an indexed segment leaves its old posting behind, and IDF counts it until the optimiser
clears the segment; by default that waits for a fifth of it. So after a re-encoding of one of our own collections the
threshold is lowered for as long as the optimiser works, then set back.

Settings are changed only while the optimiser rests. A change restarts it, and servers up to 1.18.3 at least then forget
what was deleted or overwritten while it worked: points that another writer deleted come back, others keep an older copy
beside the new one (mended in Qdrant by its change 10364, of August 2026).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial

from qdrant_client import QdrantClient, models

from minicoil.errors import CollectionError
from tasks.points import CollectionShape
from tasks.qdrant.server_calls import call_patiently
from tasks.qdrant.server_schema import CLEARED_SHARE, STALE_POINTS, STALE_SHARE

logger = logging.getLogger(__name__)
MOST_SECONDS = 1800.0  # searches are right all the while; only their weights are a little off
_POLL_SECONDS, _POLLS = 0.25, 3  # green so often in a row: a change of settings takes a moment to reach every node
_TELL_SECONDS = 30.0


def clear_stale(client: QdrantClient, name: str, shape: CollectionShape, is_ours: bool) -> None:
    """Let the optimiser clear away what was overwritten, and wait for it; of somebody else's collection only wait.

    Killed in between, the low threshold stays until the next call sets it back.
    """
    if not await_rest(client, name) or not is_ours:
        return
    found = (shape.stale_share, shape.stale_points)
    try:
        _set(client, name, CLEARED_SHARE, STALE_POINTS)
    except CollectionError as error:
        if error.facts.get("status") != 403:
            raise
        logger.warning("%s: dead postings stay until the optimiser takes them by itself; %s", name, error)
        return
    # where it does not come to rest the low threshold stays: it costs the server work, changing it now costs points
    if await_rest(client, name):
        _set(client, name, *((STALE_SHARE, STALE_POINTS) if found[0] == CLEARED_SHARE else found))


def _set(client: QdrantClient, name: str, share: float, least: int) -> None:
    settings = models.OptimizersConfigDiff(deleted_threshold=share, vacuum_min_vector_number=least)
    call_patiently(partial(client.update_collection, name, optimizers_config=settings))


def await_rest(client: QdrantClient, name: str, now: Callable[[], float] = time.monotonic) -> bool:
    """Wait until the optimiser rests; whether it does within half an hour."""
    started = told = now()
    n_idle = 0
    while n_idle < _POLLS:
        time.sleep(_POLL_SECONDS)
        info = call_patiently(partial(client.get_collection, name))
        n_idle = n_idle + 1 if info.status == models.CollectionStatus.GREEN else 0
        if info.status == models.CollectionStatus.RED:
            logger.warning("%s: the optimiser failed (%s); see the server's log", name, info.optimizer_status)
            return False
        if now() - started > MOST_SECONDS:
            logger.warning("%s: the optimiser still works after %.0f s; going on without it", name, now() - started)
            return False
        if now() - told > _TELL_SECONDS:
            told = now()
            logger.info("%s: waiting for the optimiser, %.0f s so far", name, now() - started)
    return True
