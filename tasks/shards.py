"""Encoding split over machines: shards of sentences that travel through object storage, addressed by key.

A shard is text in, training features out. Nothing else is shared: whoever encodes one needs the object store and the
release it names, never the engine or the sentence store. A shard that is done is not done again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import shutil
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.bundle import file_digest
from minicoil.config import SamplingConfig
from minicoil.errors import StoreError
from minicoil.occurrences import OccurrenceReader, OccurrenceWriter
from minicoil.untrusted import load_array, parse_json
from minicoil.whole_files import write_whole
from tasks.features import Chosen, encode_features
from tasks.object_store import ObjectStore
from tasks.place import Place
from tasks.sentence_encoder import open_encoders
from tasks.sentence_store import Sentence, SentenceStore
from tasks.shard_files import ShardModel, pack, sampling_from, unpack

logger = logging.getLogger(__name__)
_PAGE = 2048
_VERSION = 1


class ShardSentences:
    """The sentences of one shard, where encoding looks for a sentence store; vectors stay with the result."""

    def __init__(self, rows: Sequence[tuple[int, str]]) -> None:
        self._texts = dict(rows)

    def texts(self, keys: Sequence[int]) -> Iterator[list[Sentence]]:
        """The sentences of `keys`, in lists."""
        for start in range(0, len(keys), _PAGE):
            known = (key for key in keys[start : start + _PAGE] if key in self._texts)  # others were deleted meanwhile
            yield [Sentence(key, self._texts[key], "") for key in known]

    def set_vectors(self, keys: Sequence[int], role: NDArray[np.float32]) -> None:
        """They are written to the real store when shards are merged."""


def cut_shards(
    store: ObjectStore,
    sentences: SentenceStore,
    forms: Mapping[str, Sequence[str]],
    chosen: Chosen,
    sampling: SamplingConfig,
    model: ShardModel,
    n_shards: int,
) -> list[str]:
    """Write the inputs of `n_shards` shards; the same request gives the same keys, and finds what is done.

    Args:
        store: Where shards travel.
        sentences: Where their text comes from.
        forms: Vocabulary entry -> surface forms.
        chosen: Vocabulary entry -> (n,) uint64 keys of its sentences.
        sampling: As without shards; the snippets of a word are drawn from all shards in equal parts.
        model: What to encode with.
        n_shards: Ranges of keys, which are hashes: equally large, and a fair draw each.
    """
    keys = np.unique(np.concatenate([*chosen.values(), np.zeros(0, np.uint64)]))
    share = replace(sampling, max_snippets=-(-sampling.max_snippets // n_shards))
    head = {
        "version": _VERSION,
        "model": asdict(model),
        "sampling": asdict(share),
        "forms": {w: list(forms[w]) for w in sorted(forms)},
    }
    digest = hashlib.sha256(json.dumps([head, n_shards]).encode() + keys.tobytes()).hexdigest()[:24]
    known = {entry.key for entry in store.list(f"shards/{digest}/")}
    places = []
    for number, part in enumerate(np.array_split(keys, n_shards)):
        key = f"shards/{digest}/{number}.json.gz"
        places.append(key)
        if key in known or not len(part):
            continue
        rows = [(s.key, s.text) for page in sentences.texts([int(k) for k in part]) for s in page]
        own = {word: np.intersect1d(word_keys, part).tolist() for word, word_keys in chosen.items()}
        document = {**head, "chosen": own, "sentences": rows}
        store.write(key, gzip.compress(json.dumps(document, ensure_ascii=False).encode(), 1))
    return [key for key, part in zip(places, np.array_split(keys, n_shards), strict=True) if len(part)]


def encode_shard(place: Place, key: str) -> dict[str, Any]:
    """Encode one shard where it is not encoded yet.

    Returns:
        `result` (key of the features), `n_sentences`, `seconds` of this call, `cpu_seconds` of its process.

    Raises:
        ConflictError: the channel moved since the shard was cut.
        StoreError: the shard is damaged.
    """
    store, result, started, cpu = place.objects(), result_key(key), time.monotonic(), time.process_time()
    if store.stat(result) is not None:
        return {"result": result, "n_sentences": 0, "seconds": 0.0, "cpu_seconds": 0.0}
    document = _read(store, key)
    model = ShardModel(**document["model"])
    parent = model.open(place, key)
    chosen = {word: np.asarray(keys, dtype=np.uint64) for word, keys in document["chosen"].items()}
    rows = [(int(k), str(text)) for k, text in document["sentences"]]
    folder = place.work / "shards" / key.split("/")[1] / key.split("/")[2].split(".")[0]
    encoders = open_encoders(parent, model.encoder, model.role_model)
    sentences: Any = ShardSentences(rows)  # encoding asks a store for texts and gives it vectors, and no more
    encode_features(sentences, encoders, document["forms"], chosen, sampling_from(document["sampling"]), folder)
    archive = folder.with_suffix(".zip")
    pack(folder, archive)
    store.upload(result, archive, file_digest(archive))
    shutil.rmtree(folder, ignore_errors=True)
    archive.unlink()
    seconds = round(time.monotonic() - started, 1)
    logger.info("%s: %d sentences in %.1f s", key, len(rows), seconds)
    used = round(time.process_time() - cpu, 1)
    return {"result": result, "n_sentences": len(rows), "seconds": seconds, "cpu_seconds": used}


def merge_shards(store: ObjectStore, keys: Sequence[str], sentences: SentenceStore, folder: Path) -> None:
    """Make one features folder of all shards' results, as encoding in one place would have, and drop the shards.

    Args:
        store: Where the results are.
        keys: Of the inputs, in order.
        sentences: Gets the role-model vectors.
        folder: For the result; complete when `words.json` is there.
    """
    parts = [
        unpack(store, result_key(key), folder.with_name(f"{folder.name}.{number}")) for number, key in enumerate(keys)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words.json").unlink(missing_ok=True)
    tables = [load_array(part / "keys.npy") for part in parts]
    roles = [load_array(part / "role.npy", mmap_mode="r") for part in parts]
    starts = np.cumsum([0, *(len(table) for table in tables)])
    words = parse_json((parts[0] / "words.json").read_text("utf-8"))
    np.save(folder / "keys.npy", np.concatenate(tables))
    np.save(folder / "role.npy", np.concatenate(roles))
    width = _width(parts)
    for kind in ("sentences", "snippets"):
        with OccurrenceWriter(folder / kind, width) as writer:
            for part, start in zip(parts, starts[:-1], strict=True):
                _append(writer, OccurrenceReader(part / kind, width), len(words), int(start))
    for table, role in zip(tables, roles, strict=True):
        for page in range(0, len(table), _PAGE):
            rows = slice(page, page + _PAGE)
            sentences.set_vectors([int(key) for key in table[rows]], np.asarray(role[rows], np.float32))
    write_whole(folder / "words.json", json.dumps(words))  # last: the folder is complete
    for part in parts:
        shutil.rmtree(part, ignore_errors=True)
    for key in keys:
        store.delete(key)
        store.delete(result_key(key))


def result_key(key: str) -> str:
    """Where the features of the shard at `key` go."""
    return key.removesuffix(".json.gz") + ".zip"


def _append(writer: OccurrenceWriter, reader: OccurrenceReader, n_words: int, start: int) -> None:
    for word in range(n_words):
        rows, embeddings = reader.read(word)
        if len(rows):
            writer.append(np.full(len(rows), word, dtype=np.int64), rows + start, embeddings)


def _width(parts: Sequence[Path]) -> int:
    """D, from the first shard that has an occurrence."""
    for part in parts:
        n = len(load_array(part / "sentences" / "index.npy"))
        if n:
            return (part / "sentences" / "embeddings.f16").stat().st_size // (2 * n)
    return 1


def _read(store: ObjectStore, key: str) -> dict[str, Any]:
    try:
        document = parse_json(gzip.decompress(store.read(key)))
        if document["version"] != _VERSION:
            raise ValueError(f"version {document['version']}")
        return dict(document)
    except (ValueError, KeyError, TypeError, OSError, EOFError, zlib.error) as error:
        raise StoreError(f"{store.url}/{key} is no shard of this program ({error}); run the extension again") from error
