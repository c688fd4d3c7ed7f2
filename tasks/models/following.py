"""A model that follows a channel: it loads what the channel moves to beside what it serves, and swaps between calls."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from minicoil.config import Bm25Config
from minicoil.errors import CollectionError, ReleaseError, UsageError
from minicoil.sparse import HybridVector, MiniCoil, SparseVector
from minicoil.words import Vocabulary
from tasks.catalogue import ChannelState, CollectionRecord, find_named, list_collections, read_channel
from tasks.models.bundles import is_ancestor
from tasks.models.collection_models import CollectionModels
from tasks.models.resolver import split_address
from tasks.place import Place
from tasks.readers import LEASE_SECONDS, announce_reader, new_reader_name, withdraw_reader
from tasks.settings import Settings
from tasks.store import ObjectStore

logger = logging.getLogger(__name__)
POLL_SECONDS = 30.0
_LONGEST_WAIT_SECONDS = LEASE_SECONDS / 3  # between two looks, however often loading failed: the lease must not run out


@dataclass(frozen=True)
class Target:
    """What a follower should serve.

    Attributes:
        release: Whose cells queries ask for.
        beside: Other releases whose cells documents get too, because readers of them exist or are about to, the
            pending one first.
        bm25: k, b and avg_len of the collection.
        encoder, dims, language: Of the empty model, for release 0.
    """

    release: int
    beside: tuple[int, ...]
    bm25: Bm25Config
    encoder: str = "minilm"
    dims: int = 4
    language: str = "en"


@dataclass(frozen=True)
class _Served:
    target: Target
    beside: tuple[int, ...]
    queries: MiniCoil
    documents: MiniCoil


def choose_target(
    state: ChannelState, record: CollectionRecord | None, others: Iterable[CollectionRecord], bm25: Bm25Config
) -> Target:
    """What to serve for a channel's state.

    Args:
        state: The channel.
        record: The collection that is read and written, where one was named.
        others: All collections of the channel, where none was named.
        bm25: Where no collection was named.

    Raises:
        ReleaseError: the channel serves nothing yet, and no collection was named.
    """
    if record is None:
        if state.current is None:
            raise ReleaseError(
                f"channel '{state.name}' serves no release yet; "
                "`minicoil extend --common 1000 --corpus SPEC` makes the first"
            )
        still = {number for other in others if other.others for number in other.readable}
        switched = {state.previous} if state.phase in ("switched", "contracting") else set()
        return Target(state.current, _beside(state, state.current, {*still, *switched}), bm25)
    release = record.served(state.current)
    empty = (record.encoder, record.dims, record.language)
    return Target(release, _beside(state, release, record.readable), record.bm25, *empty)


def _beside(state: ChannelState, release: int, readable: Iterable[int | None]) -> tuple[int, ...]:
    """The pending release while collections expand for it, then the others that are readable, newest first."""
    others = sorted({n for n in readable if n is not None} - {release, state.pending}, reverse=True)
    return tuple(others) if state.pending is None or state.pending == release else (state.pending, *others)


def _empty(model: MiniCoil) -> Vocabulary:
    """Of the empty model, which is not published; only its size matters, and that never changes."""
    return Vocabulary.empty(model.vocabulary.dims, len(model.vocabulary.words) + 1, model.vocabulary.language)


class ChannelFollower:
    """`MiniCoil` as a channel serves it, now and later; safe to use from several threads.

    A call works to its end with the model it began with. A release that cannot be loaded is reported by `problem` and
    in the log, and the one before stays. While it lives, the follower is among `minicoil release readers`.

    Args:
        place: Where.
        channel: Which.
        bm25: Used where no collection is named.
        collection: Its record gives k, b and avg_len, and says which releases can be read.
        threads: As with `minicoil.load`.
        poll_seconds: Between two looks at the channel.

    Raises:
        ReleaseError: the channel serves nothing that can be loaded.
        CollectionError: there is no such collection, or it is on another channel.
    """

    def __init__(
        self,
        place: Place,
        channel: str,
        bm25: Bm25Config,
        collection: str | None = None,
        threads: int | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._place, self._channel, self._bm25, self._collection = place, channel, bm25, collection
        self._threads = threads
        self._store: ObjectStore = place.objects()
        self._refreshing = threading.Lock()
        self._failures = 0
        self._poll_seconds = poll_seconds
        self.name = new_reader_name()
        self.problem: str | None = None
        self._served = self._load(self._choose())
        self._announced: tuple[int, float] = (-1, 0.0)
        self._announce()
        stop = threading.Event()
        # neither the thread nor the farewell may keep a follower alive that its owner has dropped
        self._leave = weakref.finalize(self, _leave, self._store, self.name, stop)
        arguments = (weakref.ref(self), stop, poll_seconds)
        threading.Thread(target=_poll, args=arguments, name=f"follow-{channel}", daemon=True).start()

    @property
    def release(self) -> int:
        """The release that queries are encoded with; 0 before the first."""
        return self._served.target.release

    @property
    def releases(self) -> tuple[int, ...]:
        """Every release whose cells documents get, ascending."""
        return tuple(sorted({self._served.target.release, *self._served.beside}))

    @property
    def bm25(self) -> Bm25Config:
        """k, b and avg_len in use."""
        return self._served.target.bm25

    def embed(self, documents: str | Iterable[str], *arguments: Any, **options: Any) -> Iterator[SparseVector]:
        """`MiniCoil.embed`; while two releases are read, documents get the cells of both."""
        return self._served.documents.embed(documents, *arguments, **options)

    def query_embed(self, query: str | Iterable[str], **options: Any) -> Iterator[SparseVector]:
        """`MiniCoil.query_embed` with the release that is served."""
        return self._served.queries.query_embed(query, **options)

    def embed_hybrid(self, documents: str | Iterable[str], *arguments: Any, **options: Any) -> Iterator[HybridVector]:
        """`MiniCoil.embed_hybrid`; sparse vectors as with `embed`."""
        return self._served.documents.embed_hybrid(documents, *arguments, **options)

    def query_embed_hybrid(self, query: str | Iterable[str], **options: Any) -> Iterator[HybridVector]:
        """`MiniCoil.query_embed_hybrid` with the release that is served."""
        return self._served.queries.query_embed_hybrid(query, **options)

    def refresh(self) -> bool:
        """Look at the channel now, for whoever is told of a move sooner; True where another model serves afterwards.

        Never raises: what went wrong is in `problem` and in the log, and the next look tries again.
        """
        with self._refreshing:
            if not self._leave.alive:
                return False
            before = self._served
            problems = [text for text in map(_attempt, (self._catch_up, self._announce)) if text]
            self.problem = "; ".join(problems) or None
            self._failures = self._failures + 1 if problems else 0
            if problems:
                logger.warning("channel '%s': release %d stays in use: %s", self._channel, self.release, self.problem)
            return self._served is not before

    @property
    def wait_seconds(self) -> float:
        """Until the next look; doubled by each failure, because a release is a hundred megabytes."""
        return min(self._poll_seconds * 2.0 ** min(self._failures, 10), max(self._poll_seconds, _LONGEST_WAIT_SECONDS))

    def close(self) -> None:
        """Stop following and withdraw from the readers; the model goes on as it is."""
        with self._refreshing:  # a look that is under way would announce again
            self._leave()

    def __enter__(self) -> ChannelFollower:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def _choose(self) -> Target:
        state = read_channel(self._store, self._channel)
        if self._collection is None:
            return choose_target(state, None, list_collections(self._store, self._channel), self._bm25)
        record = find_named(self._place, self._collection)
        if record is None or record.channel != self._channel:
            known = ", ".join(entry.name for entry in list_collections(self._store, self._channel)) or "none"
            raise CollectionError(
                f"collection '{self._collection}' is not on channel '{self._channel}'; collections there: {known}"
            )
        return choose_target(state, record, (), self._bm25)

    def _catch_up(self) -> None:
        target = self._choose()
        if target != self._served.target:
            self._served = self._load(target)  # one assignment: a call sees the old or the new
            named = ", ".join(map(str, self._served.beside))
            beside = f", documents with the cells of release {named} beside" if named else ""
            logger.info("channel '%s': now serving release %d%s", self._channel, target.release, beside)

    def _load(self, target: Target) -> _Served:
        beside = self._of_one_lineage(target)
        newest = max((target.release, *beside))
        models = CollectionModels(self._place, target.encoder, target.dims, target.bm25, self._threads, target.language)
        model = models.model(newest)
        _ = model.encoder  # loaded now: a broken graph must fail here, and the first call should not wait
        if not beside:
            return _Served(target, (), model, model)
        olds = {n: models.vocabulary(n) if n else _empty(model) for n in {target.release, *beside} - {newest}}
        queries = model if target.release == newest else model.under(olds[target.release])
        return _Served(target, beside, queries, model.beside(*olds.values()))

    def _of_one_lineage(self, target: Target) -> tuple[int, ...]:
        """The releases beside that one vector can carry; those of another branch are about to go.

        Raises:
            ReleaseError: the first one, which is needed, is among them.
        """
        kept: list[int] = []
        for number in target.beside:
            if all(is_ancestor(self._place, *sorted((number, other))) for other in (target.release, *kept)):
                kept.append(number)
            elif not kept:
                oldest, newest = sorted((number, target.release))
                raise ReleaseError(f"releases {oldest} and {newest} are not of one lineage; no vector can carry both")
        return tuple(kept)

    def _announce(self) -> None:
        """Renew the lease well before it ends, or at once where another release is served."""
        release, at = self._announced
        if release != self.release or time.monotonic() - at > LEASE_SECONDS / 4:
            announce_reader(self._store, self.name, self._channel, self.release)
            self._announced = (self.release, time.monotonic())


def follow(
    address: str,
    k: float = Bm25Config.k,
    b: float = Bm25Config.b,
    avg_len: float = Bm25Config.avg_len,
    threads: int | None = None,
    collection: str | None = None,
) -> ChannelFollower:
    """What `minicoil.load(address, follow=True)` gives.

    Raises:
        UsageError: the address names no channel.
    """
    store, name = split_address(address)
    if name.isdecimal():
        raise UsageError(f"'{address}' names a release, which never moves; follow a channel, or leave follow=True out")
    return ChannelFollower(Place.at(Settings().home, store), name, Bm25Config(k, b, avg_len), collection, threads)


def _attempt(run: Callable[[], None]) -> str:
    """What went wrong, or nothing."""
    try:
        run()
    except Exception as error:  # whatever it is, the old model serves and the next look comes
        return f"{error}" or type(error).__name__
    return ""


def _poll(follower: weakref.ref[ChannelFollower], stop: threading.Event, wait: float) -> None:
    while not stop.wait(wait):
        alive = follower()
        if alive is None:
            return
        alive.refresh()
        wait = alive.wait_seconds
        del alive


def _leave(store: ObjectStore, name: str, stop: threading.Event) -> None:
    stop.set()
    problem = _attempt(lambda: withdraw_reader(store, name))
    if problem:
        logger.warning("reader '%s' could not withdraw (%s); its lease ends by itself", name, problem)
