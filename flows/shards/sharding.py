"""How work is spread: over this machine's processes, over the pool's workers, over a Dask cluster, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from flows.orchestration import run_logger, server_address
from flows.shards.dask_cluster import spread_on_cluster
from flows.shards.shard_processes import spread_on_processes
from minicoil.config import SamplingConfig
from minicoil.encoder import processes
from minicoil.errors import UsageError
from minicoil.files import BundleLayout
from minicoil.text import read_language
from tasks.place import Place
from tasks.reading import PieceReading, Reading
from tasks.sentences import KeptSentences, SentenceStore
from tasks.settings import Settings
from tasks.shards import ShardModel, TrainingWork, cut_shards, cut_training, merge_shards
from tasks.training import Chosen, Features

_READER_BYTES = 2**29  # of a process that reads: a piece of columns while it grows, and the words of a piece


def read_in_shards(
    place: Place, name: str, specs: Sequence[str], store: KeptSentences | None, keep: bool, model: Path
) -> Reading | None:
    """Read corpora in pieces, on whatever the settings name; None where there is but one piece.

    Args:
        place: Where.
        name: Of whoever reads; one reading of that name goes on at a time.
        specs: What to read.
        store: Where sentences are; None where none was ever read, by somebody who only looks.
        keep: Whether new sentences are added; else they are only counted, by this machine's processes.
        model: Folder with the tokenizer, which says the language.

    Raises:
        CorpusError: a SPEC names nothing, or nothing usable was found.
        StoreUnavailableError: pieces could not be read; those that were are kept.
        UsageError: the settings cannot work here.
    """
    settings = Settings()
    reading = PieceReading.cut(place, name, specs, not keep, read_language(BundleLayout(model).facts))
    if len(reading.pieces) < 2:
        return None
    if keep and settings.read_shards > 1:
        return reading.read(store, keep, model, partial(_spread_reading, reading.place, settings), settings.read_shards)
    n = settings.read_processes or processes(_READER_BYTES)
    run_logger().info("reading %d pieces in %d processes", len(reading.pieces), n)

    def spread(label: str, keys: Sequence[str]) -> None:
        spread_on_processes("read-shard", reading.place, keys, n, label)

    return reading.read(store, keep, model, spread)


def _spread_reading(place: Place, settings: Settings, label: str, keys: Sequence[str]) -> None:
    run_logger().info("%s", label)
    _spread("read-shard", place, keys, settings)


def encode_in_shards(
    place: Place,
    sentences: SentenceStore,
    forms: Mapping[str, Sequence[str]],
    chosen: Chosen,
    sampling: SamplingConfig,
    model: ShardModel,
    folder: Path,
) -> None:
    """Fill the features folder of an extension by shards, if the settings ask for any.

    Afterwards encoding finds the folder complete and does nothing.

    Raises:
        StoreUnavailableError: shards could not be encoded; those that were are kept.
        UsageError: the settings cannot work here.
    """
    settings = Settings()
    if settings.encode_shards < 2 or (folder / "words.json").exists():
        return
    objects = place.objects()
    keys = cut_shards(objects, sentences, forms, chosen, sampling, model, settings.encode_shards)
    _spread("encode-shard", place, keys, settings)
    merge_shards(objects, keys, sentences, folder)


def train_in_shards(place: Place, work: TrainingWork, features: Features, folder: Path) -> bool:
    """Train the words of a run by shards, if the settings ask for any; whether they did.

    Afterwards every word of it is remembered, as if an earlier run had trained it.

    Raises:
        StoreUnavailableError: shards could not be trained; what the others learned is kept.
        UsageError: the settings cannot work here.
    """
    settings, objects = Settings(), place.objects()
    if settings.train_shards < 2:
        return False
    keys = cut_training(objects, work, features, settings.train_shards, folder)
    _spread("train-shard", place, keys, settings)
    for key in keys:
        objects.delete(key)
    return True


def _spread(what: str, place: Place, keys: Sequence[str], settings: Settings) -> None:
    """Have the flow `what` done with every key, on whatever the settings name; waits for all."""
    run_logger().info("%s: %d shards (%s)", what, len(keys), settings.shard_runner)
    if server_address() is not None:
        from flows.shards import shard_runs

        if settings.shard_runner == "dask":
            shard_runs.spread_on_dask(what, place, keys, settings.dask_scheduler)
        else:
            shard_runs.spread_on_workers(what, place, keys)
    elif settings.shard_runner == "dask":
        spread_on_cluster(what, place, keys, settings.dask_scheduler)
    else:
        raise UsageError(
            "shards go to the workers of a Prefect server, and none is named; set PREFECT_API_URL or start `minicoil "
            "serve`; or set MINICOIL_SHARD_RUNNER=dask, or MINICOIL_READ_SHARDS, MINICOIL_ENCODE_SHARDS and "
            "MINICOIL_TRAIN_SHARDS to 1"
        )
