"""Training split over machines: shards of words that travel through object storage, addressed by key.

A shard brings the encoded sentences of its words, and no text; what it learned goes where every trained word goes, to
`words/` by digest. So nothing is merged: a run remembers what its shards learned as if an earlier run had trained it,
and a shard that is done, or half done, is not done again.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicoil.config import GateConfig, TrainingConfig, TripletConfig
from minicoil.errors import ConflictError, StoreError
from minicoil.files import load_array, parse_json, write_json
from minicoil.folder import file_digest
from minicoil.words import Candidate, WordUse
from tasks.models import choose_device
from tasks.place import Place
from tasks.shards.shard_files import ShardModel, damaged, open_features, pack, refuse_version, sampling_from
from tasks.store import ObjectStore
from tasks.training import Features, Judge, TrainingPlan, WordDigest, WordMemory, cut_features, find_prior, train_unit

logger = logging.getLogger(__name__)
_VERSION = 2  # 1 was English alone
_HEAD = "shard.json"


@dataclass(frozen=True)
class TrainingWork:
    """What the words of a run are trained with, wherever they are.

    Attributes:
        candidates: Words that are still to be trained.
        digests: Of all of them, by word.
        domain: (n,) uint64 keys, sorted, of the run's corpus.
        origin: Of the prior, which object storage or the parent has.
    """

    candidates: Sequence[Candidate]
    digests: Mapping[str, WordDigest]
    domain: NDArray[np.uint64]
    origin: str
    plan: TrainingPlan
    model: ShardModel


def cut_training(store: ObjectStore, work: TrainingWork, features: Features, n_shards: int, folder: Path) -> list[str]:
    """Write `n_shards` shards, each with words of every size; the same run cuts the same ones and finds them there.

    Args:
        store: Where shards travel.
        work: What is to be trained.
        features: Encoded sentences of its words.
        n_shards: At most one a word.
        folder: For their files on their way.
    """
    ordered = sorted(work.candidates, key=lambda candidate: (features.count(candidate.word), candidate.word))
    digests = [work.digests[candidate.word].full for candidate in ordered]
    name = hashlib.sha256(write_json([_VERSION, n_shards, digests], ascii_only=True).encode()).hexdigest()[:24]
    known = {entry.key for entry in store.list(f"training/{name}/")}
    keys = []
    for number in range(min(n_shards, len(ordered))):
        key = f"training/{name}/{number}.zip"
        keys.append(key)
        if key not in known:
            _write_shard(store, key, work, ordered[number::n_shards], features, folder / str(number))
    return keys


def train_shard(place: Place, key: str) -> dict[str, Any]:
    """Train what is not yet trained of one shard.

    Returns:
        `n_words` trained by this call, `seconds` of it, `cpu_seconds` of its process.

    Raises:
        ConflictError: the channel moved since the shard was cut, or another version of this program cut it.
        StoreError: the shard is damaged.
    """
    store, started, cpu = place.objects(), time.monotonic(), time.process_time()
    folder = place.work / key.removesuffix(".zip")
    features = open_features(store, key, folder)
    work = _read(store, key, folder)
    parent = work.model.open(place, key)
    memory = WordMemory(store)
    known = memory.read([digest.full for digest in work.digests.values()])
    rest = [candidate for candidate in work.candidates if work.digests[candidate.word].full not in known]
    prior = find_prior(parent, work.origin, memory)
    if prior is None:
        raise StoreError(
            f"the prior {work.origin[:12]} of {key} is not in {store.url} any more; run the extension again"
        )
    if rest:
        plan = work.plan
        judge = Judge(parent, prior, plan.gate, plan.triplets, plan.training.seed, work.domain)
        train_unit(rest, work.digests, features, judge, plan, memory, choose_device())
    shutil.rmtree(folder, ignore_errors=True)
    seconds, used = round(time.monotonic() - started, 1), round(time.process_time() - cpu, 1)
    logger.info("%s: %d words in %.1f s", key, len(rest), seconds)
    return {"n_words": len(rest), "seconds": seconds, "cpu_seconds": used}


def _write_shard(
    store: ObjectStore, key: str, work: TrainingWork, members: Sequence[Candidate], features: Features, folder: Path
) -> None:
    cut_features(features, [candidate.word for candidate in members], folder)
    np.save(folder / "domain.npy", np.intersect1d(work.domain, load_array(folder / "keys.npy")))
    head = {
        "version": _VERSION,
        "model": asdict(work.model),
        "plan": asdict(work.plan),
        "plan_digest": work.plan.digest,
        "origin": work.origin,
        "digests": {c.word: asdict(work.digests[c.word]) for c in members},
        "candidates": [_to_row(candidate) for candidate in members],
    }
    (folder / _HEAD).write_text(write_json(head, ascii_only=True), encoding="utf-8")
    archive = folder.with_suffix(".zip")
    pack(folder, archive)
    store.upload(key, archive, file_digest(archive))
    shutil.rmtree(folder, ignore_errors=True)
    archive.unlink()


def _read(store: ObjectStore, key: str, folder: Path) -> TrainingWork:
    try:
        head = parse_json((folder / _HEAD).read_text("utf-8"))
        refuse_version(store, key, head["version"], _VERSION)
        digests = {word: WordDigest(**digest) for word, digest in head["digests"].items()}
        candidates = [_from_row(row) for row in head["candidates"]]
        domain, plan = load_array(folder / "domain.npy"), _plan(head["plan"])
        work = TrainingWork(candidates, digests, domain, str(head["origin"]), plan, ShardModel(**head["model"]))
        same_code = plan.digest == head["plan_digest"]
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, OSError) as error:
        raise damaged(store, key, error) from error
    if not same_code:
        raise ConflictError(
            f"{key} was cut by another version of this program, whose trainer differs; install the same version on all "
            "workers, then run the extension again"
        )
    return work


def _plan(values: Mapping[str, Any]) -> TrainingPlan:
    return TrainingPlan(
        training=TrainingConfig(**values["training"]),
        sampling=sampling_from(values["sampling"]),
        triplets=TripletConfig(**values["triplets"]),
        gate=GateConfig(**values["gate"]),
        encoder_digest=str(values["encoder_digest"]),
        role_model=str(values["role_model"]),
        rounding=values.get("rounding", "none"),
    )


def _to_row(candidate: Candidate) -> dict[str, Any]:
    use = {**asdict(candidate.use), "neighbours": candidate.use.neighbours.tolist()}
    return {**asdict(candidate), "use": use}


def _from_row(row: Mapping[str, Any]) -> Candidate:
    use = dict(row["use"])
    use |= {"forms": tuple(use["forms"]), "neighbours": np.asarray(use["neighbours"], np.float32)}
    return Candidate(**{**row, "reasons": tuple(row["reasons"]), "use": WordUse(**use)})
