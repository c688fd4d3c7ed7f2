"""The second half of every flow that changes words: encode, train, assemble, publish, promote."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flows.gated_promotion import settle_release
from flows.parameters import WordsParameters
from flows.proving_release import prove_release
from flows.sharding import encode_in_shards, train_in_shards
from flows.steps import (
    Clock,
    assemble_step,
    base_step,
    encode_step,
    finish_step,
    joined_step,
    open_encoders_step,
    open_parent_step,
    prior_step,
    publish_step,
    read_step,
    recall_step,
    sample_step,
    train_step,
)
from flows.turns import take_turn
from minicoil.config import GateConfig, SamplingConfig, TrainingConfig, TripletConfig
from minicoil.mining import Candidate
from minicoil.prior import Prior
from minicoil.tokens import WordTokenizer
from tasks.assembly import Assembled
from tasks.bundles import Parent, remove_published_work, remove_work
from tasks.devices import choose_device
from tasks.encoder_check import check_encoder
from tasks.extension import probe_texts, role_width, source_names
from tasks.gating import parity_fact
from tasks.judging import Judge
from tasks.place import Place
from tasks.points import PointStore
from tasks.priors import find_prior, prior_origin
from tasks.promotion import select_collections
from tasks.proving import check_judged_sets
from tasks.reading import Reading
from tasks.registry import CollectionRecord, list_collections
from tasks.releases import Publication, claim_release
from tasks.sentence_encoder import Encoders
from tasks.sentence_store import SentenceStore
from tasks.shard_files import ShardModel
from tasks.training import TrainingPlan, plan_units, word_digests
from tasks.training_shards import TrainingWork
from tasks.word_memory import WordMemory, WordResult


@dataclass
class Job:
    """What a flow that changes words holds open while it runs."""

    parameters: WordsParameters
    place: Place
    points: PointStore
    parent: Parent
    tokenizer: WordTokenizer
    sentences: SentenceStore
    records: list[CollectionRecord]
    plan: TrainingPlan
    clock: Clock

    @cached_property
    def encoders(self) -> Encoders:
        """Loaded by the first step that encodes: a run that finds nothing to do never pays for them."""
        parameters = self.parameters
        cache = self.place.cache / "sentences"
        encoders: Encoders = open_encoders_step(self.parent, parameters.encoder, parameters.role_model, cache)
        return encoders

    @property
    def shard_model(self) -> ShardModel:
        """What shards are encoded with, elsewhere."""
        asked = self.parameters
        return ShardModel(asked.channel, self.parent.release, asked.encoder, asked.role_model, asked.dims)

    def read(self) -> Reading:
        """The corpus, in the sentence store and counted."""
        with self.clock.timing("read"):
            reading: Reading = read_step(
                self.points, self.sentences, self.tokenizer, self.parameters.corpus, self.parameters.sample
            )
            return reading


def open_job(parameters: WordsParameters, command: str, stack: ExitStack) -> Job:
    """Lock the home, finish what was interrupted, and open everything a change of words needs."""
    check_judged_sets(parameters.judged_sets)
    place = parameters.place()
    stack.enter_context(take_turn(place, parameters.channel, command))
    points = stack.enter_context(place.points())
    finish_step(place, parameters.channel)
    remove_published_work(place)
    if parameters.base is not None and not getattr(parameters, "dry_run", False):
        base_step(place, parameters.channel, parameters.base)
    parent = open_parent_step(place, parameters.channel, parameters.encoder, parameters.dims, parameters.base)
    check_encoder(parent, parameters.encoder)
    channel, names = parameters.channel, parameters.collections
    records = select_collections(list_collections(place.objects(), channel), names, channel)
    tokenizer = WordTokenizer.from_folder(parent.folder)
    sentences = SentenceStore(points, role_width(parent, parameters.role_model), parameters.role_model)
    plan = TrainingPlan(
        training=TrainingConfig.for_target(parameters.target, parent.vocabulary.dims),
        sampling=SamplingConfig(max_sentences=parameters.max_sentences, min_sentences=parameters.min_sentences),
        triplets=TripletConfig(),
        gate=GateConfig(),
        encoder_digest=parent.facts.encoder_digest,
        role_model=parameters.role_model,
    )
    return Job(parameters, place, points, parent, tokenizer, sentences, records, plan, Clock())


def train(
    job: Job, chosen: Sequence[Candidate], reading: Reading, request: str
) -> tuple[list[WordResult], Prior | None]:
    """Results of all candidates; those with the same sentences and settings as before are recalled, not trained.

    Sentences come from everything ever read, this corpus and those before it. Each unit is a task of its own.
    """
    forms = {candidate.word: candidate.use.forms for candidate in chosen}
    memory, plan = WordMemory(job.place.objects()), job.plan
    device = choose_device()
    with job.clock.timing("encode"):
        keys = sample_step(job.sentences, forms, plan.sampling, reading.keys)
        origin = prior_origin(job.parent, keys, plan.digest)
        digests = word_digests(keys, job.parent, plan, origin, reading.keys)
        results: list[WordResult] = recall_step(chosen, digests, job.parent, memory)
        known = {result.record.word for result in results}
        rest = {candidate.word: candidate for candidate in chosen if candidate.word not in known}
        if not rest:
            return sorted(results, key=_word), find_prior(job.parent, origin, memory)
        needed = {word: candidate.use.forms for word, candidate in rest.items()}
        sampled = {word: keys[word] for word in needed}
        folder = job.place.work / request[:16] / "features"
        encode_in_shards(job.place, job.sentences, needed, sampled, plan.sampling, job.shard_model, folder)
        features = encode_step(job.sentences, job.encoders, needed, sampled, plan.sampling, folder)
    with job.clock.timing("train"):
        prior = prior_step(job.parent, features, plan.training.seed, origin, memory)
        judge = Judge(job.parent, prior, plan.gate, plan.triplets, plan.training.seed, reading.keys)
        work = TrainingWork(list(rest.values()), digests, reading.keys, origin, plan, job.shard_model)
        if train_in_shards(job.place, work, features, folder.with_name("training")):
            results += recall_step(list(rest.values()), digests, job.parent, memory)
            rest = {word: rest[word] for word in rest.keys() - {result.record.word for result in results}}
        for unit in plan_units(sorted(rest), features):
            candidates = [rest[word] for word in unit.words]
            results += train_step(candidates, digests, features, judge, plan, memory, device)
    # ids are given out in the order of results: the same ones whether a run was interrupted or not
    return sorted(results, key=_word), prior


def _word(result: WordResult) -> str:
    return result.record.word


def release(
    job: Job,
    results: Sequence[WordResult],
    remove: Sequence[str],
    prior: Prior | None,
    request: str,
    chosen: Sequence[Candidate],
) -> tuple[Publication, dict[str, Any]]:
    """Publish a release with the results' layers, and promote it if that was asked for and its gates pass."""
    objects, work = job.place.objects(), job.place.work / request[:16]
    with job.clock.timing("assemble"):
        number = claim_release(objects)
        forms = {result.record.word: result.record.forms for result in results if result.weights is not None}
        joined = joined_step(job.points, job.records, forms)
        probes = probe_texts(job.sentences, chosen)
        folder = work / f"release-{number}"
        sources = source_names(job.parameters.corpus)

        def assemble(kept: Sequence[WordResult]) -> Assembled:
            built: Assembled = assemble_step(
                job.parent, kept, remove, joined, prior, request, number, folder, probes, sources
            )
            return built

        built = assemble(results)
    proven = prove_release(job, built, results, assemble)
    with job.clock.timing("publish"):
        facts = {**proven.built.facts, **job.plan.facts, **parity_fact(proven.built.parity), **proven.facts}
        published = publish_step(objects, proven.built.folder, job.parent.release, facts, number)
    asked = job.parameters
    promoted = settle_release(
        job.place, asked.channel, published.manifest, asked.promote, job.clock, asked.collections, asked.approval_days
    )
    promoted = {**promoted, "returned": proven.returned}
    remove_work(work)
    return published, promoted
