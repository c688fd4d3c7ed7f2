"""A corpus read in pieces by many: split, given to owners, counted, and put together as one reading."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from minicoil.errors import StoreError
from minicoil.files import parse_json, write_json
from minicoil.keys import KeyRuns
from minicoil.text import ENGLISH, Language
from minicoil.words import WordCounts
from tasks.corpus import Piece, cut_corpora, nothing_found
from tasks.documents import CorpusReport
from tasks.place import Place
from tasks.progress import track
from tasks.reading.counting import CountingRun, CountSum, store_tokenizer
from tasks.reading.ownership import give_sentences
from tasks.reading.piece_files import LOOKING, PREFIX, PieceFiles
from tasks.reading.reading import Reading
from tasks.reading.reading_shards import cut_counting, cut_splitting
from tasks.sentences import KeptSentences
from tasks.store import ObjectStore

_VERSION = 1  # of what pieces look like, and of how sentences are cut beside the splitter's own
Spread = Callable[[str, Sequence[str]], None]


@dataclass
class PieceReading:
    """A reading that is cut into pieces.

    Attributes:
        place: Whose object store has the pieces on their way.
        scope: Prefix of all its objects; whoever else reads there waits, or uses another.
        specs: What is read.
        pieces: Of it, in order.
        report: What was met while cutting.
        language: Of the corpora.
    """

    place: Place
    scope: str
    specs: Sequence[str]
    pieces: list[Piece]
    report: CorpusReport
    language: Language = ENGLISH

    @staticmethod
    def cut(
        place: Place, name: str, specs: Sequence[str], only_looks: bool = False, language: Language = ENGLISH
    ) -> PieceReading:
        """Cut corpora.

        Args:
            place: Where pieces travel.
            name: Of whoever reads; one reading of that name goes on at a time.
            specs: What to read.
            only_looks: Whether nothing may be written but under the home, in the folder for work.
            language: Of the corpora.

        Raises:
            CorpusError: a SPEC names no file that is read.
            CollectionError: a SPEC names no collection.
        """
        if only_looks:
            place = Place(place.home, (place.work / LOOKING).as_uri(), place.qdrant_url)
        from importlib.metadata import version  # brings a parser of mails along, which no search needs

        said = [] if language.is_english else [language.code]
        rules = write_json([name, _VERSION, version("sentencex"), *said])
        scope = f"{PREFIX}{hashlib.sha256(rules.encode()).hexdigest()[:12]}/"
        report, is_asked = CorpusReport(), any(spec.startswith("qdrant:") for spec in specs)
        with place.points() if is_asked else nullcontext() as points:
            pieces = list(cut_corpora(specs, report, points=points))
        return PieceReading(place, scope, specs, pieces, report, language)

    def read(
        self, store: KeptSentences | None, keep: bool, model: Path, spread: Spread, n_shards: int | None = None
    ) -> Reading:
        """Read it; pieces that are done are not done again.

        Args:
            store: Where sentences are; None where none was ever read, by somebody who only looks.
            keep: Whether new sentences are added; else they are only counted.
            model: Folder with the tokenizer.
            spread: Has `read_shard` done with every key that it is given, under a label, and waits for all.
            n_shards: Shards at most; None: one a piece.

        Raises:
            EmptyCorpusError: nothing usable was found.
            StoreError: the object store fails, or a piece is damaged.
        """
        objects = self.place.objects()
        self._split(objects, spread, n_shards)
        run = self._run(store if keep else None, model)
        files = [PieceFiles(objects, self.scope, piece.digest) for piece in self.pieces]
        known = KeyRuns() if store is None else store.known_keys()
        numbers = track(range(len(files)), "finding new sentences", len(files), "pieces")
        owned = give_sentences(files, run.name, known, self.report, numbers)
        del known
        if not owned.n_documents:
            raise nothing_found(self.specs, self.report)
        store_tokenizer(objects, run, model)
        counted = CountSum(files, run.name, WordCounts(self.language))
        with counted.meanwhile():
            _each(spread, "counting words", cut_counting(objects, run, self._uncounted(files, run), n_shards))
        for _ in track(counted.finish(), "adding counts", len(files), "pieces"):
            pass
        for entry in list(objects.list(self.scope)):
            objects.delete(entry.key)
        return Reading(
            counted.counts,
            self.report,
            owned.digest,
            owned.n_documents,
            owned.n_sentences,
            owned.n_new,
            owned.keys.sorted_keys(),
        )

    def _split(self, objects: ObjectStore, spread: Spread, n_shards: int | None) -> None:
        """Have all pieces split; a file that changes while it is read in stretches is read again, whole."""
        while True:
            there = {entry.key for entry in objects.list(f"{self.scope}pieces/")}
            files = {piece.digest: PieceFiles(objects, self.scope, piece.digest) for piece in self.pieces}
            left = [piece for piece in self.pieces if files[piece.digest].documents not in there]
            if not left:
                return
            _each(spread, "splitting sentences", cut_splitting(objects, self.scope, left, n_shards, self.language.code))
            changed = set[str]()
            for piece in left:
                own = files[piece.digest]
                if objects.stat(own.changed) is not None:
                    changed |= set(parse_json(objects.read(own.changed)))
                    objects.delete(own.changed)
                elif objects.stat(own.documents) is None:
                    raise StoreError(f"{own.documents} is gone from {objects.url}; run the same command again")
            if not changed:
                return
            self.pieces = [whole for piece in self.pieces if (whole := piece.with_whole(changed)) is not None]

    def _run(self, store: KeptSentences | None, model: Path) -> CountingRun:
        """What the pieces are counted with, named by all of that."""
        columns = None if store is None else store.name
        digests = [piece.digest for piece in self.pieces]
        rules = [columns, hashlib.sha256((model / "tokenizer.json").read_bytes()).hexdigest(), digests]
        return CountingRun(self.scope, hashlib.sha256(write_json(rules).encode()).hexdigest()[:16], columns)

    @staticmethod
    def _uncounted(files: Iterable[PieceFiles], run: CountingRun) -> list[str]:
        return [piece.digest for piece in files if piece.store.stat(piece.counts(run.name)) is None]


def _each(spread: Spread, label: str, keys: Sequence[str]) -> None:
    if keys:
        spread(label, keys)
