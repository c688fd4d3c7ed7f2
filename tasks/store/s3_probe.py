"""Whether a store keeps to the conditions of conditional writes: asked before a channel may live there."""

from __future__ import annotations

from collections.abc import Callable

from minicoil.errors import ConflictError, StoreError, StoreUnavailableError

NO_TAG = '"00000000000000000000000000000000"'  # of no object


def keeps_conditions(put: Callable[..., str]) -> bool:
    """Whether a write with If-None-Match or If-Match fails where it should.

    Some stores take the one and pass over the other in silence: two writers of one channel would both believe that they
    had moved it. Where the object is there already nothing is written: a bucket with versions keeps one of it.

    Args:
        put: Writes an object of the probe's own; takes the conditions as boto3 names them.

    Raises:
        StoreUnavailableError: nobody knows yet.
    """
    if _passes(put, IfNoneMatch="*") and _passes(put, IfNoneMatch="*"):
        return False  # the first may have made it; the second had to fail
    return not _passes(put, IfMatch=NO_TAG)


def _passes(put: Callable[..., str], **condition: str) -> bool:
    """Whether a write gets through in spite of its condition, or is refused because the store knows none."""
    try:
        put(**condition)
    except ConflictError:
        return False
    except StoreUnavailableError:
        raise
    except StoreError:
        return True
    return True
