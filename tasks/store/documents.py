"""Kinds of documents in the object store: where they lie, what they are called, and how many may change one at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic

from minicoil.errors import ConflictError, ObjectNotFoundError
from tasks.store.damage import name_damage
from tasks.store.formats import BACKUP, DamageError, Model, load_document, write_document
from tasks.store.object_store import ObjectStore

MOST_TRIES = 20
_FIRST_WAIT_SECONDS = 0.01  # a write takes a millisecond on disk, some ten on S3
_LONGEST_WAIT_SECONDS = 1.0


class _Outrun(Exception):
    """Somebody else wrote between our look and our write."""


@dataclass(frozen=True)
class Documents(Generic[Model]):
    """JSON documents of one kind: small objects by name, read by their model, changed by compare-and-swap.

    Attributes:
        model: Of a document.
        version: Newest format that this program reads; older ones it reads as they are.
        prefix, suffix: The key of a document is its name between them.
        title: What a document is, for people, by its name; None: it goes by its address.
        names_address: Whether its address follows the title.
        way_out: What a person can do about a damaged one, by its name.
        damaged: Raised for one that cannot be read.
        newer: Raised for one that a newer version of this program wrote; None: as for a damaged one.
        stray: What is wrong with a document that can be read and has no business under this name; None: nothing.
        absent: What is true where there is no document.
    """

    model: type[Model]
    version: int
    prefix: str
    suffix: str = ".json"
    title: Callable[[str], str] | None = None
    names_address: bool = True
    way_out: Callable[[str], str] = lambda name: BACKUP
    damaged: type[Exception] = DamageError
    newer: type[Exception] | None = None
    stray: Callable[[Model, str], str | None] = lambda document, name: None
    absent: Callable[[str], Model | None] = lambda name: None

    def key(self, name: str) -> str:
        """Where the document of that name lies."""
        return f"{self.prefix}{name}{self.suffix}"

    def names(self, store: ObjectStore) -> Iterator[str]:
        """Of all documents of this kind, in the order of keys, whether they can be read or not."""
        for entry in store.list(self.prefix):
            if entry.key.endswith(self.suffix):
                yield entry.key.removeprefix(self.prefix).removesuffix(self.suffix)

    def find(self, store: ObjectStore, name: str) -> Model | None:
        """The document, or what is true where there is none: None, unless `absent` knows better.

        Raises:
            Exception: as `damaged` and `newer` say.
            StoreUnavailableError: the store does not answer; nothing is known of the document.
        """
        return self.look(store, name)[0]

    def find_sound(self, store: ObjectStore, name: str) -> Model | None:
        """As `find`, but None for a damaged document too, which is told once.

        Raises:
            Exception: as `newer` says: whoever goes on without that document might undo what it says.
        """
        try:
            return self.find(store, name)
        except self.damaged as error:
            name_damage(self.key(name), str(error))
            return None

    def look(self, store: ObjectStore, name: str, over_damage: bool = False) -> tuple[Model | None, str | None]:
        """The document, and the tag to change it by; that is None where there is no document.

        Args:
            store: Where.
            name: Of the document.
            over_damage: A damaged one counts as none and keeps its tag, to be written over; what stands in its place
                and is no document, such as a folder, is moved aside.

        Raises:
            Exception: as for `find`.
        """
        what, way_out = self._what(store, name), self.way_out(name)
        try:
            document, tag = load_document(store, self.key(name), self.model, what, self.version, way_out)
            if wrong := self.stray(document, name):
                raise DamageError(f"{what} {wrong}; {way_out}", tag=tag)
        except ObjectNotFoundError:
            return self.absent(name), None
        except DamageError as error:
            if over_damage:
                if error.tag is None:
                    store.set_aside(self.key(name))
                return None, error.tag
            kind = self.newer if error.is_newer and self.newer is not None else self.damaged
            if kind is DamageError:
                raise
            raise kind(str(error)) from error
        return document, tag

    def write(self, store: ObjectStore, name: str, document: Model, if_absent: bool = False) -> None:
        """Write a document, whatever is there.

        Raises:
            ConflictError: something is, in spite of `if_absent`.
        """
        store.write(self.key(name), write_document(document), if_absent=if_absent)

    def change(
        self, store: ObjectStore, name: str, change: Callable[[Model | None], Model], over_damage: bool = False
    ) -> Model:
        """Apply `change` to the document as it is at the moment of writing.

        Args:
            store: Where.
            name: Of the document.
            change: Gives what is to be there instead of what `find` gives; nothing is written where that is the same.
                Called anew where somebody else was faster. What it raises ends the change.
            over_damage: As for `look`.

        Returns:
            What is there now.

        Raises:
            ConflictError: others were faster time and again.
            Exception: as for `find`.
        """
        import tenacity  # not by `search` and `words`, which change nothing and start at once

        def attempt() -> Model:
            before, tag = self.look(store, name, over_damage)
            after = change(before)
            if after == before:
                return after
            data = write_document(after)
            try:
                store.write(self.key(name), data, if_tag=tag, if_absent=tag is None)
            except ConflictError as error:
                from tasks.metrics import count_store_conflict  # not by those whom nobody outruns

                count_store_conflict(self.prefix.strip("/"))
                raise _Outrun from error
            return after

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Outrun),
            stop=tenacity.stop_after_attempt(MOST_TRIES),
            wait=tenacity.wait_random_exponential(_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS),
            reraise=True,
        )
        try:
            return retrying(attempt)
        except _Outrun as error:
            what = self._what(store, name)
            raise ConflictError(f"{what} is being changed by many at once; try again") from error

    def delete(self, store: ObjectStore, name: str) -> None:
        """Remove the document, if it is there; what cannot be read is moved aside instead of lost."""
        try:
            self.find(store, name)
        except (self.damaged, DamageError):  # perhaps no file at all, which cannot be deleted as one
            store.set_aside(self.key(name))
        store.delete(self.key(name))

    def _what(self, store: ObjectStore, name: str) -> str:
        address = f"{store.url}/{self.key(name)}"
        if self.title is None:
            return address
        return f"{self.title(name)} ({address})" if self.names_address else self.title(name)
