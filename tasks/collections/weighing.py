"""What a collection's words are weighed by: chosen when it is made, carried by every release that serves it."""

from __future__ import annotations

from minicoil.errors import CollectionError, UsageError
from tasks.catalogue import CollectionRecord, importance_of, list_collections
from tasks.store import ObjectStore

AUTO, NONE = "auto", "none"


def choose_importance(store: ObjectStore, asked: str, release: int, before: str | None = None) -> str:
    """Digest of the importance that a new collection is made with; "" where all words count alike.

    Args:
        store: Has the releases.
        asked: "auto" takes what `release` carries, if anything; "none" takes none; a number takes that release's.
        release: Which the collection is made with; 0 is the empty model.
        before: Of the collection that is copied, which "auto" then follows; None where none is.

    Raises:
        CollectionError: `release` does not carry what was asked for, or what the copied collection has.
        UsageError: `asked` is none of these.
    """
    if asked == NONE or (asked == AUTO and before == ""):
        return ""
    carried = importance_of(store, release)
    if asked == AUTO:
        if before and not carried:
            raise CollectionError(
                f"release {release} carries no importance, and the words of what is copied are weighed by "
                f"{before[:12]}; say --importance none, or promote a release that carries one"
            )
        return carried
    if not asked.isdecimal() or int(asked) == 0:
        raise UsageError(f"--importance '{asked}': auto, none, or the number of a release that carries one")
    wanted = importance_of(store, int(asked))
    if not wanted:
        raise CollectionError(f"release {asked} carries no importance; `minicoil release show N` says what N carries")
    if wanted != carried:
        raise CollectionError(
            f"importance of release {asked} is {wanted[:12]}, and release {release}, which the channel serves, carries "
            f"{carried[:12] or 'none'}; promote release {asked} first, or say --importance auto or none"
        )
    return wanted


def check_importance(store: ObjectStore, record: CollectionRecord, target: int) -> None:
    """Nothing, where release `target` can serve a collection: it carries what the collection's words are weighed by.

    Raises:
        CollectionError: it does not.
    """
    if record.importance and (carried := importance_of(store, target)) != record.importance:
        raise CollectionError(
            f"collection '{record.name}' is weighed by importance {record.importance[:12]}, and release {target} "
            f"carries {carried[:12] or 'none'}; promote a release that grew from one with it, or `minicoil rebuild "
            f"{record.name} NEW --importance none` makes a copy without"
        )


def check_left_out(store: ObjectStore, channel: str) -> None:
    """Nothing, where a release without importance could be served by a channel; asked before anything is trained.

    Raises:
        UsageError: the words of one of its collections are weighed.
    """
    for record in list_collections(store, channel):
        if record.importance:
            raise UsageError(
                f"--importance none: the words of collection '{record.name}' are weighed by {record.importance[:12]}, "
                "and the release could not serve it; leave that out, or say --no-promote"
            )
