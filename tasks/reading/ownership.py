"""Which piece each sentence belongs to: the first in the corpus's own order that has it, whoever was done first.

A document with the text of an earlier one is left out whole, one with the id of another gets a name of its own, and of
equal sentences the first is counted and kept. So the pieces together are the corpus as one process reads it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.files import parse_json, write_json
from minicoil.keys import KeyRuns
from minicoil.problems import MAX_EXAMPLES
from tasks.documents import CorpusReport, Document, Names, identity_key
from tasks.reading.piece_files import PieceFiles, add_facts, damaged, row_document
from tasks.reading.reading import EMPTY
from tasks.store import ObjectStore

LOST, KNOWN, NEW = 0, 1, 2  # an earlier one has it; counted, and in the store before; counted and to be kept


@dataclass(frozen=True)
class Owned:
    """What a piece owns.

    Attributes:
        states: (n_sentences,) uint8, `LOST`, `KNOWN` or `NEW`.
        names: Of documents by number, where they are not those of their rows.
    """

    states: NDArray[np.uint8]
    names: dict[int, str]

    def write(self, store: ObjectStore, key: str) -> None:
        """Store it."""
        head = write_json({str(number): name for number, name in self.names.items()}, ascii_only=True).encode()
        store.write(key, zlib.compress(head + b"\0" + self.states.tobytes(), 1))

    @staticmethod
    def read(store: ObjectStore, key: str) -> Owned:
        """What `write` stored.

        Raises:
            StoreError: it is damaged, and was removed.
        """
        try:
            head, _, states = zlib.decompress(store.read(key)).partition(b"\0")
            names = {int(number): str(name) for number, name in parse_json(head).items()}
        except (zlib.error, ValueError, AttributeError) as error:
            raise damaged(store, key, error) from error
        return Owned(np.frombuffer(states, np.uint8), names)


@dataclass
class Ownership:
    """All pieces together.

    Attributes:
        n_documents, n_sentences, n_new: As a reading has them.
        digest: Of the set of sentences.
        keys: Of them.
    """

    n_documents: int = 0
    n_sentences: int = 0
    n_new: int = 0
    digest: str = ""
    keys: KeyRuns = field(default_factory=KeyRuns)


@dataclass(frozen=True)
class _Told:
    """The documents of a piece.

    Attributes:
        first: (n_documents,) bool, those that repeat no earlier one.
        names: As `Owned` has them.
    """

    first: NDArray[np.bool_]
    names: dict[int, str]


def give_sentences(
    pieces: Sequence[PieceFiles], run: str, known: KeyRuns, report: CorpusReport, track: Iterable[int]
) -> Ownership:
    """Write for every piece what it owns.

    Args:
        pieces: Split, in the corpus's order.
        run: Name of the reading.
        known: Keys of sentences that are kept already.
        report: Told what pieces met, and of documents that repeat others or have their ids.
        track: The numbers of the pieces; whoever shows progress watches them pass.
    """
    found, total = Ownership(), 0
    for piece, told, number in zip(pieces, _tell_apart(pieces, report), track, strict=True):
        key = piece.owned(run)
        with piece.open(piece.sentences) as file:
            columns = file.read(["key", "document"], use_threads=False)
        keys, documents = columns["key"].to_numpy(), columns["document"].to_numpy()
        live = np.flatnonzero(told.first[documents])
        own = live[found.keys.add(keys[live])]
        if piece.store.stat(key) is not None:  # of an earlier try, after which some of these may be in the store
            states = Owned.read(piece.store, key).states
        else:
            states = np.zeros(len(keys), np.uint8)
            states[own] = np.where(known.contain(keys[own]), KNOWN, NEW)
            Owned(states, told.names).write(piece.store, key)
        if len(states) != len(keys) or np.count_nonzero(states) != len(own):
            raise damaged(piece.store, key, ValueError(f"it does not belong to piece {number}"))
        total = (total + int(keys[own].sum(dtype=np.uint64))) % 2**64
        found.n_sentences += len(own)
        found.n_new += int(np.count_nonzero(states == NEW))
        found.n_documents += int(told.first.sum())
        n_own = np.bincount(documents[own], minlength=len(told.first))
        _report_empty(piece, np.flatnonzero((n_own == 0) & told.first), told.names, report)
    found.digest = hashlib.sha256(f"{total}:{found.n_sentences}".encode()).hexdigest()
    return found


def _tell_apart(pieces: Sequence[PieceFiles], report: CorpusReport) -> list[_Told]:
    """Which documents of each piece count, and under which name."""
    seen, firsts, identities = KeyRuns(), [], []
    for piece in pieces:
        with piece.open(piece.documents) as file:
            columns = file.read(["text_key", "identity"], use_threads=False)
            try:
                add_facts(report, file.schema_arrow.metadata)
            except (KeyError, ValueError, TypeError) as error:
                raise damaged(piece.store, piece.documents, error) from error
        first = seen.add(columns["text_key"].to_numpy())
        firsts.append(first)
        found = columns["identity"].to_numpy()[first]
        identities.append(found[found != 0])
        report.n_read += len(first)
        report.n_duplicates += int(len(first) - first.sum())
    del seen
    names = _name(pieces, firsts, identities, report)
    return [_Told(first, names.get(number, {})) for number, first in enumerate(firsts)]


def _name(
    pieces: Sequence[PieceFiles],
    firsts: Sequence[NDArray[np.bool_]],
    identities: list[NDArray[np.uint64]],
    report: CorpusReport,
) -> dict[int, dict[int, str]]:
    """Names of documents that have the id of an earlier one, by piece and number.

    Only those that shard an id are looked at, and those whose id is the new name of one of these.
    """
    every = np.sort(np.concatenate([*identities, np.zeros(0, np.uint64)]))
    asked = np.unique(every[1:][every[1:] == every[:-1]])
    identities.clear()
    names: dict[int, dict[int, str]] = {}
    while len(asked):
        names, renamed, told = {}, set[int](), CorpusReport()
        places = list(_with_identity(pieces, firsts, asked))
        settled = Names().settle(entry for _, _, entry in places)
        for (piece, number, entry), (named, clash) in zip(places, settled, strict=True):
            if named.id != entry.id:
                renamed.add(identity_key(named.id))
            if named.doc != entry.doc:
                names.setdefault(piece, {})[number] = named.doc
            if clash is not None:
                told.tell(clash)
        new = np.setdiff1d(np.fromiter(renamed, np.uint64, len(renamed)), asked)
        new = new[np.isin(new, every)] if len(new) else new
        if not len(new):
            report.n_clashes += told.n_clashes
            report.clashes += told.clashes[: MAX_EXAMPLES - len(report.clashes)]
            break
        asked = np.union1d(asked, new)
    return names


def _with_identity(
    pieces: Sequence[PieceFiles], firsts: Sequence[NDArray[np.bool_]], asked: NDArray[np.uint64]
) -> Iterator[tuple[int, int, Document]]:
    """Documents with one of the ids, in order, with their piece and number."""
    for number, (piece, first) in enumerate(zip(pieces, firsts, strict=True)):
        with piece.open(piece.documents) as file:
            wanted = np.flatnonzero(np.isin(file.read(["identity"])["identity"].to_numpy(), asked) & first)
            rows: list[dict[str, Any]] = file.read().take(wanted).to_pylist() if len(wanted) else []
        for place, row in zip(wanted.tolist(), rows, strict=True):
            yield number, place, row_document(row)


def _report_empty(piece: PieceFiles, places: NDArray[np.int64], names: dict[int, str], report: CorpusReport) -> None:
    """Name documents that brought no sentence of their own."""
    left = MAX_EXAMPLES - len(report.examples.get(EMPTY, ()))
    if len(places) and left > 0:
        with piece.open(piece.documents) as file:
            rows = file.read(["title", "doc"]).take(places[:left]).to_pylist()
        for place, row in zip(places.tolist(), rows, strict=False):
            report.refuse(EMPTY, row["title"] or names.get(place, row["doc"]))
        places = places[left:]
    if len(places):
        report.problems.count(EMPTY, len(places))
