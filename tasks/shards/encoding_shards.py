"""Encoding split over machines: shards of sentences that travel through object storage, addressed by key.

A shard is text in, training features out. Nothing else is shared: whoever encodes one needs the object store and the
release it names, never the engine or the sentence store. A shard that is done is not done again.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import shutil
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.config import SamplingConfig
from minicoil.files import parse_json, write_json, write_whole
from minicoil.folder import file_digest
from minicoil.training import OccurrenceReader, OccurrenceWriter
from tasks.models import open_encoders
from tasks.place import Place
from tasks.sentences import Sentence, SentenceStore
from tasks.shards.shard_files import ShardModel, damaged, open_features, pack, refuse_version, sampling_from
from tasks.store import ObjectStore
from tasks.training import Chosen, encode_features

logger = logging.getLogger(__name__)
_PAGE = 2048
_VERSION = 2  # 1 was English alone


@dataclass(frozen=True)
class _Shard:
    """What one shard's input says.

    Attributes:
        forms: Vocabulary entry -> surface forms.
        chosen: Vocabulary entry -> (n,) uint64 keys of its sentences in this shard.
        rows: Key and text of each sentence.
    """

    model: ShardModel
    sampling: SamplingConfig
    forms: Mapping[str, Sequence[str]]
    chosen: Chosen
    rows: Sequence[tuple[int, str]]


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
    digest = hashlib.sha256(write_json([head, n_shards], ascii_only=True).encode() + keys.tobytes()).hexdigest()[:24]
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
        store.write(key, gzip.compress(write_json(document).encode(), 1))
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
    shard = _read(store, key)
    parent = shard.model.open(place, key)
    folder = place.work / "shards" / key.split("/")[1] / key.split("/")[2].split(".")[0]
    encoders = open_encoders(parent, shard.model.encoder, shard.model.role_model)
    sentences: Any = ShardSentences(shard.rows)  # encoding asks a store for texts and gives it vectors, and no more
    encode_features(sentences, encoders, shard.forms, shard.chosen, shard.sampling, folder)
    archive = folder.with_suffix(".zip")
    pack(folder, archive)
    store.upload(result, archive, file_digest(archive))
    shutil.rmtree(folder, ignore_errors=True)
    archive.unlink()
    seconds = round(time.monotonic() - started, 1)
    logger.info("%s: %d sentences in %.1f s", key, len(shard.rows), seconds)
    used = round(time.process_time() - cpu, 1)
    return {"result": result, "n_sentences": len(shard.rows), "seconds": seconds, "cpu_seconds": used}


def merge_shards(store: ObjectStore, keys: Sequence[str], sentences: SentenceStore, folder: Path) -> None:
    """Make one features folder of all shards' results, as encoding in one place would have, and drop the shards.

    Args:
        store: Where the results are.
        keys: Of the inputs, in order.
        sentences: Gets the role-model vectors.
        folder: For the result; complete when `words.json` is there.

    Raises:
        StoreError: a result is damaged, and was removed.
    """
    parts = [
        open_features(store, result_key(key), folder.with_name(f"{folder.name}.{n}")) for n, key in enumerate(keys)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words.json").unlink(missing_ok=True)
    starts = np.cumsum([0, *(len(part.keys) for part in parts)])
    np.save(folder / "keys.npy", np.concatenate([part.keys for part in parts]))
    np.save(folder / "role.npy", np.concatenate([part.role for part in parts]))
    words, width = parts[0].words, max(part.width for part in parts)
    for kind in ("sentences", "snippets"):
        with OccurrenceWriter(folder / kind, width) as writer:
            for part, start in zip(parts, starts[:-1], strict=True):
                _append(writer, OccurrenceReader(part.folder / kind, part.width), len(words), int(start))
    for part in parts:
        for page in range(0, len(part.keys), _PAGE):
            rows = slice(page, page + _PAGE)
            sentences.set_vectors([int(key) for key in part.keys[rows]], np.asarray(part.role[rows], np.float32))
    write_whole(folder / "words.json", write_json(words, ascii_only=True))  # last: the folder is complete
    for part in parts:
        shutil.rmtree(part.folder, ignore_errors=True)
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


def _read(store: ObjectStore, key: str) -> _Shard:
    try:
        document = parse_json(gzip.decompress(store.read(key)))
        refuse_version(store, key, document["version"], _VERSION)
        return _Shard(
            ShardModel(**document["model"]),
            sampling_from(document["sampling"]),
            {str(word): [str(form) for form in forms] for word, forms in document["forms"].items()},
            {str(word): np.asarray(keys, dtype=np.uint64) for word, keys in document["chosen"].items()},
            [(int(key), str(text)) for key, text in document["sentences"]],
        )
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, OSError, EOFError, zlib.error) as error:
        raise damaged(store, key, error) from error
