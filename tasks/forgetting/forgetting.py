"""A document taken out of everything that this service keeps, and what it taught told by name.

What the document is recognised by goes last: killed at any moment, the same call finds it again and finishes. A note
of what was found is kept under the home until then, without any text.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import shlex
import shutil
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minicoil.errors import UsageError
from minicoil.files import parse_json, write_json, write_whole
from tasks.catalogue import open_record, read_registry, resolve_names
from tasks.disk import writer_lock
from tasks.embeddings import forget_embeddings, forget_sentences
from tasks.forgetting.redaction import redact_releases, redact_reports, remove_copies
from tasks.place import Place
from tasks.points import PointStore
from tasks.reading import LOOKING, PREFIX as READING
from tasks.sentences import KeptSentences, Traces, find_traces, find_words
from tasks.shards import result_key
from tasks.store import ObjectStore, record_deed
from tasks.training import WordMemory

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ForgetRequest:
    """What to forget.

    Attributes:
        docs: Ids of documents, as points and sentences carry them in `doc`.
        corpus: SPECs that the ids belong to; empty: wherever they were read.
        collections: Whose points of these documents go as well.
        dry_run: Only say what would go.
    """

    docs: tuple[str, ...]
    corpus: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    dry_run: bool = False

    def __post_init__(self) -> None:
        if not self.docs or not all(self.docs):
            raise UsageError("an id of a document was expected and none was given; pass --doc ID")

    @property
    def name(self) -> str:
        """Of its note; equal requests have equal names."""
        document = write_json([sorted(set(self.docs)), sorted(self.corpus), sorted(self.collections)], ascii_only=True)
        return hashlib.blake2b(document.encode(), digest_size=12).hexdigest()


def forget_documents(place: Place, request: ForgetRequest) -> dict[str, Any]:
    """Remove documents' sentences from stores, caches, unfinished runs and reports; name the words they taught.

    Returns:
        `n_sentences`, `n_shared`, `words`, `retrain` (commands), `releases` and `reports` redacted, `copies` removed,
        `collections` with their points, `remains` (what is not this command's to remove, and why).

    Raises:
        BusyError: another command writes on this home.
        CollectionError: a collection is not registered, or is fed by its own writer.
        CorpusError: the corpus has no such document.
    """
    with writer_lock(place.home, "forget"), place.points() as points:
        names = _collections(place, request.collections)
        traces = find_traces(place, points, request.docs, request.corpus)
        note = _Note(place.home / "forgetting" / f"{request.name}.json")
        facts = note.read() or _facts(place, traces, names)
        if not request.dry_run:
            _drop_readings(place)
        if not (traces.sentences or traces.texts or note.path.exists()):
            # encoded texts are known by their words alone: one that was only judged is found by its text, not by its id
            message = (
                f"nothing to do: no sentence and no point of {', '.join(request.docs)} is kept here; what was only "
                "judged or tried may be in the cache of encoded texts: `--corpus FILE` with its text takes it out there"
            )
            return {**_public(facts, request), "message": message, "remains": []}
        certain = True
        if not request.dry_run:
            note.write(facts)
            _redact(place, traces, dry_run=False)
            _forget_copies(place, traces, facts["digests"])
            certain = _delete(place, points, traces, names)
        answer = _public(facts, request)
        answer["remains"] = _remains(answer, place, certain, names)
        if not request.dry_run:
            record_deed(place.objects(), "forget", {key: answer[key] for key in _AUDITED})
            note.path.unlink()
        return answer


_NOTED = {"n_sentences": int, "n_shared": int, **dict.fromkeys(("words", "digests", "collections", "releases"), list)}
_AUDITED = ("docs", "n_sentences", "words", "releases", "reports", "collections")


@dataclass(frozen=True)
class _Note:
    """What an unfinished call found, without text: hashes, counts, words."""

    path: Path

    def read(self) -> dict[str, Any] | None:
        try:
            facts = parse_json(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:  # cannot be by a kill, it is renamed into place
            logger.warning("%s cannot be used (%s); words are counted again", self.path, error)
            return None
        if isinstance(facts, dict) and all(isinstance(facts.get(name), kind) for name, kind in _NOTED.items()):
            return facts
        logger.warning("%s is no note of this program; words are counted again", self.path)
        return None

    def write(self, facts: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, write_json(facts))


def _facts(place: Place, traces: Traces, names: Collection[str]) -> dict[str, Any]:
    rows = find_words(place, list(traces.sentences.values()))
    words = [{key: value for key, value in row.items() if key != "digest"} for row in rows]
    digests = sorted({row["digest"] for row in rows if row["digest"]})
    counts: dict[str, Any] = {"n_sentences": len(traces.sentences), "n_shared": traces.n_shared}
    counts["collections"] = [_collection_row(name, ids, names) for name, ids in sorted(traces.points.items())]
    return {**counts, "words": words, "digests": digests, **_redact(place, traces, dry_run=True)}


def _collections(place: Place, names: Sequence[str]) -> set[str]:
    names = resolve_names(place, names)
    for name in names:
        if open_record(place.objects(), name).has_owner:
            raise UsageError(
                f"collection '{name}' is fed by its own writer; delete the document's points where they are written"
            )
    return set(names)


def _redact(place: Place, traces: Traces, dry_run: bool) -> dict[str, Any]:
    quotes, store = traces.quotes, place.objects()
    return {
        "releases": redact_releases(store, quotes, place.home / "forgetting", dry_run),
        "reports": redact_reports(store, quotes, dry_run),
        "copies": remove_copies(place.home, quotes, dry_run),
    }


def _forget_copies(place: Place, traces: Traces, digests: Collection[str]) -> None:
    """Everything that can be made again, and holds the sentences or what was computed from them."""
    forget_sentences(place.cache / "sentences", traces.cached_keys)
    forget_embeddings(place.cache, traces.texts)
    for folder in (place.work, place.cache / "joined"):  # unfinished runs begin anew; joined corpora are read again
        if folder.exists():
            shutil.rmtree(folder)
    _drop_shards(place.objects(), traces.sentences.keys())
    WordMemory(place.objects()).forget(digests)


def _drop_readings(place: Place) -> None:
    """Pieces of readings that were killed, which hold text of whatever documents; these are read again from the start.

    No store has their sentences yet, so that nobody can say whose they are.
    """
    store = place.objects()
    for entry in list(store.list(READING)):
        store.delete(entry.key)
    shutil.rmtree(place.work / LOOKING, ignore_errors=True)


def _drop_shards(store: ObjectStore, keys: Collection[int]) -> None:
    """Shards of unfinished runs that carry one of the sentences; whoever waits for one cuts it again."""
    for entry in list(store.list("shards/")):
        if not entry.key.endswith(".json.gz"):
            continue
        try:
            held = {int(row[0]) for row in parse_json(gzip.decompress(store.read(entry.key)))["sentences"]}
        except (ValueError, KeyError, TypeError, IndexError, EOFError, OSError, zlib.error) as error:
            logger.warning("%s is no shard (%s) and is removed", entry.key, error)
            held = set(keys)
        if held & set(keys):
            store.delete(result_key(entry.key))
            store.delete(entry.key)
    for entry in list(store.list("training/")):  # embeddings, of whatever sentences
        store.delete(entry.key)


def _delete(place: Place, points: PointStore, traces: Traces, names: Collection[str]) -> bool:
    """Points first, then sentences, by which all of it would be found again; then off the disk."""
    certain = True
    for name in sorted(names):
        points.delete(name, traces.points.get(name, []))
        certain &= points.purge(name)
    for store in KeptSentences.all_kept(place, points):
        store.delete(list(traces.sentences))
        certain &= store.purge()
    return certain


def _collection_row(name: str, ids: Sequence[Any], chosen: Collection[str]) -> dict[str, Any]:
    return {"name": name, "n_points": len(ids), "n_deleted": len(ids) if name in chosen else 0}


def _public(facts: dict[str, Any], request: ForgetRequest) -> dict[str, Any]:
    """The answer for people: layers' digests are for this module alone, and commands are added."""
    public = {key: value for key, value in facts.items() if key != "digests"}
    asked = {"docs": list(request.docs), "dry_run": request.dry_run}
    return {**asked, **public, "retrain": retrain_commands(facts["words"], request.corpus)}


def retrain_commands(words: Sequence[dict[str, Any]], corpus: Sequence[str]) -> list[str]:
    """Commands after which no served layer has learned from what is forgotten.

    Extending alone would not do: a new layer is taken only where it is better than the old one, and the old one is
    what must go.

    >>> retrain_commands([{"word": "pod", "forms": ["pods"], "channel": "production"}], ["docs/"])
    ['minicoil remove pods --channel production', 'minicoil extend pods --channel production --corpus docs/']
    """
    commands = []
    specs = " ".join(f"--corpus {shlex.quote(spec)}" for spec in corpus) or "--corpus SPEC"
    for channel in dict.fromkeys(row["channel"] for row in words):
        named = [(row["forms"] or [row["word"]])[0] for row in words if row["channel"] == channel]
        listed = " ".join(shlex.quote(word) for word in named)
        commands.append(f"minicoil remove {listed} --channel {channel}")
        commands.append(f"minicoil extend {listed} --channel {channel} {specs}")
    return commands


def _remains(answer: dict[str, Any], place: Place, certain: bool, chosen: Collection[str]) -> list[str]:
    """What is not this command's to remove, each with its reason and the next move."""
    remains = ["the document in its corpus: take it out there, or the next reading brings its sentences back"]
    for row in answer["collections"]:
        if row["n_points"] and row["name"] not in chosen:
            remains.append(
                f"{row['n_points']:,} points in collection '{row['name']}', which is yours: add --collection "
                f"{row['name']} to delete them, or index the corpus again without it: `minicoil index {row['name']} "
                "--corpus SPEC --delete-missing`"
            )
    registry = read_registry(place.objects())
    for lost in registry.damaged:
        remains.append(f"points of collection '{lost.name}', which were not looked at: {lost.error}")
    attached = [record.name for record in registry.records if record.has_owner]
    if attached:
        remains.append(f"points of attached collections ({', '.join(attached)}): their own writer deletes them")
    if answer["words"]:
        remains.append(
            f"layers of {len(answer['words']):,} words that may have learned from it, and the prior and ledger beside "
            "them: numbers and single words, no sentences; retrain them, then `minicoil release prune` drops releases "
            "that have them"
        )
    if not certain:
        remains.append("bytes of deleted points on the Qdrant server's disk until its optimiser frees them")
    if place.qdrant_url is not None or place.store_url.startswith("s3://"):
        remains.append("caches, pages and sentences of other homes on this store: run the same command there")
    remains.append("copies made by hand: pulled releases, saved reports, backups")
    return remains
